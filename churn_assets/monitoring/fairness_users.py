"""Measures per user for the comparison of groups: treatment now, errors once labels have matured."""

from __future__ import annotations

from itertools import pairwise

import polars as pl

from churn_assets.contracts.decision_ledger import NO_ARM

BANDS = (25, 35, 45, 55)  # years


def with_groups(users: pl.DataFrame) -> pl.DataFrame:
    """`users` with age_years, is_female and region, as `age` (bands), `gender` and `region`: text, or null."""
    return users.with_columns(
        age=_age_band(),
        gender=pl.when(pl.col("is_female") == 1)
        .then(pl.lit("female"))
        .when(pl.col("is_female") == 0)
        .then(pl.lit("not female")),
        region=pl.col("region").cast(pl.String),
    )


def with_treatment(eligible: pl.DataFrame, ledger: pl.DataFrame | None) -> pl.DataFrame:
    """scored_users with `urgent_tier` and, where decided, `treated`: null in the holdout, which is never treated."""
    tiered = eligible.with_columns(urgent_tier=pl.col("risk_tier") == "urgent")
    if ledger is None:
        return tiered
    decided = tiered.join(ledger.select("user_id", "arm", "is_holdout"), on="user_id", how="left")
    return decided.with_columns(treated=pl.when(~pl.col("is_holdout")).then(pl.col("arm") != NO_ARM))


def with_errors(eligible: pl.DataFrame, labels: pl.DataFrame, ledger: pl.DataFrame | None) -> pl.DataFrame:
    """scored_users of one matured snapshot with `false_alarm`, `missed` and `overstated`, null for users acted upon."""
    known = eligible.join(labels.select("user_id", "is_churned"), on="user_id")
    if ledger is not None:
        known = known.join(ledger.filter(pl.col("arm") != NO_ARM).select("user_id"), on="user_id", how="anti")
    is_small = pl.col("risk_tier") == "small"
    return known.with_columns(
        false_alarm=pl.when(~pl.col("is_churned")).then(~is_small),
        missed=pl.when("is_churned").then(is_small),
        overstated=pl.col("churn_probability") - pl.col("is_churned").cast(pl.Float64),
    )


def _age_band() -> pl.Expr:
    age = pl.col("age_years")
    labels = [f"under {BANDS[0]}", *(f"{low} to {high - 1}" for low, high in pairwise(BANDS))]
    bands = [pl.when(age < high).then(pl.lit(label)) for high, label in zip(BANDS, labels, strict=True)]
    return pl.coalesce(*bands, pl.when(age >= BANDS[-1]).then(pl.lit(f"{BANDS[-1]} and more")))
