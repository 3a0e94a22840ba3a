"""`churn console` and `churn account`: serving the console, and who may use it."""

from __future__ import annotations

import getpass
import socket
from pathlib import Path

import uvicorn
from rich.table import Table

from churn_assets.command.person import with_considered
from churn_assets.console.accounts import accounts, add_account, change_password, disable_account
from churn_assets.console.app import Console
from churn_assets.delivery.dispatch import utc_now
from churn_assets.instance.terminal import wide_console
from churn_assets.ui.hosts import allowed_hosts
from churn_assets.ui.listener import ADDRESS
from churn_assets.workplace import Workplace


def serve(root: Path, listener: socket.socket) -> None:
    """Serve on `listener` until interrupted."""
    workplace = Workplace(home_path=str(root))
    port = int(listener.getsockname()[1])
    app = Console(workplace, with_considered).application(allowed_hosts(port, workplace.settings.console.allowed_hosts))
    console = wide_console()
    if not accounts(workplace.record):
        console.print("There is no account yet: churn account add NAME --role approver makes one.")
    console.print(f"Serving {root} on http://{ADDRESS}:{port} (Ctrl-C ends it)", markup=False, soft_wrap=True)
    server = uvicorn.Server(uvicorn.Config(app, log_level="warning", server_header=False, access_log=False))
    server.run(sockets=[listener])


def add(root: Path, name: str, role: str, password: str | None) -> None:
    workplace = Workplace(home_path=str(root))
    add_account(workplace.record, name, role, password, getpass.getuser(), utc_now())
    wide_console().print(f"{name} may use the console as {role}.", markup=False)


def password_of(root: Path, name: str, password: str) -> None:
    change_password(Workplace(home_path=str(root)).record, name, password)
    wide_console().print(
        f"The password of {name} is changed; who was logged in by it has to log in again.", markup=False
    )


def disable(root: Path, name: str) -> None:
    disable_account(Workplace(home_path=str(root)).record, name)
    wide_console().print(f"{name} may not use the console any more.", markup=False)


def show(root: Path) -> None:
    table = Table(title="Accounts", title_justify="left", box=None)
    for heading in ("name", "role", "since", ""):
        table.add_column(heading)
    for name, role, made_at, is_disabled in accounts(Workplace(home_path=str(root)).record):
        table.add_row(name, role, made_at[:10], "disabled" if is_disabled else "")
    wide_console().print(table)
