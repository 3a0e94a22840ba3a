"""Commands that let a home run by itself."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from churn_assets.command.cli_class import Commands
from churn_assets.command.cli_options import HomeOption, existing_home

app = Commands()
service = Commands(no_args_is_help=True, help="Units of systemd, so that a home runs by itself.")
app.add_typer(service, name="service")
Port = Annotated[int, typer.Option(min=1, max=65_535)]
Folder = Annotated[
    Path | None, typer.Option("--to", file_okay=False, help="Folder of the units; without: those of this user.")
]


@service.command()
def install(
    home: HomeOption = None,
    ui_port: Port = 3000,
    console_port: Port = 3100,
    backup: Annotated[
        Path | None, typer.Option(file_okay=False, help="Folder of backups, one every Sunday; without: none.")
    ] = None,
    to: Folder = None,
) -> None:
    """Write units for the UI with its daemon, the console, and a weekly backup; start nothing."""
    root = existing_home(home)
    from churn_assets.command.service import Services
    from churn_assets.command.service import install as install_units

    install_units(Services(root, ui_port, console_port, backup.absolute() if backup else None), to)


@service.command()
def remove(home: HomeOption = None, to: Folder = None) -> None:
    """Take the units of a home away."""
    root = existing_home(home)
    from churn_assets.command.service import remove as remove_units

    remove_units(root, to)
