"""The command line: each command calls one function. The commands that record a decision of a person: cli_acts.py."""

from __future__ import annotations

import gc
import os
import socket
import sys
from datetime import datetime
from importlib.metadata import version
from pathlib import Path
from typing import Annotated

import typer

from churn_assets.command import completions
from churn_assets.command.cli_acts import app as acts
from churn_assets.command.cli_alerts import app as alerts
from churn_assets.command.cli_begin import app as begin
from churn_assets.command.cli_care import app as care
from churn_assets.command.cli_class import Commands, Debug, Quiet, note_for_all, said_of_typing
from churn_assets.command.cli_console import app as console
from churn_assets.command.cli_lab import app as lab
from churn_assets.command.cli_options import (
    Day,
    HomeOption,
    Json,
    OptionalDay,
    existing_home,
    finish,
    readable_home,
    refuse_unreadable,
    settled_home,
    untouched_home,
)
from churn_assets.command.cli_service import app as service
from churn_assets.failures import WrongArguments, code_of, error_message
from churn_assets.instance.private import keep_private
from churn_assets.instance.terminal import visible

INTERRUPTED = 130  # what typer makes of Ctrl-C
# Objects made between collections of garbage, and collections of younger generations between those of older ones. With
# Python's own (700, 10, 10) a run of 400 users looked 11 times through the 0.8 million objects that Dagster, dbt and
# others are made of and spent 7 % of its processor time so (Python 3.11, 2026-11); what there is when it begins to work
# is frozen (running.py).
COLLECTIONS = (10_000, 20, 20)
TYPED_WRONG = 2  # the same of what was typed wrong
UNANSWERED = "no answer came, so nothing was done: answer the question, or give --yes where there is one."
BUG = "This is an error of churn itself: please report it with what stands above.  [bug]"
INTERRUPTED_QUERY = "Query interrupted"  # what DuckDB makes of it, as a RuntimeError
app = Commands(
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    help="Warns which users are about to churn, decides what to do for each, and measures whether it helped.",
)
app.add_typer(begin)
app.add_typer(lab)
app.add_typer(acts)
app.add_typer(care)
app.add_typer(console)
app.add_typer(alerts)
app.add_typer(service)


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"churn {version('churn-assets')}")
        raise typer.Exit


@app.callback()
def of_all(
    context: typer.Context,
    _version: Annotated[
        bool, typer.Option("--version", help="Print the version.", callback=_show_version, is_eager=True)
    ] = False,
    quiet: Quiet = False,
    debug: Debug = False,
) -> None:
    """Warns which users are about to churn, decides what to do for each, and measures whether it helped."""
    note_for_all(context, quiet=quiet, debug=debug)


def main() -> None:
    """Entry point. A known failure is one message and exit code 1, a wrong use 2, Ctrl-C 130; a bug has a traceback."""
    keep_private()
    gc.set_threshold(*COLLECTIONS)
    try:
        refuse_unreadable(sys.argv[1:])
        code = app(standalone_mode=False)
    except typer.Abort:
        code = _say(f"{UNANSWERED}  [{WrongArguments.code}]")
    except Exception as error:  # noqa: BLE001 - what nobody can mend is raised once more
        code = _said_of(error)
    if code == INTERRUPTED:
        typer.secho("Interrupted; what was finished stays.", err=True)
    sys.exit(code)


def _said_of(error: Exception) -> int:
    """Say what is wrong; returns the exit code. A bug is raised once more, for its traceback."""
    if str(error) == INTERRUPTED_QUERY:
        return INTERRUPTED
    if isinstance(error, typer.TyperException):
        typed = said_of_typing(error)
        return _say(f"{typed}  [{WrongArguments.code}]", TYPED_WRONG) if typed else TYPED_WRONG
    message = error_message(error, Path(os.environ.get("CHURN_HOME") or "churn_home"))
    if message is None:
        error.add_note(BUG)
        raise error
    return _say(f"{message}  [{code_of(error, message)}]")


def _say(message: str, code: int = 1) -> int:
    typer.secho(f"Error: {visible(message)}", fg="red", err=True)
    return code


@app.command()
def prepare() -> None:
    """Parse the dbt project and work out its column lineage, so that no run has to (part of the set-up)."""
    from churn_assets.warehouse.lineage import prepare_lineage

    prepare_lineage()


@app.command()
def check(
    home: HomeOption = None,
    as_json: Json = False,
) -> None:
    """Say what the landing holds, what of it is not read, and what is wrong; exit code 1 if a run could not begin."""
    root = readable_home(home)
    from churn_assets.command.check import check as check_landing

    finish(check_landing(root, as_json=as_json))


@app.command()
def explain(
    code: Annotated[
        str | None,
        typer.Argument(
            help="What stands in brackets at the end of an error; default: all.", autocompletion=completions.codes
        ),
    ] = None,
    as_json: Json = False,
) -> None:
    """Say what an error means: its usual causes, what to do, and where it is documented."""
    from churn_assets.command.explain import explain as explain_code

    explain_code(code, as_json=as_json)


@app.command()
def report(
    snapshot: OptionalDay = None,
    open_: Annotated[bool, typer.Option("--open", help="Open it in the browser.")] = False,
    home: HomeOption = None,
) -> None:
    """Write the page that people read before they approve a plan: who churns, why, what is planned, what it earned."""
    root = existing_home(home)
    from churn_assets.command.reporting import report as write

    write(root, snapshot.date() if snapshot else None, is_opened=open_)


@app.command()
def why(user: Annotated[str, typer.Argument(help="Id of the user.")], home: HomeOption = None) -> None:
    """Say what is known of a user: scores, reasons, what was considered, decided, sent and answered, and consents."""
    root = existing_home(home)
    from churn_assets.command.person import why as say_why

    say_why(root, user)


@app.command(name="export-user")
def export_user(user: Annotated[str, typer.Argument(help="Id of the user.")], home: HomeOption = None) -> None:
    """Write everything about a user as JSON, addresses included, for the person who asks for it under the law."""
    root = existing_home(home)
    from churn_assets.command.person import export_user as export

    export(root, user)


@app.command()
def settings(
    name: Annotated[
        str | None, typer.Argument(help="A section, or one setting; default: all.", autocompletion=completions.settings)
    ] = None,
    home: HomeOption = None,
    as_json: Json = False,
) -> None:
    """Print every setting: its value, where that comes from, its default, unit and reason."""
    root = settled_home(home)
    from churn_assets.command.settings_list import show_settings

    show_settings(root, name, as_json=as_json)


@app.command()
def run(
    snapshot: OptionalDay = None,
    latest: Annotated[bool, typer.Option("--latest", help="The newest snapshot the orders reach (default).")] = False,
    home: HomeOption = None,
) -> None:
    """Bring everything up to one snapshot, the history that training needs included."""
    if snapshot and latest:
        raise typer.BadParameter("name a snapshot or --latest, not both")
    root = readable_home(home)
    from churn_assets.command.running import run_snapshot

    finish(run_snapshot(root, snapshot.date() if snapshot else None))


@app.command()
def backfill(
    from_: Annotated[datetime, typer.Option("--from", formats=["%Y-%m-%d"], metavar="DATE", help="First snapshot.")],
    to: Day,
    home: HomeOption = None,
) -> None:
    """Make all snapshots of a past period in one run."""
    if from_ > to:
        raise WrongArguments(
            f"--from {from_.date()} is after --to {to.date()}: a period ends no earlier than it begins."
        )
    root = readable_home(home)
    from churn_assets.command.running import run_range

    finish(run_range(root, from_.date(), to.date()))


@app.command()
def verify(
    snapshot: OptionalDay = None,
    files: Annotated[bool, typer.Option("--files", help="Read every file instead: is it what was written?")] = False,
    home: HomeOption = None,
    as_json: Json = False,
) -> None:
    """Make the features of a snapshot (default: the newest) again from its past alone; compare them with the mart."""
    if files:
        root = untouched_home(home)
        from churn_assets.command.heal import verify_files

        finish(verify_files(root, as_json=as_json))
        return
    root = existing_home(home)
    from churn_assets.command.verify import verify as verify_mart

    finish(verify_mart(root, snapshot.date() if snapshot else None, as_json=as_json))


@app.command(context_settings={"ignore_unknown_options": True, "allow_interspersed_args": False})
def dbt(
    arguments: Annotated[list[str], typer.Argument(help="What dbt is to do, such as: build -s user_features+")],
    snapshot: OptionalDay = None,
    home: HomeOption = None,
) -> None:
    """Run dbt on the warehouse of this instance, at a snapshot (default: the newest that was built).

    churn dbt --snapshot 2026-11-09 -- build -s user_features
    """
    from churn_assets.command.dbt_by_hand import run_by_hand

    sys.exit(run_by_hand(readable_home(home), snapshot.date() if snapshot else None, arguments))


@app.command()
def ui(
    home: HomeOption = None,
    port: Annotated[int, typer.Option(min=0, max=65_535, help="0: any that is free.")] = 3000,
    launch: Annotated[
        bool, typer.Option("--launch", help="Let it start runs and switch schedules; without, it only shows.")
    ] = False,
) -> None:
    """Open the Dagster UI on this instance, on this machine only: to look, or with --launch to start runs too."""
    from churn_assets.ui.listener import listen
    from churn_assets.ui.supervise import note_endings, supervise

    signals = note_endings()
    settled_home(home)
    listener = listen(port)
    command = [sys.executable, "-m", "churn_assets.command.cli", "serve", str(listener.fileno())]
    if launch:
        command.append("--launch")
    sys.exit(supervise(command, [listener.fileno()], signals))


@app.command(hidden=True)
def serve(listener: int, pipe: int, *, launch: Annotated[bool, typer.Option("--launch")] = False) -> None:
    """What churn ui starts, with the descriptors it hands over."""
    from churn_assets.ui.supervise import die_with

    die_with(pipe)
    root = settled_home(None)
    from churn_assets.command.ui_server import serve as serve_ui

    serve_ui(root, socket.socket(fileno=listener), may_launch=launch)


if __name__ == "__main__":
    main()
