"""Commands that look after a home: what is wrong, what is due, bringing back what was damaged."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from churn_assets.command.cli_class import Commands
from churn_assets.command.cli_options import HomeOption, Json, finish, new_home, untouched_home

app = Commands()


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


@app.command()
def heal(
    from_: Annotated[Path | None, typer.Option("--from", help="A backup, for what both copies have lost.")] = None,
    accept: Annotated[str | None, typer.Option(help="Why rows of the record that were edited shall stand.")] = None,
    home: HomeOption = None,
) -> None:
    """Bring back what exists twice, the record and sealed ledgers, from the copy that is whole."""
    root = untouched_home(home)
    from churn_assets.command.heal import heal_home

    finish(heal_home(root, from_, accept))


@app.command()
def rebuild(
    all_: Annotated[bool, typer.Option("--all", help="Everything that was ever scored, the warehouse first.")] = False,
    home: HomeOption = None,
) -> None:
    """Rebuild what is damaged or missing and can be computed, by running its snapshots once more; to the same bytes."""
    root = untouched_home(home)
    from churn_assets.command.heal import rebuild as rebuild_home

    finish(rebuild_home(root, is_all=all_))


@app.command()
def backup(
    folder: Annotated[Path, typer.Argument(help="A new folder, best on another disk.")],
    without_landing: Annotated[
        bool, typer.Option("--without-landing", help="Leave out the raw tables that lie in the home.")
    ] = False,
    home: HomeOption = None,
) -> None:
    """Copy what cannot be computed once more into a folder, as of one moment, while runs and dispatches go on."""
    root = untouched_home(home)
    from churn_assets.command.backup import back_up_home

    back_up_home(root, folder, with_landing=not without_landing)


@app.command()
def restore(folder: Annotated[Path, typer.Argument(help="What churn backup wrote.")], home: HomeOption = None) -> None:
    """Make a home of a backup in a new folder, without whoever was erased since; all of it, or nothing."""
    root = new_home(home)
    from churn_assets.command.backup import restore_home

    restore_home(folder, root)
