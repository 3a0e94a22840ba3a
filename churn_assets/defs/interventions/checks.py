"""Checks that decisions and messages respect the holdout, the budget and the consents."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import polars as pl

from churn_assets.catalogue.arms import treatment_of
from churn_assets.contracts.channels import NO_CHANNEL
from churn_assets.contracts.decision_ledger import IS_KNOWN, NO_ARM
from churn_assets.decisions.holdout import is_holdout
from churn_assets.decisions.options import options_of
from churn_assets.decisions.policies import policy_version
from churn_assets.defs.interventions.consents import without_consent
from churn_assets.defs.snapshot_assets import Snapshot
from churn_assets.defs.snapshot_checks import CheckOutcome, snapshot_check
from churn_assets.instance.outbox import OPEN
from churn_assets.instance.policy_promotions import PolicyPromotions
from churn_assets.instance.record.consent import consent_holds
from churn_assets.stages import Stage

KNOWN_THEN = "substr(received_at || '.000000', 1, 26) <= substr(attempts.started_at || '.000000', 1, 26)"
CONSENT_THEN = consent_holds("attempts.user_id", "outbox.channel", KNOWN_THEN)
TRIED_WITHOUT_CONSENT = f"""
select count(*), sum(not {CONSENT_THEN})
from attempts inner join outbox using (message_key) where attempts.started_at >= :since
"""


@snapshot_check(Stage.INTERVENTIONS, "decision_ledger")
def holdout_is_untouched(at: Snapshot) -> CheckOutcome:
    """Nobody of the universal holdout, drawn again (if decisions.randomise_by is user), is acted upon."""
    ledger, settings = _ledger(at), at.workplace.settings.decisions
    in_holdout = ledger["is_holdout"]
    if _is_present_policy(at, ledger) and settings.randomise_by == "user":
        in_holdout |= is_holdout(ledger["user_id"], settings, at.date)
    touched = ledger.filter(in_holdout & (pl.col("arm") != NO_ARM))
    return CheckOutcome(touched.is_empty(), {"users_in_holdout": int(in_holdout.sum()), "users_touched": len(touched)})


@snapshot_check(Stage.INTERVENTIONS, "decision_ledger")
def budget_is_kept(at: Snapshot) -> CheckOutcome:
    """The arms given, at catalogue cost to the cent, stay within the budget of the snapshot, each within its places."""
    ledger, settings = _ledger(at), at.workplace.settings.decisions
    acted = ledger.filter(pl.col("arm") != NO_ARM)
    users_by_arm = dict(acted.group_by("arm", maintain_order=True).len().iter_rows())
    if not _is_present_policy(at, ledger):
        return CheckOutcome(
            passed=True, figures={"note": "decided by another policy, whose budget is no longer set", **users_by_arm}
        )
    costs = {option.treatment: Decimal(str(option.level.cost_amount)) for option in options_of(settings)}
    treatments = acted.group_by("arm", "level", maintain_order=True).len().iter_rows()
    cost = sum((costs[treatment_of(arm, level)] * users for arm, level, users in treatments), Decimal(0))
    places = {arm.arm: arm.capacity for arm in settings.arms if arm.capacity is not None}
    crowded = [arm for arm, users in users_by_arm.items() if users > places.get(arm, users)]
    return CheckOutcome(
        passed=cost <= Decimal(str(settings.budget_amount)) and not crowded,
        figures={
            "cost_amount": float(cost),
            "budget_amount": settings.budget_amount,
            "arms_beyond_capacity": ", ".join(sorted(crowded)) or "none",
            **{f"users_{arm}": users for arm, users in sorted(users_by_arm.items())},
        },
    )


@snapshot_check(Stage.INTERVENTIONS, "decision_ledger")
def consent_is_respected(at: Snapshot) -> CheckOutcome:
    """Nobody is to be reached through a channel without consent to it at the snapshot.

    A ledger that was sealed by an earlier run only gets figures: a refusal of before the snapshot that was delivered
    after it cancels the message, not the recorded decision.
    """
    reached = _ledger(at).filter(pl.col("arm") != NO_ARM, pl.col("channel") != NO_CHANNEL)
    figures = _consent(at, reached)
    is_of_now = not _is_sealed_before(at)
    return CheckOutcome(
        passed=not (is_of_now and _is_violated(figures)), figures=figures | {"is_decided_now": is_of_now}
    )


@snapshot_check(Stage.INTERVENTIONS, "outbox")
def messages_have_consent(at: Snapshot) -> CheckOutcome:
    """No message that may still go is planned through a channel without the user's consent to it at the snapshot."""
    messages = at.workplace.tables.read(Stage.INTERVENTIONS, "outbox", at.date)
    figures = _consent(at, messages.filter(pl.col("state").is_in(OPEN)))
    return CheckOutcome(passed=not _is_violated(figures), figures=figures)


@snapshot_check(Stage.INTERVENTIONS, "outbox")
def nothing_was_sent_without_consent(at: Snapshot) -> CheckOutcome:
    """Every message handed over since the previous snapshot had consent, as known when it was handed over."""
    since = at.workplace.calendar.previous(at.date).isoformat()
    with at.workplace.record.reading() as connection:
        attempts, without_consent_count = connection.execute(TRIED_WITHOUT_CONSENT, {"since": since}).fetchone()
    return CheckOutcome(
        passed=not without_consent_count,
        figures={"messages_tried": attempts, "messages_without_consent": without_consent_count or 0},
    )


def _consent(at: Snapshot, reached: pl.DataFrame) -> dict[str, Any]:
    violations = without_consent(at, reached)
    refused = int((~violations["is_granted"]).sum())
    return {"users_reached": len(reached), "users_refusing": refused, "users_without_a_word": len(violations) - refused}


def _is_violated(figures: Mapping[str, Any]) -> bool:
    return bool(figures["users_refusing"] or figures["users_without_a_word"])


def _is_sealed_before(at: Snapshot) -> bool:
    """Whether an earlier run decided: the scores are newer than the ledger."""
    tables = at.workplace.tables
    ledger = tables.find(Stage.INTERVENTIONS, "decision_ledger", at.date)
    scores = tables.find(Stage.SCORING, "scored_users", at.date)
    return bool(ledger and scores and ledger.published_at < scores.published_at)


def _ledger(at: Snapshot) -> pl.DataFrame:
    """The ledger without users erased since: their consents are erased too."""
    return at.workplace.tables.read(Stage.INTERVENTIONS, "decision_ledger", at.date).filter(IS_KNOWN)


def _is_present_policy(at: Snapshot, ledger: pl.DataFrame) -> bool:
    """Whether the ledger was decided with the present settings; a sealed ledger outlives a change of settings."""
    settings = PolicyPromotions(at.workplace.record).in_force(at.date, at.workplace.settings.decisions)
    return ledger["policy_version"].unique().to_list() == [policy_version(settings)]
