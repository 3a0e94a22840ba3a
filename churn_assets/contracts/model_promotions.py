"""Contract of training.model_promotions: one row per snapshot, which model scores it and why."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import pandera.polars as pa
import polars as pl

if TYPE_CHECKING:
    from pandera.polars import PolarsData

DECISIONS = ("first", "promoted", "renewed", "proposed", "kept", "replaced", "by_person")
NEW = ("first", "promoted", "renewed", "replaced")
SHARE = {"min_value": 0, "max_value": 1}
FINITE = {"min_value": float("-inf"), "max_value": float("inf"), "include_min": False, "include_max": False}


class ModelPromotions(pa.DataFrameModel):
    """Gains: log-loss saved per user by the model trained at the snapshot, in nats; null where untested."""

    snapshot_date: pl.Date = pa.Field(unique=True)
    decision: str = pa.Field(isin=DECISIONS)
    champion_snapshot_date: pl.Date
    model_version: str = pa.Field(str_length={"min_value": 1})
    challenger_version: str = pa.Field(str_length={"min_value": 1})
    decided_by: str = pa.Field(str_length={"min_value": 1})
    decided_at: Annotated[pl.Datetime, "us", None]
    reason: str = pa.Field(str_length={"min_value": 1})
    slice_date: pl.Date = pa.Field(nullable=True)
    log_loss_gain: float = pa.Field(in_range=FINITE, nullable=True)
    log_loss_gain_low: float = pa.Field(in_range=FINITE, nullable=True)
    log_loss_gain_high: float = pa.Field(in_range=FINITE, nullable=True)
    gain_over_baseline: float = pa.Field(in_range=FINITE, nullable=True)
    gain_over_baseline_low: float = pa.Field(in_range=FINITE, nullable=True)
    ece_calibrated: float = pa.Field(in_range=SHARE, nullable=True)
    worst_segment: str = pa.Field(nullable=True)
    worst_segment_gain: float = pa.Field(in_range=FINITE, nullable=True)

    class Config:
        strict = True
        ordered = True

    @pa.dataframe_check
    @classmethod
    def no_champion_from_the_future(cls, data: PolarsData) -> pl.LazyFrame:
        return data.lazyframe.select(pl.col("champion_snapshot_date") <= pl.col("snapshot_date"))

    @pa.dataframe_check
    @classmethod
    def new_champions_are_of_the_snapshot(cls, data: PolarsData) -> pl.LazyFrame:
        is_own = pl.col("champion_snapshot_date") == pl.col("snapshot_date")
        return data.lazyframe.select(is_own | ~pl.col("decision").is_in(NEW))

    @pa.dataframe_check
    @classmethod
    def promoted_on_proof(cls, data: PolarsData) -> pl.LazyFrame:
        is_proved = (pl.col("log_loss_gain_low") > 0).fill_null(value=False)
        return data.lazyframe.select(is_proved | (pl.col("decision") != "promoted"))

    @pa.dataframe_check
    @classmethod
    def tested_before_the_snapshot(cls, data: PolarsData) -> pl.LazyFrame:
        return data.lazyframe.select((pl.col("slice_date") < pl.col("snapshot_date")).fill_null(value=True))
