"""Contract of training.training_set: one row per eligible user and matured slice, label first, then the features."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import pandera.polars as pa
import polars as pl
import polars.selectors as cs

from churn_assets.contracts.feature import RFM_COLUMNS

if TYPE_CHECKING:
    from pandera.polars import PolarsData

LABEL_COLUMNS = ("user_id", "snapshot_date", "matures_at", "is_churned")


class TrainingSet(pa.DataFrameModel):
    """Any number of numeric features, null where unknown; the four the baseline needs are always known.

    Training checks whether a slice had matured by the snapshot, which this contract does not know.
    """

    user_id: str = pa.Field(str_length={"min_value": 1})
    snapshot_date: pl.Date
    matures_at: Annotated[pl.Datetime, "us", None]
    is_churned: bool

    class Config:
        strict = False
        unique = ("user_id", "snapshot_date")

    @pa.dataframe_check
    @classmethod
    def matures_after_the_snapshot(cls, data: PolarsData) -> pl.LazyFrame:
        return data.lazyframe.select(pl.col("matures_at") > pl.col("snapshot_date").cast(pl.Datetime("us")))

    @pa.dataframe_check
    @classmethod
    def rfm_columns_are_known(cls, data: PolarsData) -> pl.LazyFrame:
        if not set(RFM_COLUMNS) <= set(data.lazyframe.collect_schema()):
            return data.lazyframe.select(pl.lit(value=False))
        return data.lazyframe.select(pl.all_horizontal(pl.col(RFM_COLUMNS) >= 0).fill_null(value=False))

    @pa.dataframe_check
    @classmethod
    def features_are_numeric(cls, data: PolarsData) -> pl.LazyFrame:
        features = data.lazyframe.drop(LABEL_COLUMNS).collect_schema()
        is_numeric = all(dtype.is_numeric() or dtype == pl.Boolean for dtype in features.values())
        return data.lazyframe.select(pl.lit(is_numeric))

    @pa.dataframe_check
    @classmethod
    def features_are_finite_or_null(cls, data: PolarsData) -> pl.LazyFrame:
        return data.lazyframe.select(pl.all_horizontal(cs.float().is_finite().fill_null(value=True)))
