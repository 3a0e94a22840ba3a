"""What several commands share: their options, the choice of the instance, and the exit code."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from datetime import datetime
from itertools import pairwise
from pathlib import Path
from typing import Annotated

import typer

from churn_assets.failures import WrongArguments

HomeOption = Annotated[
    Path | None, typer.Option("--home", help="Folder of this instance; default CHURN_HOME or ./churn_home.")
]
Day = Annotated[datetime, typer.Option(formats=["%Y-%m-%d"], metavar="DATE")]
OptionalDay = Annotated[
    datetime | None,
    typer.Option(formats=["%Y-%m-%d"], metavar="DATE", help="Date of the snapshot, such as 2026-11-16."),
]
Reason = Annotated[str, typer.Option("--reason", help="Recorded with the decision.")]
ByName = Annotated[str | None, typer.Option("--by", help="Who decides; default: who is logged in.")]
FromDay = Annotated[
    datetime | None,
    typer.Option(
        "--from", formats=["%Y-%m-%d"], metavar="DATE", help="First snapshot it scores; default: the next one to come."
    ),
]
Json = Annotated[bool, typer.Option("--json", help="For programs.")]
IfMissing = Annotated[bool, typer.Option("--if-missing", help="Do nothing where the landing has files already.")]


def refuse_unreadable(arguments: Sequence[str]) -> None:
    """Raises WrongArguments on what no command can use: text that is not UTF-8, and an empty --home (an unset variable
    of a script, which would make a home of the current folder).
    """
    for number, argument in enumerate(arguments, start=1):
        try:
            argument.encode()
        except UnicodeEncodeError as error:
            raise WrongArguments(
                f"Argument {number} is not UTF-8: {argument!r}. Write it in the encoding UTF-8."
            ) from error
    if "--home=" in arguments or ("--home", "") in pairwise(arguments):
        raise WrongArguments("--home names no folder: give its path, or leave the option out.")


def settled_home(folder: Path | None) -> Path:
    """Choose the instance of this process, read its settings (before Dagster is imported, which takes seconds) and make
    sure that its views show its own files. Raises NoFolderForAHome, SettingsError.
    """
    from churn_assets.instance.home import Home

    if folder is not None:
        os.environ["CHURN_HOME"] = str(folder)
    home = Home.from_environment().opened()
    os.environ["CHURN_HOME"] = str(home.root)
    _ = home.settings
    if home.warehouse.exists():
        from churn_assets.warehouse.moved import settle_views

        settle_views(home.root)
    return home.root


def readable_home(folder: Path | None) -> Path:
    """`settled_home` for a command that reads the landing: how files of other systems are read is settled as soon."""
    from churn_assets.instance.home import Home

    root = settled_home(folder)
    _ = Home(root).mapping
    return root


def untouched_home(folder: Path | None) -> Path:
    """An existing instance, for a command that says what is wrong with it: not closed to others, no views rebuilt,
    settings not read. Raises NoFolderForAHome, NoSuchHome.
    """
    from churn_assets.instance.home import Home

    return Home(new_home(folder)).existing().root


def new_home(folder: Path | None) -> Path:
    """The path of an instance that may not be there yet. Raises NoFolderForAHome."""
    from churn_assets.instance.home import Home
    from churn_assets.instance.private import refuse_shared

    home = Home(folder.expanduser().absolute()) if folder is not None else Home.from_environment()
    refuse_shared(home.root)
    os.environ["CHURN_HOME"] = str(home.root)
    return home.root


def existing_home(folder: Path | None) -> Path:
    """`settled_home` for a command that needs an existing instance. Raises NoSuchHome."""
    from churn_assets.instance.home import Home

    return Home(settled_home(folder)).existing().root


def finish(is_done: bool) -> None:
    if not is_done:
        sys.exit(1)
