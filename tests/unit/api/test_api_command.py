"""`churn token`, as a terminal shows it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from typer.testing import CliRunner

from churn_assets.api.tokens import TokenError, holder_of
from churn_assets.command.cli import app
from churn_assets.delivery.dispatch import utc_now

if TYPE_CHECKING:
    from click.testing import Result

    from churn_assets.workplace import Workplace


def run(workplace: Workplace, *words: str) -> Result:
    return CliRunner().invoke(app, ["token", *words, "--home", str(workplace.home.root)])


def test_a_token_is_printed_once_alone_and_ends_when_it_is_revoked(workplace: Workplace) -> None:
    (workplace.home.root / "churn.yaml").touch()
    made = run(workplace, "add", "crm", "--scope", "users:read, plan:read", "--days", "7")
    token = made.stdout.strip()
    assert made.exit_code == 0
    assert "shown this once" in made.stderr
    with workplace.record.reading() as connection:
        holder = holder_of(connection, token, utc_now())
    assert holder is not None
    assert (holder.name, sorted(holder.scopes)) == ("crm", ["plan:read", "users:read"])
    listed = run(workplace, "list").stdout
    assert "crm" in listed
    assert token not in listed
    assert run(workplace, "revoke", "crm").exit_code == 0
    with workplace.record.reading() as connection:
        assert holder_of(connection, token, utc_now()) is None
    assert "revoked" in run(workplace, "list").stdout


@pytest.mark.parametrize("scope", ["", ",", "users:read,users:write"])
def test_a_scope_that_is_none_makes_no_token(workplace: Workplace, scope: str) -> None:
    (workplace.home.root / "churn.yaml").touch()
    made = run(workplace, "add", "crm", "--scope", scope)
    assert isinstance(made.exception, TokenError)
    assert made.stdout == ""
