"""`churn console`, `churn account` and `churn token`: serving console and API, and who may use them."""

from __future__ import annotations

import getpass
import json
import socket
import sys
from collections.abc import Sequence
from pathlib import Path

import uvicorn
from rich.table import Table
from starlette.types import ASGIApp, Receive, Scope, Send

from churn_assets.api.app import Api, is_ours
from churn_assets.api.tokens import add_token, revoke_token, tokens
from churn_assets.command.person import with_considered
from churn_assets.console.accounts import accounts, add_account, change_password, disable_account
from churn_assets.console.app import Console
from churn_assets.delivery.dispatch import utc_now
from churn_assets.instance.terminal import wide_console
from churn_assets.instance.twice import keep_twice, kept_twice
from churn_assets.ui.hosts import allowed_hosts
from churn_assets.ui.listener import ADDRESS
from churn_assets.workplace import Workplace


def serve(root: Path, listener: socket.socket) -> None:
    """Serve on `listener` until interrupted."""
    workplace = Workplace(home_path=str(root))
    port = int(listener.getsockname()[1])
    hosts = allowed_hosts(port, workplace.settings.console.allowed_hosts)
    api = Api(workplace)
    app = side_by_side(Console(workplace, with_considered).application(hosts), api.application(hosts))
    console = wide_console()
    if not accounts(workplace.record):
        console.print("There is no account yet: churn account add NAME --role approver makes one.")
    console.print(f"Serving {root} on http://{ADDRESS}:{port} (Ctrl-C ends it)", markup=False, soft_wrap=True)
    server = uvicorn.Server(uvicorn.Config(app, log_level="warning", server_header=False, access_log=False))
    with api.kept_fresh(), kept_twice(workplace.home):
        server.run(sockets=[listener])


def side_by_side(console: ASGIApp, api: ASGIApp) -> ASGIApp:
    """One server for pages and for programs."""

    async def served(scope: Scope, receive: Receive, send: Send) -> None:
        await (api if is_ours(scope.get("path", "")) else console)(scope, receive, send)

    return served


def add(root: Path, name: str, role: str, password: str | None) -> None:
    workplace = Workplace(home_path=str(root))
    add_account(workplace.record, name, role, password, getpass.getuser(), utc_now())
    keep_twice(workplace.home)
    wide_console().print(f"{name} may use the console as {role}.", markup=False)


def password_of(root: Path, name: str, password: str) -> None:
    workplace = Workplace(home_path=str(root))
    change_password(workplace.record, name, password)
    keep_twice(workplace.home)
    wide_console().print(
        f"The password of {name} is changed; who was logged in by it has to log in again.", markup=False
    )


def disable(root: Path, name: str) -> None:
    workplace = Workplace(home_path=str(root))
    disable_account(workplace.record, name)
    keep_twice(workplace.home)
    wide_console().print(f"{name} may not use the console any more.", markup=False)


def show(root: Path, *, as_json: bool = False) -> None:
    rows = accounts(Workplace(home_path=str(root)).record)
    if as_json:
        print(json.dumps([dict(zip(("name", "role", "made_at", "is_disabled"), row, strict=True)) for row in rows]))
        return
    table = Table(title="Accounts", title_justify="left", box=None)
    for heading in ("name", "role", "since", ""):
        table.add_column(heading)
    for name, role, made_at, is_disabled in rows:
        table.add_row(name, role, made_at[:10], "disabled" if is_disabled else "")
    wide_console().print(table)


def add_program(root: Path, name: str, scopes: Sequence[str], days: int) -> None:
    """Make a token and print it: alone on the output, so that it can be piped, and never again."""
    workplace = Workplace(home_path=str(root))
    token = add_token(workplace.record, name, scopes, days, getpass.getuser(), utc_now())
    keep_twice(workplace.home)
    sys.stderr.write(f"{name} may use the API for {days} days. The token is shown this once:\n")
    sys.stdout.write(f"{token}\n")


def revoke(root: Path, name: str) -> None:
    workplace = Workplace(home_path=str(root))
    revoke_token(workplace.record, name, utc_now())
    keep_twice(workplace.home)
    wide_console().print(f"{name} may not use the API any more.", markup=False)


def show_tokens(root: Path, *, as_json: bool = False) -> None:
    rows = tokens(Workplace(home_path=str(root)).record)
    if as_json:
        names = ("name", "scopes", "made_at", "expires_at", "revoked_at")
        print(json.dumps([dict(zip(names, row, strict=True)) for row in rows]))
        return
    table = Table(title="Tokens", title_justify="left", box=None)
    for heading in ("name", "scopes", "since", "until", ""):
        table.add_column(heading)
    now = utc_now().isoformat()
    for name, scopes, made_at, expires_at, revoked_at in rows:
        state = "revoked" if revoked_at else "expired" if expires_at <= now else ""
        table.add_row(name, scopes.replace(",", " "), made_at[:10], expires_at[:10], state)
    wide_console().print(table)
