"""Risk, value at risk and reasons per user: the tables `scored_users` and `user_reasons`.

Nothing is trained here, and nothing is decided about what to do.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from churn_assets.contracts.scored_users import SPEND_COLUMNS
from churn_assets.model.reasons import REASONS, grouped_contributions, top_reasons, user_reasons
from churn_assets.model.tiers import risk_tiers, usual_probability

if TYPE_CHECKING:
    from collections.abc import Sequence

    from churn_assets.contracts.feature import Feature
    from churn_assets.model.artifact import ChurnModel
    from churn_assets.model.spend import SpendModel
    from churn_assets.settings import Scoring

COLUMNS = (
    "user_id",
    "snapshot_date",
    "status",
    "churn_probability",
    "usual_probability",
    "risk_rank",
    "risk_tier",
    *SPEND_COLUMNS,
    "value_at_risk_amount",
    *(f"reason_{rank}" for rank in range(1, REASONS + 1)),
    "model_version",
    "features_version",
    "scored_at",
)


def score(
    frame: pl.DataFrame,
    model: ChurnModel | None,
    spend: SpendModel,
    features: Sequence[Feature],
    settings: Scoring,
    *,
    horizon_days: int,
    stake: float,
    features_version: str,
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """(scored_users, user_reasons) of one snapshot, both sorted by user.

    `frame`: one row per user: user_id, snapshot_date, status and the features. scored_users has
    all of these users; users who are not eligible have no probability, rank, tier, value or reason, and are absent
    from user_reasons (one row per eligible user, kind and reason rank). reason_1 to reason_3 are the groups that add
    most, both kinds together. risk_rank 1 is the riskiest, ties by user_id. risk_tier: by expected loss and usual risk
    (tiers.py); `stake`: the loss that is worth an alarm.
    value_at_risk_amount = churn_probability x expected_spend_amount (spend.py), in the currency of orders.amount.
    scored_at is the snapshot at 00:00, the logical time, so that a re-run leaves the same bytes.
    Raises ValueError without a model, without an eligible user or on more than one snapshot.
    """
    snapshots = frame["snapshot_date"].unique().sort().to_list()
    if len(snapshots) != 1:
        raise ValueError(f"user_features.snapshot_date: one snapshot is scored at a time, got {snapshots}.")
    if model is None:
        raise ValueError(
            f"scored_users at {snapshots[0]}: there is no model; its data gate names the data that are missing."
        )
    eligible = frame.filter(pl.col("status") == "eligible").sort("user_id")
    if eligible.is_empty():
        raise ValueError(
            f"user_features.status: none of {frame.height} users is eligible at {snapshots[0]}; look at the freshness "
            "of the landing and at churn.active_within_days."
        )
    contributions = grouped_contributions(eligible, model, features, least=settings.least_reason_log_odds)
    scored = _ranked(eligible, model, spend, settings, horizon_days, stake).join(
        top_reasons(eligible, contributions), on="user_id", how="left"
    )
    users = (
        frame.select("user_id", "snapshot_date", "status")
        .join(scored, on="user_id", how="left")
        .with_columns(
            model_version=pl.lit(model.version),
            features_version=pl.lit(features_version),
            scored_at=pl.col("snapshot_date").cast(pl.Datetime("us")),
        )
    )
    return users.select(COLUMNS).sort("user_id"), user_reasons(eligible, contributions)


def _ranked(
    eligible: pl.DataFrame, model: ChurnModel, spend: SpendModel, settings: Scoring, horizon_days: int, stake: float
) -> pl.DataFrame:
    """One row per eligible user: probability, rank, tier and value."""
    probability, usual = model.predict(eligible), usual_probability(eligible, horizon_days=horizon_days)
    expected = spend.expected(eligible)
    losses = probability * expected["expected_spend_amount"].to_numpy()
    tiers = risk_tiers(probability, usual, losses, stake=stake, rise_ratio=settings.rise_ratio)
    return (
        eligible.select("user_id")
        .with_columns(
            churn_probability=pl.Series(probability),
            usual_probability=pl.Series(usual),
            risk_tier=tiers,
            value_at_risk_amount=pl.Series(losses),
        )
        .hstack(expected)
        .sort("churn_probability", "user_id", descending=[True, False])
        .with_columns(risk_rank=pl.int_range(1, pl.len() + 1, dtype=pl.Int64))
    )
