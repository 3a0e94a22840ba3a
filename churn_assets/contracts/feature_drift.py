"""Contract of monitoring.feature_drift: one row per snapshot and feature of its model, and one for the score."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import pandera.polars as pa
import polars as pl

if TYPE_CHECKING:
    from pandera.polars import PolarsData

LEVELS: Final = ("none", "warn", "alarm")
SCORE_FEATURE: Final = "churn_probability"
SCORE_FAMILY: Final = "score"
SHARE = {"min_value": 0, "max_value": 1}
FINITE = {"min_value": 0, "max_value": float("inf"), "include_max": False}


class FeatureDrift(pa.DataFrameModel):
    """Users of the snapshot against reference users, those at `reference_date`: population stability index (PSI), its
    critical value (`psi_critical`), the PSI from the nearest earlier snapshot (`nearest_psi`) and the largest that it
    was at recent snapshots (`usual_psi`; both null: unknown), and the level of the drift. Shares are of the users on
    either side.
    """

    snapshot_date: pl.Date
    feature: str = pa.Field(str_length={"min_value": 1})
    family: str = pa.Field(str_length={"min_value": 1})
    model_version: str = pa.Field(str_matches=r"^[0-9a-f]{12}$")
    reference_date: pl.Date
    reference_users: int = pa.Field(ge=1)
    users: int = pa.Field(ge=1)
    bins: int = pa.Field(ge=1)
    psi: float = pa.Field(in_range=FINITE)
    psi_critical: float = pa.Field(in_range=FINITE)
    nearest_psi: float = pa.Field(in_range=FINITE, nullable=True)
    usual_psi: float = pa.Field(in_range=FINITE, nullable=True)
    is_significant: bool
    level: str = pa.Field(isin=LEVELS)
    reference_missing_share: float = pa.Field(in_range=SHARE)
    missing_share: float = pa.Field(in_range=SHARE)

    class Config:
        strict = True
        ordered = True
        unique = ("snapshot_date", "feature")

    @pa.dataframe_check
    @classmethod
    def one_model_and_its_users(cls, data: PolarsData) -> pl.LazyFrame:
        about = pl.struct("snapshot_date", "model_version", "users")
        return data.lazyframe.select(about == about.first())

    @pa.dataframe_check
    @classmethod
    def reference_before_the_snapshot(cls, data: PolarsData) -> pl.LazyFrame:
        return data.lazyframe.select(pl.col("reference_date") < pl.col("snapshot_date"))

    @pa.dataframe_check
    @classmethod
    def significant_exactly_above_the_critical_value(cls, data: PolarsData) -> pl.LazyFrame:
        return data.lazyframe.select(pl.col("is_significant") == (pl.col("psi") > pl.col("psi_critical")))

    @pa.dataframe_check
    @classmethod
    def drift_is_significant(cls, data: PolarsData) -> pl.LazyFrame:
        return data.lazyframe.select((pl.col("level") == "none") | pl.col("is_significant"))

    @pa.dataframe_check
    @classmethod
    def the_score_is_a_family_of_its_own(cls, data: PolarsData) -> pl.LazyFrame:
        return data.lazyframe.select((pl.col("family") == SCORE_FAMILY) == (pl.col("feature") == SCORE_FEATURE))
