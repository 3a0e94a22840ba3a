"""Commands that record a decision: which model scores, what is sent, who is never written to, who is erased."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from churn_assets.command.cli_class import Commands
from churn_assets.command.cli_options import (
    ByName,
    FromDay,
    HomeOption,
    Json,
    OptionalDay,
    Reason,
    existing_home,
    finish,
)

app = Commands()


@app.command()
def promote(
    model: Annotated[
        datetime, typer.Argument(formats=["%Y-%m-%d"], metavar="DATE", help="Snapshot at which the model was trained.")
    ],
    reason: Reason,
    from_: FromDay = None,
    by: ByName = None,
    home: HomeOption = None,
) -> None:
    """Make the model of a snapshot champion, whatever the gate says."""
    root = existing_home(home)
    from churn_assets.command.models import promote as promote_model

    promote_model(root, model.date(), from_.date() if from_ else None, by, reason)


@app.command()
def rollback(reason: Reason, from_: FromDay = None, by: ByName = None, home: HomeOption = None) -> None:
    """Make the champion before the present one champion again."""
    root = existing_home(home)
    from churn_assets.command.models import rollback as roll_back

    roll_back(root, from_.date() if from_ else None, by, reason)


@app.command()
def promote_policy(
    policy: Annotated[str, typer.Argument(help="learned, rules or value.")],
    reason: Reason,
    from_: FromDay = None,
    by: ByName = None,
    home: HomeOption = None,
) -> None:
    """Let a policy make the plans that is proven to earn more than the one in use."""
    root = existing_home(home)
    from churn_assets.command.policies import promote_policy as promote_it

    promote_it(root, policy, from_.date() if from_ else None, by, reason)


@app.command()
def rollback_policy(reason: Reason, from_: FromDay = None, by: ByName = None, home: HomeOption = None) -> None:
    """Let the policy before the one in use make the plans again."""
    root = existing_home(home)
    from churn_assets.command.policies import rollback_policy as roll_back

    roll_back(root, from_.date() if from_ else None, by, reason)


@app.command()
def approve(
    snapshot: OptionalDay = None,
    by: ByName = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    home: HomeOption = None,
) -> None:
    """Approve the messages of a plan (default: the newest) as they are; a plan that changes needs it anew."""
    root = existing_home(home)
    from churn_assets.command.delivering import approve as approve_plan

    finish(approve_plan(root, snapshot.date() if snapshot else None, by, lambda q: yes or typer.confirm(q)))


@app.command()
def dispatch(
    snapshot: OptionalDay = None,
    send: Annotated[
        bool, typer.Option("--send", help="Hand over what is approved; without it nothing is sent.")
    ] = False,
    home: HomeOption = None,
    as_json: Json = False,
) -> None:
    """Say what would be handed to the channels now, or hand it over."""
    root = existing_home(home)
    from churn_assets.command.delivering import dispatch as dispatch_plan

    dispatch_plan(root, snapshot.date() if snapshot else None, is_sent=send, as_json=as_json)


@app.command()
def unsubscribe(
    message_keys: Annotated[list[str], typer.Argument(help="Keys of the messages that were answered.")],
    home: HomeOption = None,
) -> None:
    """Refuse, in the users' names, the channels that these messages came by."""
    root = existing_home(home)
    from churn_assets.command.delivering import unsubscribe as refuse

    refuse(root, message_keys)


@app.command()
def suppress(
    user_id: str,
    reason: Reason,
    objection: Annotated[
        bool, typer.Option("--objection", help="To direct marketing as such: no score either.")
    ] = False,
    by: ByName = None,
    home: HomeOption = None,
) -> None:
    """Never write to a user again."""
    root = existing_home(home)
    from churn_assets.command.delivering import suppress as suppress_user

    suppress_user(root, user_id, reason, by, is_objection=objection)


@app.command()
def erase(
    user_ids: Annotated[list[str] | None, typer.Argument(help="Ids of the users.")] = None,
    file: Annotated[Path | None, typer.Option("--file", help="More ids, one a line.")] = None,
    notify: Annotated[
        bool, typer.Option("--notify", help="Ask every side that was handed messages to a user to erase them too.")
    ] = False,
    wait: Annotated[float, typer.Option(min=0, help="Minutes to wait for a run or dispatch that is at work.")] = 0,
    by: ByName = None,
    home: HomeOption = None,
) -> None:
    """Remove users from everything kept here, for ever, and print the proof."""
    root = existing_home(home)
    from churn_assets.command.erasing import ids_in
    from churn_assets.erasure.erase import erase_users

    ids = [*(user_ids or []), *(ids_in(file) if file else [])]
    finish(erase_users(root, ids, by, is_notified=notify, wait_seconds=60 * wait))
