"""Contract of monitoring.churn_definitions: one row per snapshot, definition, measure and slice or other."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import pandera.polars as pa
import polars as pl

from churn_assets.contracts.definitions import DEFINITIONS

if TYPE_CHECKING:
    from pandera.polars import PolarsData

BACK_DAYS: Final = (28, 56, 91)
PER_SLICE: Final = ("base_rate",)
RETURNS: Final = (*(f"back_within_{days}d_share" for days in BACK_DAYS), "back_median_days")
LEAD: Final = ("warned_share", "lead_median_days")
AGREEMENT: Final = ("equal_share", "kappa", "jaccard")
MEASURES: Final = (*PER_SLICE, *RETURNS, *LEAD, *AGREEMENT)


class ChurnDefinitions(pa.DataFrameModel):
    """Aggregates over eligible users with matured labels. `slice_date` is set for base rates, `compared_with` for
    agreement. `value` is null where it is undefined: no user, or one outcome only.
    """

    snapshot_date: pl.Date
    definition: str = pa.Field(isin=DEFINITIONS)
    measure: str = pa.Field(isin=MEASURES)
    slice_date: pl.Date = pa.Field(nullable=True)
    compared_with: str = pa.Field(isin=DEFINITIONS, nullable=True)
    users: int = pa.Field(ge=0)
    value: float = pa.Field(ge=-1, lt=float("inf"), nullable=True)

    class Config:
        strict = True
        ordered = True
        unique = ("snapshot_date", "definition", "measure", "slice_date", "compared_with")

    @pa.dataframe_check
    @classmethod
    def shares_are_shares(cls, data: PolarsData) -> pl.LazyFrame:
        is_share = pl.col("measure").str.ends_with("_share") | pl.col("measure").is_in(["base_rate", "jaccard"])
        return data.lazyframe.select(~is_share | pl.col("value").is_between(0, 1).fill_null(value=True))

    @pa.dataframe_check
    @classmethod
    def days_are_not_negative(cls, data: PolarsData) -> pl.LazyFrame:
        is_days = pl.col("measure").str.ends_with("_days")
        return data.lazyframe.select(~is_days | (pl.col("value") >= 0).fill_null(value=True))

    @pa.dataframe_check
    @classmethod
    def value_is_finite_or_null(cls, data: PolarsData) -> pl.LazyFrame:
        return data.lazyframe.select(pl.col("value").is_finite() | pl.col("value").is_null())

    @pa.dataframe_check
    @classmethod
    def base_rates_have_a_slice_that_matured_before(cls, data: PolarsData) -> pl.LazyFrame:
        has_slice = pl.col("slice_date").is_not_null()
        is_past = (pl.col("slice_date") < pl.col("snapshot_date")).fill_null(value=True)
        return data.lazyframe.select((has_slice == pl.col("measure").is_in(PER_SLICE)) & is_past)

    @pa.dataframe_check
    @classmethod
    def agreement_is_with_another(cls, data: PolarsData) -> pl.LazyFrame:
        other = pl.col("compared_with")
        is_compared = other.is_not_null() == pl.col("measure").is_in(AGREEMENT)
        return data.lazyframe.select(is_compared & (other != pl.col("definition")).fill_null(value=True))
