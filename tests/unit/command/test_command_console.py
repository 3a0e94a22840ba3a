"""`churn account`: a password is typed or piped in, and stands on no command line."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from churn_assets.command.cli import app
from churn_assets.console.accounts import verified
from churn_assets.instance.home import Home
from churn_assets.workplace import Workplace


@pytest.fixture
def root(tmp_path: Path) -> Path:
    Home(tmp_path / "home").prepare()
    (tmp_path / "home" / "churn.yaml").write_text("")
    return tmp_path / "home"


def test_an_account_is_made_by_a_password_that_is_piped_in(root: Path) -> None:
    command = ["account", "add", "vera", "--role", "viewer", "--home", str(root)]
    done = CliRunner().invoke(app, command, input="correct horse battery\n")
    assert done.exit_code == 0, done.output
    assert "horse" not in done.output
    account = verified(Workplace(home_path=str(root)).record, "vera", "correct horse battery")
    assert account is not None
    assert account.role == "viewer"


def test_no_command_takes_a_password_as_an_argument(root: Path) -> None:
    done = CliRunner().invoke(
        app, ["account", "add", "vera", "--role", "viewer", "--password", "x", "--home", str(root)]
    )
    assert done.exit_code == 2
    assert "--password" in done.output
