"""Contract of training.model_tunings: one row per snapshot and finished trial of its newest search (`churn tune`)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandera.polars as pa
import polars as pl

if TYPE_CHECKING:
    from pandera.polars import PolarsData

ENDLESS = {"max_value": float("inf"), "include_max": False}


class ModelTunings(pa.DataFrameModel):
    """`log_loss`: mean over the slices tested of the calibrated log-loss, in nats; null where the trial was pruned.
    `slice_log_losses`: JSON, slice -> log-loss, of the `slices` that it reached. Trial 0 has the settings in use.
    """

    snapshot_date: pl.Date
    study: str = pa.Field(str_length={"min_value": 1})
    trial: int = pa.Field(ge=0)
    state: str = pa.Field(isin=("complete", "pruned"))
    iterations: int = pa.Field(ge=1)
    depth: int = pa.Field(ge=1)
    learning_rate: float = pa.Field(gt=0, le=1)
    l2_leaf_reg: float = pa.Field(in_range={"min_value": 0, **ENDLESS})
    log_loss: float = pa.Field(in_range={"min_value": 0, **ENDLESS}, nullable=True)
    slices: int = pa.Field(ge=1)
    slice_log_losses: str = pa.Field(str_startswith="{")
    is_present: bool
    is_best: bool

    class Config:
        strict = True
        ordered = True
        unique = ("snapshot_date", "trial")

    @pa.dataframe_check
    @classmethod
    def only_trials_given_up_have_no_log_loss(cls, data: PolarsData) -> pl.LazyFrame:
        return data.lazyframe.select(pl.col("log_loss").is_null() == (pl.col("state") == "pruned"))

    @pa.dataframe_check
    @classmethod
    def the_first_trial_has_the_present_settings(cls, data: PolarsData) -> pl.LazyFrame:
        return data.lazyframe.select(pl.col("is_present") == (pl.col("trial") == 0))

    @pa.dataframe_check
    @classmethod
    def one_trial_is_best(cls, data: PolarsData) -> pl.LazyFrame:
        return data.lazyframe.select(pl.col("is_best").sum().over("snapshot_date") == 1)

    @pa.dataframe_check
    @classmethod
    def the_best_has_the_lowest_log_loss(cls, data: PolarsData) -> pl.LazyFrame:
        lowest = pl.col("log_loss").min().over("snapshot_date")
        return data.lazyframe.select(~pl.col("is_best") | (pl.col("log_loss") == lowest).fill_null(value=False))

    @pa.dataframe_check
    @classmethod
    def one_study_per_snapshot(cls, data: PolarsData) -> pl.LazyFrame:
        return data.lazyframe.select(pl.col("study").n_unique().over("snapshot_date") == 1)
