"""Single sign-on: a proxy that knows the secret names the account; nobody else does."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest
from pydantic import SecretStr

from churn_assets.console.accounts import add_account, disable_account
from churn_assets.console.audit import newest
from churn_assets.settings.sections import Console as ConsoleSettings
from churn_assets.workplace import Workplace
from tests.unit.console.conftest import NOW, PASSWORD, Served, served

if TYPE_CHECKING:
    from pathlib import Path

SECRET = "s" * 40
NAMED = {"X-Churn-Proxy-Secret": SECRET, "X-Forwarded-User": "Vera"}


@pytest.fixture
def behind(tmp_path: Path) -> Iterator[Served]:
    home = tmp_path / "home"
    home.mkdir()
    (home / "churn.yaml").write_text(f"console: {{user_header: X-Forwarded-User, proxy_secret: {SECRET}}}\n")
    workplace = Workplace(home_path=str(home))
    add_account(workplace.record, "vera", "viewer", None, "root", NOW)
    add_account(workplace.record, "ada", "admin", PASSWORD, "root", NOW)
    with served(workplace, lambda _, person: person) as made:
        yield made


def test_whom_the_proxy_names_is_in_with_the_own_role(behind: Served) -> None:
    vera = behind.browser()
    answer = vera.get("/", **NAMED)
    assert (answer.status_code, "vera (viewer)" in answer.text) == (200, True)
    assert "churn_session" in answer.headers["set-cookie"]
    assert vera.get("/acts", **NAMED).status_code == 403, "the role is the account's, not the proxy's"
    assert "set-cookie" not in vera.get("/", **NAMED).headers, "one session for all of it"
    assert newest(behind.workplace.record, 1)[0][1:5] == ("vera", "login", "", "named by the proxy")


@pytest.mark.parametrize("headers", [
    {}, {"X-Forwarded-User": "vera"}, NAMED | {"X-Churn-Proxy-Secret": "s" * 39}, NAMED | {"X-Forwarded-User": ""},
    NAMED | {"X-Forwarded-User": "nobody"}, {"X-Churn-Proxy-Secret": SECRET},
])  # fmt: skip
def test_nobody_is_in_whom_no_proxy_names(behind: Served, headers: dict[str, str]) -> None:
    answer = behind.browser().get("/", **headers)
    assert (answer.status_code, "set-cookie" in answer.headers) == (403, False)
    assert newest(behind.workplace.record, 1)[0][1:3] == ("-", "login refused")


def test_a_session_is_of_whom_the_proxy_names_now(behind: Served) -> None:
    browser = behind.browser()
    assert "vera (viewer)" in browser.get("/", **NAMED).text
    token = browser.csrf_of(browser.get("/", **NAMED))
    as_ada = NAMED | {"X-Forwarded-User": "ada"}
    assert browser.post("/logout", {"csrf": token}, **as_ada).headers["location"] == "/login", "no form of vera's"
    assert "ada (admin)" in browser.get("/", **as_ada).text
    assert browser.get("/").status_code == 403, "a cookie alone lets nobody in"


def test_a_disabled_account_is_not_let_in_by_the_proxy(behind: Served) -> None:
    disable_account(behind.workplace.record, "vera")
    assert behind.browser().get("/", **NAMED).status_code == 403


def test_passwords_let_nobody_in_then(behind: Served) -> None:
    answer = behind.browser().log_in("ada")
    assert (answer.status_code, answer.headers["location"], "set-cookie" in answer.headers) == (303, "/", False)
    assert behind.browser().get("/login").headers["location"] == "/"


def test_a_name_without_a_secret_is_refused_when_settings_are_read() -> None:
    for secret in (None, SecretStr("short"), SecretStr("ü" * 40)):
        with pytest.raises(ValueError, match="user_header needs proxy_secret"):
            ConsoleSettings(user_header="X-Forwarded-User", proxy_secret=secret)
    with pytest.raises(ValueError, match="is no name of a header"):
        ConsoleSettings(user_header="X Forwarded:", proxy_secret=SecretStr(SECRET))


def test_an_account_without_a_password_has_none(console: Served) -> None:
    add_account(console.workplace.record, "paul", "viewer", None, "root", NOW)
    for password in ("", " ", "None"):
        assert console.browser().log_in("paul", password).status_code == 403
