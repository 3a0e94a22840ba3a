"""Contract of interventions.sampled_options: one row per user given an option as often as it may be the best."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandera.polars as pa
import polars as pl

from churn_assets.contracts.decision_ledger import NO_ARM
from churn_assets.contracts.drawn import chances_add_up, drawn_with_its_chance

if TYPE_CHECKING:
    from pandera.polars import PolarsData


class SampledOptions(pa.DataFrameModel):
    """`treatments`: the options (arm with level) that were open, sorted, and none at the end; `chances`: of each, in
    that order; `treatment`: what was drawn, with its chance (`propensity`).
    """

    user_id: str = pa.Field(unique=True, str_length={"min_value": 1})
    snapshot_date: pl.Date
    policy_version: str = pa.Field(str_matches=r"^[a-z]+-[0-9a-f]{8}$")
    treatments: pl.List = pa.Field(dtype_kwargs={"inner": pl.String})
    chances: pl.List = pa.Field(dtype_kwargs={"inner": pl.Float64})
    treatment: str = pa.Field(str_matches=r"^[a-z0-9_]+$")
    propensity: float = pa.Field(in_range={"min_value": 0, "max_value": 1, "include_min": False})

    class Config:
        strict = True
        ordered = True

    @pa.dataframe_check
    @classmethod
    def chances_add_up(cls, data: PolarsData) -> pl.LazyFrame:
        return chances_add_up(data.lazyframe, "treatments")

    @pa.dataframe_check
    @classmethod
    def drawn_with_its_chance(cls, data: PolarsData) -> pl.LazyFrame:
        return drawn_with_its_chance(data.lazyframe, "treatments", "treatment")

    @pa.dataframe_check
    @classmethod
    def none_is_the_last(cls, data: PolarsData) -> pl.LazyFrame:
        return data.lazyframe.select(pl.col("treatments").list.last() == NO_ARM)
