"""Contract of effects.uplift_curves: one row per treatment, metric and tenth of users by predicted effect."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandera.polars as pa
import polars as pl

from churn_assets.contracts.uplift_comparison import METRICS

if TYPE_CHECKING:
    from pandera.polars import PolarsData

TENTHS = 10
LEARNERS = ("line", "average")
FINITE = {"min_value": float("-inf"), "max_value": float("inf"), "include_min": False, "include_max": False}
INTERVALS = ("effect", "gain", "qini", "aucc", "calibration_slope")


class UpliftCurves(pa.DataFrameModel):
    """How good the ranking of users by predicted effect is, each predicted by a line learned from others.

    `tenth`: 10 has the highest prediction. `predicted_effect` against `effect`: calibration, per user of the tenth.
    `gain`, `cost`: of treating this tenth and those above it, per user of all (the unit of the metric; currency).
    The same for all tenths of a treatment and metric: `qini`, the mean height of the curve of gains above that of a
    random order; `aucc`, the area under the curve of shares of gain by share of cost (0.5 is random; null where
    gain or cost of treating everybody is not proven to be above zero); `calibration_slope` of effects on predictions
    (1 is right); `learner`: what user_effects goes by. Intervals by resampling users.
    """

    treatment: str = pa.Field(str_length={"min_value": 1})
    metric: str = pa.Field(isin=METRICS)
    tenth: int = pa.Field(ge=1, le=TENTHS)
    learner: str = pa.Field(isin=LEARNERS)
    users: int = pa.Field(ge=1)
    predicted_effect: float = pa.Field(in_range=FINITE)
    effect: float = pa.Field(in_range=FINITE)
    effect_low: float = pa.Field(in_range=FINITE)
    effect_high: float = pa.Field(in_range=FINITE)
    gain: float = pa.Field(in_range=FINITE)
    gain_low: float = pa.Field(in_range=FINITE)
    gain_high: float = pa.Field(in_range=FINITE)
    cost: float = pa.Field(in_range=FINITE)
    qini: float = pa.Field(in_range=FINITE)
    qini_low: float = pa.Field(in_range=FINITE)
    qini_high: float = pa.Field(in_range=FINITE)
    aucc: float = pa.Field(in_range=FINITE, nullable=True)
    aucc_low: float = pa.Field(in_range=FINITE, nullable=True)
    aucc_high: float = pa.Field(in_range=FINITE, nullable=True)
    calibration_slope: float = pa.Field(in_range=FINITE, nullable=True)
    calibration_slope_low: float = pa.Field(in_range=FINITE, nullable=True)
    calibration_slope_high: float = pa.Field(in_range=FINITE, nullable=True)
    snapshot_date: pl.Date

    class Config:
        strict = True
        ordered = True
        unique = ("treatment", "metric", "tenth", "snapshot_date")

    @pa.dataframe_check
    @classmethod
    def intervals_are_in_order(cls, data: PolarsData) -> pl.LazyFrame:
        ordered = [(pl.col(f"{name}_low") <= pl.col(f"{name}_high")).fill_null(value=True) for name in INTERVALS]
        return data.lazyframe.select(pl.all_horizontal(ordered))

    @pa.dataframe_check
    @classmethod
    def an_area_has_its_interval(cls, data: PolarsData) -> pl.LazyFrame:
        nulls = [pl.col(f"aucc{end}").is_null() for end in ("", "_low", "_high")]
        return data.lazyframe.select(pl.all_horizontal(nulls) | ~pl.any_horizontal(nulls))
