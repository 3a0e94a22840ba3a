"""Contract of effects.experiment_power: one row per treatment (or the holdout), metric and number of weeks."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandera.polars as pa
import polars as pl

if TYPE_CHECKING:
    from pandera.polars import PolarsData

HOLDOUT = "holdout"
METRICS = ("retained", "spent_amount")


class ExperimentPower(pa.DataFrameModel):
    """What this week's sides can show. `weeks`: 0 for what is known so far, 1 for this week alone, more for as many
    weeks like this one and what is known so far together. `spread`: standard deviation of the outcome of one user.
    `smallest_effect`: seen in 80 of 100 cases at 95 % confidence; a share of users, or currency of orders.amount.
    `treatment` holdout: everybody against the universal holdout.
    """

    treatment: str = pa.Field(str_length={"min_value": 1})
    metric: str = pa.Field(isin=METRICS)
    weeks: int = pa.Field(ge=0)
    users: int = pa.Field(ge=0)
    control_users: int = pa.Field(ge=0)
    spread: float = pa.Field(ge=0, nullable=True)
    smallest_effect: float = pa.Field(gt=0, nullable=True)
    snapshot_date: pl.Date
    note: str = pa.Field(nullable=True)

    class Config:
        strict = True
        ordered = True
        unique = ("treatment", "metric", "weeks", "snapshot_date")

    @pa.check("spread|smallest_effect", regex=True)
    @classmethod
    def finite_or_null(cls, data: PolarsData) -> pl.LazyFrame:
        return data.lazyframe.select(pl.col(data.key).is_finite() | pl.col(data.key).is_null())

    @pa.dataframe_check
    @classmethod
    def note_whenever_nothing_can_be_shown(cls, data: PolarsData) -> pl.LazyFrame:
        return data.lazyframe.select(pl.col("note").is_not_null() | pl.col("smallest_effect").is_not_null())
