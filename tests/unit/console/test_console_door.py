"""Who gets into the console, and from where: passwords, sessions, forms, hosts, origins."""

from __future__ import annotations

import sqlite3
from datetime import date, timedelta

import pytest
import requests

from churn_assets.console.accounts import (
    AccountError,
    accounts,
    add_account,
    change_password,
    disable_account,
    verified,
)
from churn_assets.console.audit import newest
from churn_assets.console.gate import Gate
from churn_assets.report.check_pages import write_check_index
from churn_assets.workplace import Workplace
from tests.unit.console.conftest import NOW, PASSWORD, Served

PAGES = (
    "/", "/plan", "/person", "/acts", "/effects", "/settings", "/calls", "/calls/x", "/health", "/lists/plan.csv",
         "/report/2026-11-16",
    "/report/checks_2026-11-16/index.html",
)  # fmt: skip


@pytest.mark.parametrize("path", PAGES)
def test_nothing_is_shown_to_who_is_not_logged_in(console: Served, path: str) -> None:
    answer = console.browser().get(path)
    assert (answer.status_code, answer.headers["location"].split("?")[0]) == (303, "/login")


@pytest.mark.parametrize(("name", "password"), [
    ("vera", "wrong password"), ("vera", ""), ("nobody", PASSWORD), ("", PASSWORD), ("vera", PASSWORD + " "),
    ("vera' or '1'='1", PASSWORD),
])  # fmt: skip
def test_a_wrong_password_lets_nobody_in(console: Served, name: str, password: str) -> None:
    browser = console.browser()
    assert browser.log_in(name, password).status_code == 403
    assert browser.get("/").status_code == 303
    assert newest(console.workplace.record, 1)[0][1:3] == ("-", "login refused")


def test_after_five_wrong_passwords_a_name_is_closed_for_a_while_and_others_are_not(console: Served) -> None:
    browser = console.browser()
    assert [browser.log_in("vera", "wrong password").status_code for _ in range(6)] == [403] * 5 + [429]
    assert browser.log_in("vera").status_code == 429
    assert browser.log_in("anton").status_code == 303
    console.clock.now += timedelta(minutes=16)
    assert browser.log_in("vera").status_code == 303


def test_a_session_ends_by_time_by_logout_and_with_its_account(console: Served) -> None:
    browser = console.browser("vera")
    assert browser.get("/").status_code == 200
    console.clock.now += timedelta(hours=13)
    assert browser.get("/").status_code == 303
    again = console.browser("vera")
    cookie = again.session.cookies["churn_session"]
    assert again.post("/logout", {"csrf": again.csrf()}).status_code == 303
    assert console.browser().get("/", Cookie=f"churn_session={cookie}").status_code == 303, "its token is worth nothing"
    third = console.browser("vera")
    disable_account(console.workplace.record, "vera")
    assert third.get("/").status_code == 303
    assert console.browser().log_in("vera").status_code == 403


def test_the_cookie_is_for_this_server_and_no_script(console: Served) -> None:
    set_cookie = console.browser().log_in("vera").headers["set-cookie"].lower()
    assert "httponly" in set_cookie
    assert "samesite=strict" in set_cookie
    stored = console.workplace.record.file.read_bytes()
    token = set_cookie.split("churn_session=")[1].split(";")[0]
    assert token.encode() not in stored, "what is stored lets nobody in"
    assert PASSWORD.encode() not in stored


@pytest.mark.parametrize(("path", "name", "status"), [
    ("/", "vera", 200), ("/person", "vera", 403), ("/acts", "vera", 403), ("/person", "anton", 200),
    ("/acts", "anton", 403), ("/acts", "ada", 200), ("/effects", "vera", 200), ("/settings", "vera", 403),
    ("/settings", "anton", 200), ("/calls", "vera", 403), ("/calls", "anton", 404), ("/health", "anton", 403),
    ("/health", "ada", 200), ("/lists/plan.csv", "vera", 403), ("/lists/plan.csv", "anton", 404),
    ("/lists/passwords.csv", "anton", 404), ("/lists/plan.exe", "anton", 404), ("/person", "ada", 200),
])  # fmt: skip
def test_a_role_sees_what_it_is_for(console: Served, path: str, name: str, status: int) -> None:
    assert console.browser(name).get(path).status_code == status


@pytest.mark.parametrize("headers", [
    {"Host": "evil.example"}, {"Host": "localhost"}, {"Host": "127.0.0.1:1"}, {"Origin": "http://evil.example"},
    {"Origin": "null"},
])  # fmt: skip
def test_a_foreign_name_or_page_gets_nothing(console: Served, headers: dict[str, str]) -> None:
    assert console.browser("vera").get("/", **headers).status_code == 403


@pytest.mark.parametrize("headers", [
    {"Origin": "http://evil.example"}, {"Origin": ""}, {"Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Site": "same-site"},
])  # fmt: skip
def test_a_form_of_another_page_is_refused(console: Served, headers: dict[str, str]) -> None:
    browser = console.browser("vera")
    answer = browser.post("/logout", {"csrf": browser.csrf()}, **headers)
    assert answer.status_code == 403
    assert browser.get("/").status_code == 200, "still logged in"


def test_a_form_is_taken_once_and_only_from_its_own_session(console: Served) -> None:
    browser, other = console.browser("anton"), console.browser("anton")
    csrf = browser.csrf()
    assert browser.post("/plan/approve", {"csrf": other.csrf(), "snapshot": "x", "sha256": "y"}).status_code == 403
    assert browser.post("/plan/approve", {"csrf": "", "snapshot": "x", "sha256": "y"}).status_code == 403
    first = browser.post("/plan/approve", {"csrf": csrf, "snapshot": "x", "sha256": "y"})
    assert first.status_code == 404, "taken: there is no plan yet"
    assert "Nothing has been decided yet" in first.text
    assert browser.post("/plan/approve", {"csrf": csrf, "snapshot": "x", "sha256": "y"}).status_code == 403


@pytest.mark.parametrize("act", ["approve", "decline"])
def test_a_viewer_decides_nothing_and_the_try_is_noted(console: Served, act: str) -> None:
    browser = console.browser("vera")
    answer = browser.post(f"/plan/{act}", {"csrf": browser.csrf(), "snapshot": "2026-11-16", "sha256": "x"})
    assert answer.status_code == 403
    assert newest(console.workplace.record, 1)[0][1:4] == ("vera", "refused", f"/plan/{act}")


@pytest.mark.parametrize("path", ["/plan/approve", "/plan/decline", "/logout"])
def test_a_link_changes_nothing(console: Served, path: str) -> None:
    browser = console.browser("ada")
    assert browser.get(path).status_code == 405
    assert browser.get("/").status_code == 200


@pytest.mark.parametrize("after", ["//evil.example", "https://evil.example", "/\\evil.example", ""])
def test_after_the_login_one_stays_here(console: Served, after: str) -> None:
    answer = console.browser().post("/login", {"name": "vera", "password": PASSWORD, "next": after})
    assert (answer.status_code, answer.headers["location"]) == (303, "/")


def test_every_answer_forbids_scripts_frames_and_keeping(console: Served) -> None:
    for path in ("/login", "/", "/unsubscribe?key=x", "/nothing"):
        headers = console.browser().get(path).headers
        assert "default-src 'none'" in headers["content-security-policy"]
        assert "frame-ancestors 'none'" in headers["content-security-policy"]
        assert headers["cache-control"] == "no-store"
        assert headers["x-content-type-options"] == "nosniff"


def test_a_body_without_end_is_refused(console: Served) -> None:
    browser = console.browser()
    assert browser.post("/login", {"name": "x" * 70_000}).status_code == 413
    chunks = browser.session.post(
        f"{console.address}/login", data=iter([b"name=x"]), headers={"Origin": console.address}, timeout=30
    )
    assert chunks.status_code == 413


@pytest.mark.parametrize("path", ["/login", "/unsubscribe"])
@pytest.mark.parametrize(("body", "answer"), [
    ("&".join(f"f{number}=1" for number in range(40)), "at most 20 fields"),
    ("name=vera&name=anton", "is there twice"),
])  # fmt: skip
def test_a_form_that_no_page_sends_is_refused(
    console: Served, capfd: pytest.CaptureFixture[str], path: str, body: str, answer: str
) -> None:
    headers = {"Origin": console.address, "Content-Type": "application/x-www-form-urlencoded"}
    response = requests.post(console.address + path, data=body, headers=headers, timeout=30)
    assert (response.status_code, answer in response.text) == (400, True)
    assert "Traceback" not in capfd.readouterr().err


@pytest.mark.parametrize("error", [sqlite3.OperationalError("database or disk is full"), OSError(28, "No space left")])
def test_a_full_disk_is_a_page_and_one_line_of_the_log(
    console: Served, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str], error: Exception,
) -> None:  # fmt: skip
    browser = console.browser("anton")

    def full(*_arguments: object, **_named: object) -> None:
        raise error

    monkeypatch.setattr(Gate, "note", full)
    page = browser.get("/person?user=1")
    assert (page.status_code, "may not have been done" in page.text) == (503, True)
    assert [record.getMessage() for record in caplog.records] == [f"GET /person: {type(error).__name__}: {error}"]
    assert "Traceback" not in capfd.readouterr().err


def test_what_a_request_brings_is_text(console: Served) -> None:
    page = console.browser("anton").get("/person?user=<script>alert(1)</script>").text
    assert "<script>" not in page
    assert "&lt;script&gt;" in page


def test_an_unknown_key_and_a_followed_link_unsubscribe_nobody(console: Served) -> None:
    browser = console.browser()
    assert browser.get("/unsubscribe?key=0123").status_code == 200
    answer = browser.post("/unsubscribe?key=0123", {"List-Unsubscribe": "One-Click"}, Origin="https://mail.example")
    assert answer.status_code == 200
    assert console.workplace.record.file.exists()
    with console.workplace.record.reading() as connection:
        assert connection.execute("select count(*) from consent_words").fetchone() == (0,)


@pytest.mark.parametrize(("name", "role", "password", "why"), [
    ("Vera", "viewer", PASSWORD, "no name of an account"), ("", "viewer", PASSWORD, "no name of an account"),
    ("a b", "viewer", PASSWORD, "no name of an account"), ("eva", "boss", PASSWORD, "There is no role"),
    ("eva", "viewer", "short", "12 letters or more"), ("vera", "viewer", PASSWORD, "an account vera already"),
])  # fmt: skip
def test_an_account_that_cannot_be_made_says_why(
    workplace: Workplace, name: str, role: str, password: str, why: str
) -> None:
    add_account(workplace.record, "vera", "viewer", PASSWORD, "root", NOW)
    with pytest.raises(AccountError, match=why):
        add_account(workplace.record, name, role, password, "root", NOW)
    assert [each[0] for each in accounts(workplace.record)] == ["vera"]


def test_a_new_password_ends_the_old_one_and_its_sessions(console: Served) -> None:
    browser = console.browser("vera")
    change_password(console.workplace.record, "vera", "another one entirely")
    assert browser.get("/").status_code == 303
    assert verified(console.workplace.record, "vera", PASSWORD) is None
    assert verified(console.workplace.record, "vera", "another one entirely") is not None
    with pytest.raises(AccountError, match="no account eva"):
        change_password(console.workplace.record, "eva", "another one entirely")


@pytest.mark.parametrize("path", [
    "/report/checks_2026-11-16/../snapshot_2026-11-16.html", "/report/checks_2026-11-16/..%2F..%2Frecord.html",
    "/report/checks_2026-11-16/%2e%2e/index.html", "/report/checks_..%2F/index.html",
    "/report/checks_2026-11-16/none.html",
    "/report/checks_2026-11-16/index.html.html", "/report/checks_20261109/secret.html",
])  # fmt: skip
def test_of_pages_of_checks_only_those_that_were_written_are_served(console: Served, path: str) -> None:
    home = console.workplace.home
    write_check_index(home, date(2026, 11, 16))
    for secret in (home.root / "record.html", home.reports / "snapshot_2026-11-16.html", home.reports / "index.html"):
        secret.write_text("secret")
    vera = console.browser("vera")
    assert "Great Expectations" in vera.get("/report/checks_2026-11-16/index.html").text
    request = vera.session.prepare_request(requests.Request("GET", console.address + "/"))
    request.url = console.address + path  # as it stands: the client would tidy it
    answer = vera.session.send(request, allow_redirects=False)
    assert (answer.status_code, "secret" in answer.text) == (404, False)
