"""Commands of the scientist: definitions, models, parameters and features compared. They decide nothing."""

from __future__ import annotations

from typing import Annotated

import typer

from churn_assets.command.cli_class import Commands
from churn_assets.command.cli_options import HomeOption, OptionalDay, existing_home

app = Commands()


@app.command()
def definitions(home: HomeOption = None) -> None:
    """Compare the churn definitions on what has matured here, and write a page about it."""
    root = existing_home(home)
    from churn_assets.command.lab.definitions import show_definitions

    show_definitions(root)


@app.command()
def bakeoff(snapshot: OptionalDay = None, home: HomeOption = None) -> None:
    """Compare models, simple and not, on later users than they learned from; write a table and a page about it."""
    root = existing_home(home)
    from churn_assets.command.lab.bakeoff import show_bakeoff

    show_bakeoff(root, snapshot.date() if snapshot else None)


@app.command()
def tune(
    snapshot: OptionalDay = None,
    trials: Annotated[int, typer.Option(min=1, help="Trials to add in this run.")] = 30,
    minutes: Annotated[float, typer.Option(min=0.01, help="No trial begins after so many minutes.")] = 30,
    home: HomeOption = None,
) -> None:
    """Search for better parameters of the trees, on later users than they learned from; run again to go on."""
    root = existing_home(home)
    from churn_assets.command.lab.tuning import show_tuning

    show_tuning(root, snapshot.date() if snapshot else None, trials, minutes)


@app.command()
def select_features(snapshot: OptionalDay = None, home: HomeOption = None) -> None:
    """Say which features earn their place in every slice, and what a model loses without the others."""
    root = existing_home(home)
    from churn_assets.command.lab.selection import show_selection

    show_selection(root, snapshot.date() if snapshot else None)
