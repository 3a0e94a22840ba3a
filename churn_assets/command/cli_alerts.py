"""Commands about alerts: who gets them, which there were, and whether they arrive."""

from __future__ import annotations

from typing import Annotated

import typer

from churn_assets.command.cli_class import Commands
from churn_assets.command.cli_options import HomeOption, Json, existing_home

app = Commands()
alerts = Commands(
    no_args_is_help=True, help="Alerts: what people should know without asking, and whether it reaches them."
)
app.add_typer(alerts, name="alerts")


@alerts.command(name="test")
def try_out(home: HomeOption = None) -> None:
    """Send a test message to every receiver of alerts.receivers."""
    root = existing_home(home)
    from churn_assets.command.alerts import send_test

    raise typer.Exit(0 if send_test(root) else 1)


@alerts.command(name="list")
def list_(
    home: HomeOption = None,
    count: Annotated[int, typer.Option(min=1, max=10_000, help="How many.")] = 20,
    as_json: Json = False,
) -> None:
    """List the newest alerts, and who has taken them."""
    root = existing_home(home)
    from churn_assets.command.alerts import show

    show(root, count, as_json=as_json)


@alerts.command()
def send(home: HomeOption = None) -> None:
    """Send what waits now: after quiet hours, or when a receiver is back."""
    root = existing_home(home)
    from churn_assets.command.alerts import send_waiting

    raise typer.Exit(0 if send_waiting(root) else 1)
