"""Checks that decisions and messages keep to what was promised: the holdout, the budget, the consents."""

from decimal import Decimal

import polars as pl

from churn_assets.contracts.decision_ledger import IS_KNOWN, NO_ARM, NO_CHANNEL, SENDING_CHANNELS
from churn_assets.decisions.arms import treatment_of
from churn_assets.decisions.holdout import is_holdout
from churn_assets.decisions.options import options_of
from churn_assets.decisions.policies import policy_version
from churn_assets.defs.snapshot_assets import Snapshot
from churn_assets.defs.snapshot_checks import Finding, snapshot_check
from churn_assets.instance.record.consent import consent_holds
from churn_assets.stages import Stage

CONSENTS = f"""
select user_id, {", ".join(f"consent_{channel} as {channel}" for channel in SENDING_CHANNELS)}
from features.user_statuses where snapshot_date = $snapshot
"""

KNOWN_THEN = "substr(received_at || '.000000', 1, 26) <= substr(attempts.started_at || '.000000', 1, 26)"
HELD_THEN = consent_holds("attempts.user_id", "outbox.channel", KNOWN_THEN)
TRIED_WITHOUT_CONSENT = f"""
select count(*), sum(not {HELD_THEN})
from attempts inner join outbox using (message_key) where attempts.started_at >= :since
"""


@snapshot_check(Stage.INTERVENTIONS, "decision_ledger")
def holdout_is_untouched(at: Snapshot) -> Finding:
    """Nobody of the universal holdout, drawn again (where users are drawn one by one), is acted upon."""
    ledger, settings = _ledger(at), at.workplace.settings.decisions
    held = ledger["is_holdout"]
    if _is_present_policy(at, ledger) and settings.randomise_by == "user":
        held |= is_holdout(ledger["user_id"], settings)
    touched = ledger.filter(held & (pl.col("arm") != NO_ARM))
    return Finding(touched.is_empty(), {"users_in_holdout": int(held.sum()), "users_touched": len(touched)})


@snapshot_check(Stage.INTERVENTIONS, "decision_ledger")
def budget_is_kept(at: Snapshot) -> Finding:
    """The arms given, at catalogue cost to the cent, stay within the budget of the snapshot, each within its places."""
    ledger, settings = _ledger(at), at.workplace.settings.decisions
    acted = ledger.filter(pl.col("arm") != NO_ARM)
    given = dict(acted.group_by("arm").len().iter_rows())
    if not _is_present_policy(at, ledger):
        return Finding(
            passed=True, figures={"note": "decided by another policy, whose budget is no longer set", **given}
        )
    costs = {option.treatment: Decimal(str(option.level.cost_amount)) for option in options_of(settings)}
    treatments = acted.group_by("arm", "level").len().iter_rows()
    cost = sum((costs[treatment_of(arm, level)] * users for arm, level, users in treatments), Decimal(0))
    places = {arm.arm: arm.capacity for arm in settings.arms if arm.capacity is not None}
    crowded = [arm for arm, users in given.items() if users > places.get(arm, users)]
    return Finding(
        passed=cost <= Decimal(str(settings.budget_amount)) and not crowded,
        figures={
            "cost_amount": float(cost),
            "budget_amount": settings.budget_amount,
            "arms_beyond_capacity": ", ".join(sorted(crowded)) or "none",
            **{f"users_{arm}": users for arm, users in sorted(given.items())},
        },
    )


@snapshot_check(Stage.INTERVENTIONS, "decision_ledger")
def consent_is_respected(at: Snapshot) -> Finding:
    """Nobody is to be reached through a channel without consent to it at the snapshot."""
    return _consent(at, _ledger(at).filter(pl.col("arm") != NO_ARM, pl.col("channel") != NO_CHANNEL))


@snapshot_check(Stage.INTERVENTIONS, "outbox")
def messages_have_consent(at: Snapshot) -> Finding:
    """No message is planned through a channel without the user's consent to it at the snapshot."""
    return _consent(at, at.workplace.tables.read(Stage.INTERVENTIONS, "outbox", at.date))


@snapshot_check(Stage.INTERVENTIONS, "outbox")
def nothing_was_sent_without_consent(at: Snapshot) -> Finding:
    """Whatever was handed over since the snapshot before was so with a consent that held, by what was known then."""
    since = at.workplace.calendar.previous(at.date).isoformat()
    with at.workplace.record.reading() as connection:
        tries, bare = connection.execute(TRIED_WITHOUT_CONSENT, {"since": since}).fetchone()
    return Finding(passed=not bare, figures={"messages_tried": tries, "messages_without_consent": bare or 0})


def _consent(at: Snapshot, reached: pl.DataFrame) -> Finding:
    """Refusals count whatever the settings; silence counts as one unless decisions.unknown_consent allows it."""
    wide = at.workplace.warehouse.query(CONSENTS, {"snapshot": at.date})
    words = wide.unpivot(index="user_id", variable_name="channel", value_name="is_granted")
    asked = reached.select("user_id", "channel").join(words, on=["user_id", "channel"], how="left")
    refused = int((~asked["is_granted"]).sum())
    unknown = asked["is_granted"].null_count()
    is_silence_consent = at.workplace.settings.decisions.unknown_consent == "allow"
    return Finding(
        passed=refused == 0 and (unknown == 0 or is_silence_consent),
        figures={"users_reached": len(asked), "users_refusing": refused, "users_without_a_word": unknown},
    )


def _ledger(at: Snapshot) -> pl.DataFrame:
    """Without users erased since: what they consented to is erased too."""
    return at.workplace.tables.read(Stage.INTERVENTIONS, "decision_ledger", at.date).filter(IS_KNOWN)


def _is_present_policy(at: Snapshot, ledger: pl.DataFrame) -> bool:
    """Whether the settings of now are those it was decided with; a sealed ledger outlives them."""
    return ledger["policy_version"].unique().to_list() == [policy_version(at.workplace.settings.decisions)]
