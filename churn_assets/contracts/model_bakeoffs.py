"""Contract of training.model_bakeoffs: one row per snapshot, model, slice tested and segment of its users."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import pandera.polars as pa
import polars as pl

if TYPE_CHECKING:
    from pandera.polars import PolarsData

OPTIONAL: Final = ("lstm",)  # needs the extra `sequence`
ALWAYS_TESTED: Final = (
    "recency", "logistic_rfm", "logistic", "bg_nbd", "decision_tree", "random_forest", "linear_svm", "neural_network",
    "catboost", "blend",
)  # fmt: skip
REFERENCES: Final = ("catboost", "logistic_rfm")
SEGMENT_NAMES: Final = ("all", "bought_once", "bought_again", "recent", "silent", "new", "established")
SHARE = {"min_value": 0, "max_value": 1}
LEAD = {"min_value": -1, "max_value": 1}
FINITE = {"min_value": 0, "max_value": float("inf"), "include_max": False}


class ModelBakeoffs(pa.DataFrameModel):
    """Out of time; probabilities calibrated on an older slice. Amounts are per user of the segment, in the currency of
    the settings. Precision is null where nobody is flagged. Seconds are those of the whole slice, in every segment.
    """

    snapshot_date: pl.Date
    model: str = pa.Field(isin=(*ALWAYS_TESTED, *OPTIONAL))
    slice_date: pl.Date
    segment: str = pa.Field(isin=SEGMENT_NAMES)
    rows: int = pa.Field(ge=1)
    churners: int = pa.Field(ge=1)
    training_rows: int = pa.Field(ge=1)
    auc: float = pa.Field(in_range=SHARE)
    auc_low: float = pa.Field(in_range=SHARE)
    auc_high: float = pa.Field(in_range=SHARE)
    average_precision: float = pa.Field(in_range=SHARE)
    average_precision_low: float = pa.Field(in_range=SHARE)
    average_precision_high: float = pa.Field(in_range=SHARE)
    log_loss: float = pa.Field(in_range=FINITE)
    brier: float = pa.Field(in_range=SHARE)
    ece: float = pa.Field(in_range=SHARE)
    lift_5: float = pa.Field(in_range=FINITE)
    lift_10: float = pa.Field(in_range=FINITE)
    lift_20: float = pa.Field(in_range=FINITE)
    threshold: float = pa.Field(in_range=SHARE)
    flagged_share: float = pa.Field(in_range=SHARE)
    precision: float = pa.Field(in_range=SHARE, nullable=True)
    recall: float = pa.Field(in_range=SHARE)
    f1: float = pa.Field(in_range=SHARE)
    accuracy: float = pa.Field(in_range=SHARE)
    threshold_profit_amount: float = pa.Field(gt=-float("inf"), lt=float("inf"))
    profit_amount: float = pa.Field(in_range=FINITE)
    profit_share: float = pa.Field(in_range=SHARE)
    lead_catboost: float = pa.Field(in_range=LEAD)
    lead_catboost_low: float = pa.Field(in_range=LEAD)
    lead_catboost_high: float = pa.Field(in_range=LEAD)
    lead_logistic_rfm: float = pa.Field(in_range=LEAD)
    lead_logistic_rfm_low: float = pa.Field(in_range=LEAD)
    lead_logistic_rfm_high: float = pa.Field(in_range=LEAD)
    fit_seconds: float = pa.Field(in_range=FINITE)
    predict_seconds: float = pa.Field(in_range=FINITE)

    class Config:
        strict = True
        ordered = True
        unique = ("snapshot_date", "model", "slice_date", "segment")

    @pa.dataframe_check
    @classmethod
    def slice_before_the_snapshot(cls, data: PolarsData) -> pl.LazyFrame:
        return data.lazyframe.select(pl.col("slice_date") < pl.col("snapshot_date"))

    @pa.dataframe_check
    @classmethod
    def both_outcomes_occurred(cls, data: PolarsData) -> pl.LazyFrame:
        return data.lazyframe.select(pl.col("churners") < pl.col("rows"))

    @pa.dataframe_check
    @classmethod
    def all_models_met_the_same_users(cls, data: PolarsData) -> pl.LazyFrame:
        met = pl.struct("rows", "churners", "training_rows")
        return data.lazyframe.select(met.n_unique().over("snapshot_date", "slice_date", "segment") == 1)

    @pa.dataframe_check
    @classmethod
    def intervals_are_ordered(cls, data: PolarsData) -> pl.LazyFrame:
        measured = ("auc", "average_precision", *(f"lead_{name}" for name in REFERENCES))
        return data.lazyframe.select(pl.all_horizontal(pl.col(f"{m}_low") <= pl.col(f"{m}_high") for m in measured))

    @pa.dataframe_check
    @classmethod
    def nobody_leads_themselves(cls, data: PolarsData) -> pl.LazyFrame:
        return data.lazyframe.select(
            pl.all_horizontal(
                (pl.col("model") != name)
                | pl.all_horizontal(pl.col(f"lead_{name}{end}") == 0 for end in ("", "_low", "_high"))
                for name in REFERENCES
            )
        )

    @pa.dataframe_check
    @classmethod
    def precision_is_unknown_where_nobody_is_flagged(cls, data: PolarsData) -> pl.LazyFrame:
        return data.lazyframe.select(pl.col("precision").is_null() == (pl.col("flagged_share") == 0))
