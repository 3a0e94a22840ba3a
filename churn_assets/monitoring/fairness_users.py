"""Measures per user for the comparison of groups: treatment now, errors once labels have matured."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import polars as pl

from churn_assets.contracts.decision_ledger import NO_ARM
from churn_assets.contracts.group_fairness import ATTRIBUTES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from churn_assets.settings import ExtraColumn

BANDS = (25, 35, 45, 55)  # years
THIRDS = ("lowest third", "middle third", "highest third")
OTHER = "other"  # a word that the declaration does not list


def attributes_of(extra: Sequence[ExtraColumn]) -> tuple[str, ...]:
    """What users are compared by: ATTRIBUTES, and the protected ones of the declared extra columns."""
    return (*ATTRIBUTES, *(column.name for column in extra if column.protected))


def with_groups(users: pl.DataFrame, extra: Sequence[ExtraColumn] = ()) -> pl.DataFrame:
    """`users` with age_years, is_female, region and the features of protected extra columns, as `attributes_of(extra)`:
    text, or null. Age is in bands, a number in thirds, a category in its declared values.
    """
    return users.with_columns(
        age=_age_band(),
        gender=pl.when(pl.col("is_female") == 1)
        .then(pl.lit("female"))
        .when(pl.col("is_female") == 0)
        .then(pl.lit("not female")),
        region=pl.col("region").cast(pl.String),
        **{column.name: _extra_group(column) for column in extra if column.protected},
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


def _extra_group(column: ExtraColumn) -> pl.Expr:
    """A category: the value whose flag is set, or that most orders have; a number, or its first aggregate: thirds."""
    first = [each for each in column.features if each.aggregate == column.features[0].aggregate]
    names = [each.feature.name for each in first]
    if column.kind == "number":
        value = pl.col(names[0])
        low, high = value.quantile(1 / 3, "linear"), value.quantile(2 / 3, "linear")
        third = pl.when(value <= low).then(pl.lit(THIRDS[0])).when(value <= high).then(pl.lit(THIRDS[1]))
        return pl.when(value.is_not_null()).then(third.otherwise(pl.lit(THIRDS[2])))
    most = pl.max_horizontal(names)
    groups = [
        pl.when((pl.col(name) == most) & (most > 0)).then(pl.lit(value))
        for name, value in zip(names, column.values, strict=True)
    ]
    return pl.coalesce(*groups, pl.when(most.is_not_null()).then(pl.lit(OTHER)))


def _age_band() -> pl.Expr:
    age = pl.col("age_years")
    labels = [f"under {BANDS[0]}", *(f"{low} to {high - 1}" for low, high in pairwise(BANDS))]
    bands = [pl.when(age < high).then(pl.lit(label)) for high, label in zip(BANDS, labels, strict=True)]
    return pl.coalesce(*bands, pl.when(age >= BANDS[-1]).then(pl.lit(f"{BANDS[-1]} and more")))
