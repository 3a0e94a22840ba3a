"""Commands of the console: serving it, the accounts of those who use it, and the tokens of programs."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from churn_assets.command.cli_class import Commands
from churn_assets.command.cli_options import HomeOption, Json, existing_home

app = Commands()
account = Commands(no_args_is_help=True, help="Who may use the console.")
app.add_typer(account, name="account")
token = Commands(no_args_is_help=True, help="Which programs may use the API.")
app.add_typer(token, name="token")
Name = Annotated[str, typer.Argument(help="Name of the account, in lower case.")]
TokenName = Annotated[str, typer.Argument(help="Name of the token, in lower case: of the program that has it.")]


@app.command()
def console(
    home: HomeOption = None,
    port: Annotated[int, typer.Option(min=0, max=65_535, help="0: any that is free.")] = 3100,
) -> None:
    """Serve console and API on this machine: reports, plans to approve, persons, unsubscribing; /v1 and /receipts."""
    from churn_assets.ui.listener import listen

    root = existing_home(home)
    listener = listen(port)
    from churn_assets.command.console import serve

    serve(root, listener)


@account.command()
def add(
    name: Name, role: Annotated[str, typer.Option(help="viewer, approver or admin.")],
    without_password: Annotated[
        bool, typer.Option("--without-password", help="Only a proxy lets it in (console.user_header).")
    ] = False,
    home: HomeOption = None,
) -> None:  # fmt: skip
    """Make an account: viewers read reports, approvers approve plans and read persons, admins see who did what."""
    root = existing_home(home)
    from churn_assets.command.console import add as add_account

    add_account(root, name, role, None if without_password else asked_password())


@account.command()
def password(name: Name, home: HomeOption = None) -> None:
    """Change the password of an account."""
    root = existing_home(home)
    from churn_assets.command.console import password_of

    password_of(root, name, asked_password())


@account.command()
def disable(name: Name, home: HomeOption = None) -> None:
    """Let nobody in by an account any more."""
    root = existing_home(home)
    from churn_assets.command.console import disable as disable_account

    disable_account(root, name)


@account.command(name="list")
def list_(home: HomeOption = None, as_json: Json = False) -> None:
    """Name the accounts."""
    root = existing_home(home)
    from churn_assets.command.console import show

    show(root, as_json=as_json)


@token.command(name="add")
def add_token(
    name: TokenName,
    scope: Annotated[
        str,
        typer.Option(help="Some of users:read, snapshots:read, plan:read, effects:read and receipts:write, by commas."),
    ],
    days: Annotated[int, typer.Option(help="Days until it ends.")] = 90,
    home: HomeOption = None,
) -> None:
    """Make a token for a program and print it, this once."""
    root = existing_home(home)
    from churn_assets.command.console import add_program

    add_program(root, name, [each.strip() for each in scope.split(",") if each.strip()], days)


@token.command(name="revoke")
def revoke_token(name: TokenName, home: HomeOption = None) -> None:
    """Let nobody in by a token any more, at once."""
    root = existing_home(home)
    from churn_assets.command.console import revoke

    revoke(root, name)


@token.command(name="list")
def list_tokens(home: HomeOption = None, as_json: Json = False) -> None:
    """Name the tokens, with their scopes and until when they are valid."""
    root = existing_home(home)
    from churn_assets.command.console import show_tokens

    show_tokens(root, as_json=as_json)


def asked_password() -> str:
    """Typed twice in a terminal, or the first line of what is piped in: on a command line everybody would see it."""
    if sys.stdin.isatty():
        return str(typer.prompt("Password", hide_input=True, confirmation_prompt=True))
    return sys.stdin.readline().rstrip("\r\n")
