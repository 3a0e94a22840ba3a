"""Contract of monitoring.retrain_conditions: one row per snapshot and condition under which to train again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import pandera.polars as pa
import polars as pl

if TYPE_CHECKING:
    from pandera.polars import PolarsData

CONDITIONS: Final = ("age", "drift", "ranking", "calibration")


class RetrainConditions(pa.DataFrameModel):
    """`reason`: a sentence with figures and limits. `learned_from_date`: newest slice the champion learned from."""

    snapshot_date: pl.Date
    condition: str = pa.Field(isin=CONDITIONS)
    reason: str = pa.Field(str_length={"min_value": 1})
    learned_from_date: pl.Date

    class Config:
        strict = True
        ordered = True
        unique = ("snapshot_date", "condition", "reason")

    @pa.dataframe_check
    @classmethod
    def learned_before_the_snapshot(cls, data: PolarsData) -> pl.LazyFrame:
        return data.lazyframe.select(pl.col("learned_from_date") < pl.col("snapshot_date"))
