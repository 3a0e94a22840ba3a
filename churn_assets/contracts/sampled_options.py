"""Contract of interventions.sampled_options: one row per user given an option as often as it may be the best."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandera.polars as pa
import polars as pl

from churn_assets.contracts.decision_ledger import NO_ARM

if TYPE_CHECKING:
    from pandera.polars import PolarsData

SAME = 1e-9


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
        is_whole = (pl.col("chances").list.sum() - 1).abs() < SAME
        is_each = pl.col("chances").list.len() == pl.col("treatments").list.len()
        return data.lazyframe.select(is_whole & is_each & (pl.col("chances").list.min() > 0))

    @pa.dataframe_check
    @classmethod
    def drawn_with_its_chance(cls, data: PolarsData) -> pl.LazyFrame:
        rows = data.lazyframe.with_row_index().explode("treatments", "chances")
        is_it = pl.col("treatments") == pl.col("treatment")
        chance = pl.when(is_it).then("chances").sum().over("index")
        return (
            rows.with_columns(is_right=(chance - pl.col("propensity")).abs() < SAME)
            .group_by("index", maintain_order=True)
            .agg(pl.col("is_right").all())
            .select("is_right")
        )

    @pa.dataframe_check
    @classmethod
    def none_is_the_last(cls, data: PolarsData) -> pl.LazyFrame:
        return data.lazyframe.select(pl.col("treatments").list.last() == NO_ARM)
