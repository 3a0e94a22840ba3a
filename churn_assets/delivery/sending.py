"""One dispatch of an instance: plan checked, words on consent brought up to date, messages handed over, receipts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from datetime import date, datetime

from churn_assets.decisions.quiet import is_quiet
from churn_assets.delivery.adapters import adapter_names, open_adapters
from churn_assets.delivery.addresses import addresses_of, by_message
from churn_assets.delivery.channels import Message
from churn_assets.delivery.claims import Claims, Rules
from churn_assets.delivery.code_pool import CodePool
from churn_assets.delivery.codes import free_codes
from churn_assets.delivery.dispatch import dispatch, utc_now
from churn_assets.delivery.plan import Plan, newest_plan
from churn_assets.delivery.receipts import write_receipts
from churn_assets.delivery.signature import Signer
from churn_assets.delivery.smtp import unsubscribe_link
from churn_assets.delivery.words import add_words, assumed_words, landed_words
from churn_assets.failures import Failure
from churn_assets.instance.outbox import Approval
from churn_assets.landing.errors import LandingError
from churn_assets.landing.of_home import orders_reach
from churn_assets.stages import Stage
from churn_assets.workplace import Workplace

BY_ITSELF = "automatic"


class NotAllowed(Failure, ValueError):
    """A plan may not be sent: it is old, not approved, or not the one that was approved."""


def approve_plan(workplace: Workplace, plan: Plan, by: str, now: datetime) -> int:
    """Write down that `by` approves the plan as it is; returns how many messages may go. Raises NotAllowed."""
    refuse_if_over(workplace, plan, now)
    approval = Approval(plan.snapshot, plan.sha256, len(plan.messages), plan.cost_amount, by, now, "")
    signer = Signer.of(workplace.home, workplace.record)
    moved = workplace.outbox.approve(signer.signed(approval), plan.open_messages["message_key"].to_list())
    republish(workplace, plan.snapshot)
    return moved


def rehearse(workplace: Workplace, snapshot: date, now: datetime) -> Counter[str]:
    """What a dispatch would do with the plan now, as if it were approved; nothing is sent and no state changes."""
    plan = _plan_of_now(workplace, snapshot, now)
    keys = plan.messages["message_key"].to_list()
    _bring_words(workplace, plan, now)
    return _claims(workplace, plan).rehearse(keys, adapter_names(workplace.settings.delivery), now)


def send(
    workplace: Workplace,
    snapshot: date,
    *,
    clock: Callable[[], datetime] = utc_now,
    on_progress: Callable[[int], None] = lambda _: None,
) -> Counter[str]:
    """Hand over the approved messages of the newest plan; how many ended how. Raises NotAllowed, DispatchBusy."""
    now = clock()
    plan = _plan_of_now(workplace, snapshot, now)
    settings = workplace.settings
    may = settings.decisions.automatic_approval_amount
    if workplace.outbox.approval(snapshot) is None and plan.cost_amount <= may and may:
        approve_plan(workplace, plan, BY_ITSELF, now)
        plan = Plan.at(workplace, snapshot)
    why_not = plan.why_not(workplace.outbox.approval(snapshot), Signer.of(workplace.home, workplace.record))
    if why_not:
        raise NotAllowed(why_not)
    _bring_words(workplace, plan, now)
    keys = plan.messages["message_key"].to_list()
    users = workplace.landing().get("users")
    adapters = open_adapters(settings.delivery, workplace.home.dispatched, snapshot.isoformat())

    def addresses(messages: Sequence[Message]) -> dict[str, str]:
        needed = [m for m in messages if adapters[m.channel].name != "webhook"]
        return by_message(addresses_of(users, [m.user_id for m in needed], clock()), needed) if needed else {}

    try:
        told = dispatch(
            _claims(workplace, plan), keys, adapters, addresses, workplace.home.locks / "dispatch.lock",
            clock=clock, on_progress=on_progress,
        )  # fmt: skip
    finally:
        for adapter in adapters.values():
            adapter.close()
        write_receipts(workplace)
        republish(workplace, snapshot)
    return told


def republish(workplace: Workplace, snapshot: date) -> None:
    """Show the present states of a snapshot's messages in the tables that others read."""
    ledger = workplace.tables.read(Stage.INTERVENTIONS, "decision_ledger", snapshot)
    messages = workplace.outbox.messages(ledger["decision_id"].to_list()).sort("user_id")
    workplace.tables.publish(Stage.INTERVENTIONS, "outbox", snapshot, messages)
    workplace.show_tables()


def _plan_of_now(workplace: Workplace, snapshot: date, now: datetime) -> Plan:
    newest = newest_plan(workplace)
    if snapshot != newest:
        raise NotAllowed(f"The plan of {snapshot} is an old one; only the newest, of {newest}, may be sent.")
    plan = Plan.at(workplace, snapshot)
    refuse_if_over(workplace, plan, now)
    return plan


def refuse_if_over(workplace: Workplace, plan: Plan, now: datetime) -> None:
    """Raises NotAllowed where there is nothing left to approve or to send."""
    if plan.messages.is_empty():
        raise NotAllowed(f"The plan of {plan.snapshot} holds no message.")
    if plan.is_over(now):
        newest = max(plan.messages["expires_at"].to_list())
        raise NotAllowed(f"The plan of {plan.snapshot} has expired at {newest} UTC: {_next_step(workplace, plan)}")


def _next_step(workplace: Workplace, plan: Plan) -> str:
    """How there can be a plan that may still be sent."""
    try:
        reach = orders_reach(workplace.home)[1]
    except LandingError as error:
        return f"a next one needs the raw tables, and {error}"
    day = workplace.calendar.first_at_or_after(reach)
    if day > plan.snapshot:
        return f"churn run makes the next one, of {day}."
    return (
        f"the landing has no newer orders (the newest was known at {reach:%Y-%m-%d %H:%M} UTC). Deliver them, then "
        "churn run makes the next plan."
    )


def _bring_words(workplace: Workplace, plan: Plan, now: datetime) -> None:
    """What the users of a plan have said about consent by now, snapshot or no snapshot."""
    users = plan.messages["user_id"].unique().sort().to_list()
    add_words(workplace.record, landed_words(workplace.landing().get("consents"), users, now), "landing", now)
    if workplace.settings.decisions.unknown_consent == "allow":
        add_words(workplace.record, assumed_words(users), "assumed", now)


def _claims(workplace: Workplace, plan: Plan) -> Claims:
    """Without a code in the plan the warehouse, which a run may hold for long, is not opened."""
    takes_codes = plan.messages["payload"].str.contains('"code_from":"pool"', literal=True).any()
    settings, url = workplace.settings.decisions, workplace.settings.delivery.unsubscribe_url
    arms = {arm.arm: arm for arm in settings.arms}
    # An arm that is no longer in the catalogue has no hours: it waits.
    rules = Rules(
        settings.max_contacts,
        settings.max_contacts_days,
        lambda arm, at: arm not in arms or is_quiet(at, arms[arm], settings.time_zone),
        lambda arm: arms[arm].cool_down_days,
        CodePool(free_codes(workplace, plan.snapshot) if takes_codes else {}),
        lambda key: unsubscribe_link(url, key) if url else None,
    )
    return Claims(workplace.record, rules)
