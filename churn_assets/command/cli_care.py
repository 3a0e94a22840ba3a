"""Commands that look after a home: what is wrong, what is due."""

from __future__ import annotations

from typing import Annotated

import typer

from churn_assets.command.cli_options import HomeOption, finish, untouched_home

app = typer.Typer()
Json = Annotated[bool, typer.Option("--json", help="For programs.")]


@app.command()
def doctor(
    home: HomeOption = None,
    as_json: Json = False,
    fix: Annotated[bool, typer.Option("--fix", help="Mend what can be mended without losing anything.")] = False,
) -> None:
    """Say what is wrong with this home and its machine, each with what to do; exit code 1 if something cannot work."""
    root = untouched_home(home)
    from churn_assets.command.doctor import doctor as examine_home

    finish(examine_home(root, as_json=as_json, is_fixed=fix))


@app.command()
def status(home: HomeOption = None, as_json: Json = False) -> None:
    """Say what this home holds, what is due, and what is at work in it."""
    root = untouched_home(home)
    from churn_assets.command.doctor import show_status

    show_status(root, as_json=as_json)
