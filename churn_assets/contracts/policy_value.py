"""Contract of effects.policy_value: one row per policy and metric, read at one snapshot."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandera.polars as pa
import polars as pl

if TYPE_CHECKING:
    from pandera.polars import PolarsData

METRICS = ("retained", "margin_amount")
VERDICTS = ("in use", "better", "worse", "not proven", "too few users")
INTERVALS = ("value", "effect", "beyond_used")


class PolicyValue(pa.DataFrameModel):
    """What a policy would have given per user, judged by the users of the random side whose windows have closed.

    `policy`: one of decisions.policy, none, or `all:` and a treatment (that to all to whom it was open). Values: a
    share of users, or currency of orders.amount per user and window, after coupons and sending. `users`: of the random
    side; `effective_users`: as many equally weighted ones would tell as much about this policy. `value`: doubly robust,
    with a 95 % interval, beside inverse weighting (`weighted_value`, and `normalised_value` by the sum of weights).
    `effect`: beyond none. `beyond_used`: beyond the policy in use. `verdict`: better only if that is proven, and for
    margin that every `all:` is beaten as well. `note`: why there is no interval, or no difference to none or to the
    policy in use (too few have drawn what these give), and what is odd.
    """

    policy: str = pa.Field(str_length={"min_value": 1})
    metric: str = pa.Field(isin=METRICS)
    snapshots: int = pa.Field(ge=1)
    users: int = pa.Field(ge=1)
    effective_users: float = pa.Field(ge=0)
    weighted_value: float = pa.Field(nullable=True)
    normalised_value: float = pa.Field(nullable=True)
    value: float = pa.Field(nullable=True)
    value_low: float = pa.Field(nullable=True)
    value_high: float = pa.Field(nullable=True)
    effect: float = pa.Field(nullable=True)
    effect_low: float = pa.Field(nullable=True)
    effect_high: float = pa.Field(nullable=True)
    beyond_used: float = pa.Field(nullable=True)
    beyond_used_low: float = pa.Field(nullable=True)
    beyond_used_high: float = pa.Field(nullable=True)
    verdict: str = pa.Field(isin=VERDICTS)
    snapshot_date: pl.Date
    note: str = pa.Field(nullable=True)

    class Config:
        strict = True
        ordered = True
        unique = ("policy", "metric", "snapshot_date")

    @pa.check("value|effect|beyond_used", regex=True)
    @classmethod
    def finite_or_null(cls, data: PolarsData) -> pl.LazyFrame:
        return data.lazyframe.select(pl.col(data.key).is_finite() | pl.col(data.key).is_null())

    @pa.dataframe_check
    @classmethod
    def figures_exactly_with_enough_users(cls, data: PolarsData) -> pl.LazyFrame:
        is_refused = pl.col("verdict") == "too few users"
        figures = [pl.col(name).is_null() for name in ("weighted_value", "normalised_value", "value")]
        return data.lazyframe.select(pl.all_horizontal(figure == is_refused for figure in figures))

    @pa.dataframe_check
    @classmethod
    def note_whenever_an_interval_is_missing(cls, data: PolarsData) -> pl.LazyFrame:
        has_all = pl.all_horizontal(pl.col(name, f"{name}_low").is_not_null() for name in INTERVALS)
        return data.lazyframe.select(has_all | pl.col("note").is_not_null() | (pl.col("verdict") == "too few users"))

    @pa.dataframe_check
    @classmethod
    def intervals_hold_their_figure(cls, data: PolarsData) -> pl.LazyFrame:
        holds = [
            pl.col(f"{name}_low").is_null()
            | ((pl.col(f"{name}_low") <= pl.col(name)) & (pl.col(name) <= pl.col(f"{name}_high")))
            for name in INTERVALS
        ]
        return data.lazyframe.select(pl.all_horizontal(holds))
