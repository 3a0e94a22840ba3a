"""The rule policy: scored users with consents in, one recorded decision each out. Nothing is learned or sent."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING

import polars as pl

from churn_assets.contracts.decision_ledger import NO_ARM, DecisionLedger
from churn_assets.decisions.allocation import allocate
from churn_assets.decisions.candidates import checked_candidates
from churn_assets.decisions.holdout import is_explored, is_holdout
from churn_assets.decisions.intention import intentions
from churn_assets.decisions.keys import stable_keys

if TYPE_CHECKING:
    from datetime import date

    from churn_assets.settings import Decisions


def policy_version(settings: Decisions) -> str:
    """`rules-` and 8 hex digits of a hash over all decision settings: any change of them is another policy."""
    text = json.dumps(settings.model_dump(mode="json"), sort_keys=True)
    return f"rules-{hashlib.sha256(text.encode()).hexdigest()[:8]}"


def decide(candidates: pl.DataFrame, settings: Decisions, snapshot: date) -> pl.DataFrame:
    """Make the decision ledger of one snapshot: one row per candidate, acted upon or not, sorted by user.

    `candidates`: one row per eligible user (`decisions.candidates.Candidates`). Amounts in the currency of orders.
    The binding constraint is the first that applies of low_risk, no_consent, no_gain; capacity, budget; holdout,
    exploration. Only the last two leave a user alone by chance, so only there intended_arm differs from arm.
    Raises ValueError on no candidates or a foreign snapshot, pandera SchemaErrors on candidates that break a rule.
    """
    users = checked_candidates(candidates, snapshot)
    ids = users.get_column("user_id")
    drawn = intentions(users, settings).with_columns(is_holdout(ids, settings), is_explored(ids, settings, snapshot))
    shortages = allocate(
        drawn.filter(pl.col("intended_arm").is_not_null()).with_columns(
            is_left_alone=pl.col("is_holdout") | pl.col("is_explored")
        ),
        settings,
    )
    chance = (
        pl.when("is_holdout").then(pl.lit("holdout"))
        .when("is_explored").then(pl.lit("exploration"))
    )  # fmt: skip
    stopped = (
        drawn.join(shortages, on="user_id", how="left", maintain_order="left")
        .with_columns(stop=pl.coalesce("refusal", "shortage"))
        .with_columns(binding_constraint=pl.coalesce("stop", chance))
    )
    return DecisionLedger.validate(_ledger(stopped, settings, snapshot), lazy=True)


def _ledger(stopped: pl.DataFrame, settings: Decisions, snapshot: date) -> pl.DataFrame:
    version = policy_version(settings)
    is_intended = pl.col("stop").is_null()
    is_acted = pl.col("binding_constraint").is_null()
    left_alone_share = settings.holdout_share + (1 - settings.holdout_share) * settings.exploration_share
    keys = stable_keys(f"{version}|{snapshot.isoformat()}|" + stopped.get_column("user_id"))
    return stopped.select(
        keys.alias("decision_id"),
        "user_id",
        "snapshot_date",
        policy_version=pl.lit(version),
        arm=pl.when(is_acted).then("intended_arm").otherwise(pl.lit(NO_ARM)),
        # Over the draw of this user's own sides; without an intended arm leaving alone is certain.
        propensity=pl.when(is_acted).then(1 - left_alone_share).when(is_intended).then(left_alone_share).otherwise(1.0),
        is_holdout="is_holdout",
        is_exploration=pl.col("binding_constraint").eq_missing(pl.lit("exploration")),
        binding_constraint="binding_constraint",
        expected_gain_amount=pl.when(is_acted).then("gain_amount").otherwise(0.0),
        expected_cost_amount=pl.when(is_acted).then("cost_amount").otherwise(0.0),
        decided_at=pl.col("snapshot_date").cast(pl.Datetime("us")),
        intended_arm=pl.when(is_intended).then("intended_arm").otherwise(pl.lit(NO_ARM)),
        channel=pl.when(is_acted).then("channel"),
        reason=pl.when(is_intended).then("reason"),
        value_at_risk_amount="value_at_risk_amount",
        churn_probability="churn_probability",
    )
