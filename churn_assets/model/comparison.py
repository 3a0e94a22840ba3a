"""Rivals on the same unseen slice: fitted on older slices, tested on the newest, one row of metrics each.

The metrics are raw, before calibration, except `log_loss_calibrated` and `ece_calibrated`: these are cross-fitted over
users (`cross_calibrated`), since they would be too good on the rows a calibrator learned from.

The model of SHIPPABLE with the lowest log_loss_calibrated is shipped. Calibrated, because it is shipped calibrated:
on CDNOW at 1998-01-01 CatBoost loses by 0.002 raw, for an offset that calibration removes, and wins by 0.003 after it.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import TYPE_CHECKING

import numpy as np
import polars as pl
from scipy.special import expit

from churn_assets.model.blend import Blend, cross_blended
from churn_assets.model.boosting import BoostedTrees
from churn_assets.model.calibration import cross_calibrated, ece
from churn_assets.model.evaluation import evaluate, log_loss
from churn_assets.model.logistic import Logistic
from churn_assets.model.rfm import LogisticRfm

if TYPE_CHECKING:
    from datetime import date

    import numpy.typing as npt

    from churn_assets.model.matrix import Floats

Fitted = BoostedTrees | Logistic | LogisticRfm | Blend
Fit = Callable[[pl.DataFrame], Fitted]

SHIPPABLE = ("catboost", "blend", "logistic", "logistic_rfm")  # recency alone and BG/NBD are baselines

COMPARISON_SCHEMA: dict[str, type[pl.DataType]] = {
    "snapshot_date": pl.Date,
    "model": pl.String,
    "slice_date": pl.Date,
    "rows": pl.Int64,
    "churners": pl.Int64,
    "auc": pl.Float64,
    "auc_low": pl.Float64,
    "auc_high": pl.Float64,
    "average_precision": pl.Float64,
    "average_precision_low": pl.Float64,
    "average_precision_high": pl.Float64,
    "log_loss": pl.Float64,
    "brier": pl.Float64,
    "ece": pl.Float64,
    "log_loss_calibrated": pl.Float64,
    "ece_calibrated": pl.Float64,
    "lift_5": pl.Float64,
    "lift_10": pl.Float64,
    "lift_20": pl.Float64,
    "is_shipped": pl.Boolean,
}


def baseline_of(models: Collection[str]) -> str:
    """What a challenger must beat: the logistic regression on all features, or that on RFM where there is no other."""
    return "logistic" if "logistic" in models else "logistic_rfm"


def out_of_time_log_odds(fits: Mapping[str, Fit], older: pl.DataFrame, newest: pl.DataFrame) -> dict[str, Floats]:
    """Per rival, and for the blend, log-odds for the rows of `newest`, learned from `older` alone."""
    log_odds = {name: fit(older).log_odds(newest) for name, fit in fits.items()}
    if "catboost" in log_odds:
        y, ids = newest["is_churned"].to_numpy(), newest["user_id"].to_numpy().astype(np.str_)
        log_odds["blend"] = cross_blended(y, log_odds["catboost"], log_odds["logistic"], ids)
    return log_odds


def comparison_frame(
    newest: pl.DataFrame, log_odds: Mapping[str, Floats], *, snapshot: date, seed: int
) -> pl.DataFrame:
    """The table `model_comparison`: one row per rival, on the slice `newest`. Raises ValueError on one outcome only."""
    y, ids = newest["is_churned"].to_numpy(), newest["user_id"].to_numpy().astype(np.str_)
    about: dict[str, object] = {
        "snapshot_date": snapshot,
        "slice_date": newest["snapshot_date"].max(),
        "rows": newest.height,
        "churners": int(y.sum()),
    }
    rows = [about | {"model": name} | _metrics(y, z, ids, seed) for name, z in log_odds.items()]
    frame = pl.DataFrame(rows, schema=COMPARISON_SCHEMA)
    shippable = frame.filter(pl.col("model").is_in(SHIPPABLE)).sort("log_loss_calibrated", "model")
    return frame.with_columns(is_shipped=pl.col("model") == shippable["model"][0])


def _metrics(y: npt.NDArray[np.bool_], log_odds: Floats, ids: npt.NDArray[np.str_], seed: int) -> dict[str, object]:
    calibrated = cross_calibrated(y, log_odds, ids)
    return {
        **evaluate(y, expit(log_odds), ids, seed=seed),
        "log_loss_calibrated": log_loss(y, calibrated),
        "ece_calibrated": ece(y, calibrated),
    }
