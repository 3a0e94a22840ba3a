"""`churn approve`, `dispatch`, `unsubscribe` and `suppress`: the decisions of a person, in the terminal."""

from __future__ import annotations

import getpass
import json
from collections.abc import Callable, Mapping, Sequence
from datetime import date, timedelta
from pathlib import Path

import polars as pl
from rich.table import Table

from churn_assets.catalogue.arms import treatment_of
from churn_assets.command.onward import onward
from churn_assets.decisions.summary import stopped_lines
from churn_assets.delivery.approval import approve_plan, refuse_unsendable, why_not_approved
from churn_assets.delivery.cancel import cancel_messages, messages_like, messages_to
from churn_assets.delivery.consents import ConsentRecord, add_consents, withdrawals
from churn_assets.delivery.dispatch import utc_now
from churn_assets.delivery.known_users import find_user
from churn_assets.delivery.notices import count_notices, send_notices
from churn_assets.delivery.plan import Plan, newest_plan
from churn_assets.delivery.receipts import write_receipts
from churn_assets.delivery.sending import rehearse, send
from churn_assets.effects.power import arm_sentences, holdout_sentences
from churn_assets.failures import Failure
from churn_assets.instance.suppressions import suppress as suppress_user
from churn_assets.instance.terminal import PlainConsole, wide_console
from churn_assets.instance.twice import keep_twice
from churn_assets.stages import Stage
from churn_assets.workplace import Workplace

REFUSED = "The plan was not approved."


class NobodyNamed(Failure, ValueError, code="user"):
    """A decision about a user that names no user."""


def approve(root: Path, snapshot: date | None, by: str | None, ask: Callable[[str], bool]) -> bool:
    """Show the plan, ask, and approve it in the name of `by`. Returns whether it was approved."""
    workplace = Workplace(home_path=str(root))
    plan = Plan.at(workplace, snapshot or newest_plan(workplace))
    _show(plan)
    _show_evidence(workplace, plan.snapshot)
    refuse_unsendable(workplace, plan, utc_now())
    name = by or getpass.getuser()
    if not ask(f"Approve this plan of {plan.snapshot} in the name of {name}?"):
        wide_console().print(REFUSED)
        return False
    approved = approve_plan(workplace, plan, name, utc_now())
    keep_twice(workplace.home)
    wide_console().print(
        f"Approved by {name}: {approved:,} messages may go. Nothing is sent before churn dispatch --send.", markup=False
    )
    wide_console().print(onward(root, "dispatch"), markup=False, soft_wrap=True)
    return True


def dispatch(root: Path, snapshot: date | None, *, is_sent: bool, as_json: bool = False) -> None:
    """Hand the messages of a plan to the channels, or only print what would be handed over."""
    workplace = Workplace(home_path=str(root))
    notices = send_notices(workplace, utc_now()) if is_sent else count_notices(workplace)
    if notices:  # whether or not there is a plan
        if not as_json:
            _show_counts("Erasures", notices)
        keep_twice(workplace.home)
    day = snapshot or newest_plan(workplace)
    if not is_sent:
        counts = rehearse(workplace, day, utc_now())
        if as_json:
            _print_counts(day, counts, notices, is_sent=False)
            return
        _show_counts(f"Plan of {day}: nothing was sent (dry run; --send sends what is approved)", counts)
        _show_later(workplace, day)
        is_approved = why_not_approved(workplace, Plan.at(workplace, day)) is None
        wide_console().print(
            onward(root, "dispatch --send" if is_approved else "approve"), markup=False, soft_wrap=True
        )
        return
    console = wide_console()
    with console.status("handing over") as status:
        done = 0

        def progress(count: int) -> None:
            nonlocal done
            done += count
            status.update(f"handing over: {done:,} messages looked at")

        try:
            counts = send(workplace, day, on_progress=progress)
        finally:
            keep_twice(workplace.home)
    if as_json:
        _print_counts(day, counts, notices, is_sent=True)
        return
    _show_counts(f"Plan of {day}: dispatched", counts)
    _show_later(workplace, day)
    console.print(onward(root, "run", note=", when the next files have come"), markup=False, soft_wrap=True)


def _show_later(workplace: Workplace, day: date) -> None:
    later = Plan.at(workplace, day).later_messages(utc_now())
    if later:
        count, first, last = later
        wide_console().print(
            f"{count:,} messages have their time still to come, from {first:%Y-%m-%d %H:%M} to {last:%Y-%m-%d %H:%M} "
            "UTC: let churn dispatch --send come by every hour until then.",
            soft_wrap=True,
        )


def unsubscribe(root: Path, keys: Sequence[str]) -> None:
    """The users of these messages refuse the channel each came by, from now on."""
    workplace, now = Workplace(home_path=str(root)), utc_now()
    add_consents(workplace.record, withdrawals(workplace.record, keys, now), "unsubscribe", now)
    write_receipts(workplace)
    keep_twice(workplace.home)
    console = wide_console()
    console.print(f"{len(keys)} unsubscribed; it holds for every message from now on.")
    _cancel(workplace, messages_like(workplace, keys), console)


def suppress(root: Path, user_id: str, reason: str, by: str | None, *, is_objection: bool) -> None:
    """Never write to a user again; an objection is a consent record too, so the user is not scored either.

    An unknown user is suppressed as well, with a note: a refusal may come before the first order, and one that is not
    recorded is lost. Raises NobodyNamed.
    """
    if not user_id.strip():
        raise NobodyNamed("Name the user who is not to be written to: the id is empty, so nothing was recorded.")
    workplace, now = Workplace(home_path=str(root)), utc_now()
    is_new = suppress_user(workplace.record, user_id, reason, by or getpass.getuser(), now)
    outcome = "is suppressed" if is_new else "was suppressed already"
    if is_objection:
        # A consent record counts at a snapshot if it was made before that, not in its very microsecond.
        objection = ConsentRecord(user_id, "all", is_granted=False, changed_at=now - timedelta(microseconds=1))
        add_consents(workplace.record, [objection], "objection", now)
        write_receipts(workplace)
        outcome += " and has objected: no score from the next snapshot on"
    keep_twice(workplace.home)
    console = wide_console()
    console.print(f"{user_id} {outcome}.", markup=False)
    doubt = find_user(workplace, user_id).warning
    if doubt:
        console.print(f"Note: {doubt}", markup=False, soft_wrap=True)
    _cancel(workplace, messages_to(workplace, [user_id]), console)


def _cancel(workplace: Workplace, messages: pl.DataFrame, console: PlainConsole) -> None:
    """Called after the refusal was recorded and printed, which holds even if cancelling waits for a run, or dies."""
    cancelled = cancel_messages(workplace, messages)
    if cancelled:
        console.print(f"{cancelled} planned message{'s' if cancelled > 1 else ''} cancelled.")


def _show(plan: Plan) -> None:
    table = Table(title=f"Plan of {plan.snapshot}, {plan.policy_version}", title_justify="left", box=None)
    for heading in ("channel", "arm", "state", "messages", "expected cost"):
        table.add_column(heading, justify="right" if heading in ("messages", "expected cost") else "left")
    grouped = (
        plan.messages.group_by("channel", "arm", "level", "state", maintain_order=True)
        .agg(messages=pl.len(), cost=pl.col("expected_cost_amount").sum())
        .sort("channel", "arm", "level", "state")
    )
    for channel, arm, level, state, messages, cost in grouped.iter_rows():
        table.add_row(channel, treatment_of(arm, level), state, f"{messages:,}", f"{cost:,.2f}")
    table.add_row("", "", "", f"{len(plan.messages):,}", f"{plan.cost_amount:,.2f}")
    console = wide_console()
    console.print(table)
    console.print(f"plan sha256 {plan.sha256}")


def _show_evidence(workplace: Workplace, snapshot: date) -> None:
    """What loses money by what was measured, and what this plan can show of what it is paid for, as far as its run has
    come.
    """
    tables, console = workplace.tables, wide_console()
    if tables.find(Stage.INTERVENTIONS, "stopped_arms", snapshot):
        for line in stopped_lines(tables.read(Stage.INTERVENTIONS, "stopped_arms", snapshot)):
            console.print(line, markup=False, soft_wrap=True)
    if tables.find(Stage.EFFECTS, "experiment_power", snapshot) is None:
        return
    power = tables.read(Stage.EFFECTS, "experiment_power", snapshot)
    for line in (*holdout_sentences(power, workplace.settings.churn.horizon_days), *arm_sentences(power)):
        console.print(line, markup=False, soft_wrap=True)


def _print_counts(day: date, counts: Mapping[str, int], notices: Mapping[str, int], *, is_sent: bool) -> None:
    """For programs. Keys are the words in which a dispatch counts."""
    print(json.dumps({"plan": str(day), "is_sent": is_sent, "messages": dict(counts), "erasures": dict(notices)}))


def _show_counts(title: str, counts: Mapping[str, int]) -> None:
    table = Table(show_header=False, box=None)
    for word, count in sorted(counts.items()):
        table.add_row(word, f"{count:,}")
    console = wide_console()
    console.print(title, markup=False)
    console.print(table)
