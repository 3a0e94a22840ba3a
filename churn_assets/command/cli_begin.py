"""Commands that begin a home: its settings, and what fills its landing."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from churn_assets.command import completions
from churn_assets.command.cli_class import Commands, shared
from churn_assets.command.cli_options import HomeOption, IfMissing, existing_home, finish, settled_home

app = Commands()
shop = Commands(invoke_without_command=True)
app.add_typer(shop, name="simulate")


@shop.callback()
@shared
def simulate(
    context: typer.Context,
    end: Annotated[
        datetime | None,
        typer.Option(
            formats=["%Y-%m-%d"], metavar="DATE", help="Nothing happens from this day on; default: the newest Monday."
        ),
    ] = None,
    users: int = 20_000,
    weeks: int = 78,
    seed: int = 7,
    home: HomeOption = None,
    if_missing: IfMissing = False,
) -> None:
    """Write a simulated shop into the landing, and the truth about it beside the landing. `advance` lets it live on."""
    if context.invoked_subcommand:
        return
    root = settled_home(home)
    from churn_assets.command.fill import fill_from_shop, newest_monday
    from churn_assets.shop.settings import ShopSettings

    day = end.date() if end else newest_monday(datetime.now(UTC).date())
    fill_from_shop(root, ShopSettings(users=users, weeks=weeks, end=day, seed=seed), if_missing=if_missing)


@shop.command()
def advance(
    weeks: Annotated[int, typer.Option(min=1, help="How many weeks the shop lives on.")] = 1,
    home: HomeOption = None,
) -> None:
    """The next weeks of the simulated shop: its users answer the messages that were dispatched to them."""
    root = existing_home(home)
    from churn_assets.command.advance import advance as advance_shop

    advance_shop(root, weeks)


@app.command()
def load(
    source: Annotated[str, typer.Argument(help="complete-journey or cdnow.", autocompletion=completions.sources)],
    from_: Annotated[Path | None, typer.Option("--from", help="File or folder of the source's own data.")] = None,
    home: HomeOption = None,
    if_missing: IfMissing = False,
) -> None:
    """Fill the landing from a known public data set."""
    root = settled_home(home)
    from churn_assets.command.fill import fill_from_source

    fill_from_source(root, source, from_, if_missing=if_missing)


@app.command()
def init(
    yes: Annotated[bool, typer.Option("--yes", help="Ask nothing: the default of each question.")] = False,
    home: HomeOption = None,
) -> None:
    """Make a home with commented settings: six questions, each with a default.

    churn init && churn map exports/ && churn run
    """
    root = settled_home(home)
    from churn_assets.command.beginning import begin

    begin(root, is_agreed=yes)


@app.command("map")
def map_(
    places: Annotated[
        list[str], typer.Argument(help="Folders, files or patterns of exports; or the URL of a database, nobody's.")
    ],
    yes: Annotated[bool, typer.Option("--yes", help="Write it without asking.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show the mapping and write nothing.")] = False,
    home: HomeOption = None,
) -> None:
    """Propose how files of another system (Shopify, WooCommerce, GA4, a POS, Taobao ...) become raw tables; reads them
    where they lie.

        churn map exports/                 # shows ten rows per table, asks, writes mapping.yaml
    """
    root = settled_home(home)
    from churn_assets.command.mapping import map_files

    finish(map_files(root, places, is_agreed=yes, is_dry=dry_run))


@app.command()
def pull(
    sources: Annotated[list[str] | None, typer.Argument(help="Names of sources; default: all.")] = None,
    home: HomeOption = None,
) -> None:
    """Read what is new in the databases and at the addresses that mapping.yaml names; every run begins so. User and
    password: CHURN_SOURCE_<NAME>_USER and CHURN_SOURCE_<NAME>_PASSWORD.
    """
    root = settled_home(home)
    from churn_assets.command.pulling import pull_sources

    pull_sources(root, sources or [])
