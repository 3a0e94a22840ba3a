"""Contract of training.feature_selections: one row per snapshot and feature that a model might have used."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandera.polars as pa
import polars as pl

from churn_assets.contracts.feature import REASON_GROUPS

if TYPE_CHECKING:
    from pandera.polars import PolarsData

WHY_DROPPED = ("unusable", "redundant", "noise", "unstable")
SHARE = {"min_value": 0, "max_value": 1}
FINITE = {"min_value": 0, "max_value": float("inf"), "include_max": False}


class FeatureSelections(pa.DataFrameModel):
    """`mean_abs_shap` in log-odds and the ranks (1: the highest) over the `slices` ranked; `rank_spread` is their
    standard deviation. `above_noise_share`: share of slices in which it was above every shadow; null where that was not
    tested. `correlation`: Spearman's, with the feature kept instead.
    """

    snapshot_date: pl.Date
    feature: str = pa.Field(str_length={"min_value": 1})
    family: str = pa.Field(str_length={"min_value": 1})
    reason_group: str = pa.Field(isin=REASON_GROUPS)
    slices: int = pa.Field(ge=1)
    mean_abs_shap: float = pa.Field(in_range=FINITE)
    rank_mean: float = pa.Field(ge=1)
    rank_worst: float = pa.Field(ge=1)
    rank_spread: float = pa.Field(in_range=FINITE)
    above_noise_share: float = pa.Field(in_range=SHARE, nullable=True)
    is_kept: bool
    why_dropped: str = pa.Field(isin=WHY_DROPPED, nullable=True)
    redundant_with: str = pa.Field(nullable=True)
    correlation: float = pa.Field(in_range={"min_value": -1, "max_value": 1}, nullable=True)

    class Config:
        strict = True
        ordered = True
        unique = ("snapshot_date", "feature")

    @pa.dataframe_check
    @classmethod
    def only_the_dropped_have_a_reason(cls, data: PolarsData) -> pl.LazyFrame:
        return data.lazyframe.select(pl.col("is_kept") == pl.col("why_dropped").is_null())

    @pa.dataframe_check
    @classmethod
    def only_the_redundant_name_another(cls, data: PolarsData) -> pl.LazyFrame:
        is_redundant = (pl.col("why_dropped") == "redundant").fill_null(value=False)
        named = (pl.col("redundant_with") != pl.col("feature")).fill_null(value=False)
        is_measured = pl.col("correlation").is_not_null()
        return data.lazyframe.select((is_redundant == named) & (is_redundant == is_measured))

    @pa.dataframe_check
    @classmethod
    def noise_is_asked_of_what_is_usable_and_no_twin(cls, data: PolarsData) -> pl.LazyFrame:
        is_asked = ~pl.col("why_dropped").is_in(("unusable", "redundant")).fill_null(value=False)
        return data.lazyframe.select(is_asked == pl.col("above_noise_share").is_not_null())

    @pa.dataframe_check
    @classmethod
    def the_worst_rank_is_no_better_than_the_mean(cls, data: PolarsData) -> pl.LazyFrame:
        return data.lazyframe.select(pl.col("rank_worst") >= pl.col("rank_mean"))

    @pa.dataframe_check
    @classmethod
    def something_is_kept(cls, data: PolarsData) -> pl.LazyFrame:
        return data.lazyframe.select(pl.col("is_kept").any().over("snapshot_date"))
