"""Whether a plan may be sent: the newest, not expired, from scores that are not withheld, approved as it is now."""

from __future__ import annotations

from datetime import date, datetime

from churn_assets.delivery.plan import Plan, newest_plan, republish
from churn_assets.delivery.signature import Signer
from churn_assets.failures import Failure
from churn_assets.instance.outbox import Approval
from churn_assets.instance.withheld import reason_withheld, withheld_sentence
from churn_assets.landing.errors import LandingError
from churn_assets.landing.of_home import orders_reach
from churn_assets.stages import Stage
from churn_assets.workplace import Workplace

BY_ITSELF = "automatic"
SCORES = (Stage.SCORING, "scored_users")


class NotAllowed(Failure, ValueError, code="plan"):
    """A plan may not be sent: it is old, not approved, or changed since it was approved."""


def approve_plan(workplace: Workplace, plan: Plan, by: str, now: datetime) -> int:
    """Record that `by` approves the plan; returns how many messages may be sent. Raises NotAllowed."""
    refuse_unsendable(workplace, plan, now)
    approval = Approval(plan.snapshot, plan.sha256, len(plan.messages), plan.cost_amount, by, now, "")
    signer = Signer.of(workplace.home, workplace.record, workplace.settings)
    approved = workplace.outbox.approve(signer.signed(approval), plan.open_messages["message_key"].to_list())
    republish(workplace, plan.snapshot)
    return approved


def approved_plan(workplace: Workplace, snapshot: date, now: datetime) -> Plan:
    """The newest plan, if it is approved; a cheap plan is approved automatically where the settings allow it.

    Raises NotAllowed.
    """
    plan = current_plan(workplace, snapshot, now)
    limit = workplace.settings.decisions.automatic_approval_amount
    if workplace.outbox.approval(snapshot) is None and plan.cost_amount <= limit and limit:
        approve_plan(workplace, plan, BY_ITSELF, now)
        plan = Plan.at(workplace, snapshot)
    why_not = why_not_approved(workplace, plan)
    if why_not:
        raise NotAllowed(why_not)
    return plan


def why_not_approved(workplace: Workplace, plan: Plan) -> str | None:
    """Why the newest approval of the snapshot does not allow sending this plan; None where it does."""
    approval = workplace.outbox.approval(plan.snapshot)
    if approval is None:
        return f"The plan of {plan.snapshot} is not approved: churn approve --snapshot {plan.snapshot}"
    if approval.plan_sha256 != plan.sha256:
        return (
            f"The plan of {plan.snapshot} is not the one that {approval.approved_by} approved at "
            f"{approval.approved_at:%Y-%m-%d %H:%M} UTC: look at it and approve it again"
        )
    problem = Signer.of(workplace.home, workplace.record, workplace.settings).why_not(approval)
    if problem:
        return (
            f"The approval of {plan.snapshot} in the name of {approval.approved_by} {problem}: look at the plan "
            f"and approve it here (churn approve --snapshot {plan.snapshot})"
        )
    return None


def current_plan(workplace: Workplace, snapshot: date, now: datetime) -> Plan:
    """The newest plan, approved or not. Raises NotAllowed for an older one."""
    newest = newest_plan(workplace)
    if snapshot != newest:
        raise NotAllowed(f"The plan of {snapshot} is an old one; only the newest, of {newest}, may be sent.")
    plan = Plan.at(workplace, snapshot)
    refuse_unsendable(workplace, plan, now)
    return plan


def refuse_unsendable(workplace: Workplace, plan: Plan, now: datetime) -> None:
    """Raises NotAllowed where the plan has no message or has expired, or where its scores are withheld."""
    reason = reason_withheld(workplace.record, *SCORES, plan.snapshot)
    if reason:
        raise NotAllowed(
            f"The plan of {plan.snapshot} rests on scores that may not be used: "
            f"{withheld_sentence(*SCORES, plan.snapshot, reason)}"
        )
    if plan.messages.is_empty():
        raise NotAllowed(f"The plan of {plan.snapshot} holds no message.")
    newest = max(plan.messages["expires_at"].to_list())
    if newest <= now:  # the next plan replaces it
        raise NotAllowed(f"The plan of {plan.snapshot} has expired at {newest} UTC: {_next_step(workplace, plan)}")


def _next_step(workplace: Workplace, plan: Plan) -> str:
    """The next step towards a plan that may be sent."""
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
