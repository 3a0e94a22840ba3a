"""Two models slice by slice: their figures, and what the first saves per user with its interval."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl
from sklearn.metrics import roc_auc_score

from churn_assets.model.calibration import ece
from churn_assets.model.duel import paired_gain

if TYPE_CHECKING:
    from collections.abc import Iterable

    from churn_assets.model.forward import Prediction


def slice_duels(ours: Iterable[Prediction], theirs: Iterable[Prediction]) -> pl.DataFrame:
    """One row per slice, ascending: slice_date, rows, churners, and log_loss, auc and ece of either model.

    `gain`, `gain_low`, `gain_high`: log-loss saved per user by `ours`, in nats, with its 95 % interval (see duel.py).
    """
    rows = []
    for one, other in zip(ours, theirs, strict=True):
        saved = paired_gain(one.is_churned, one.churn_probability, other.churn_probability)
        rows.append(
            {"slice_date": one.slice_date, "rows": one.is_churned.size, "churners": int(one.is_churned.sum())}
            | {f"{name}_ours": value for name, value in _figures(one).items()}
            | {f"{name}_theirs": value for name, value in _figures(other).items()}
            | {"gain": saved.mean, "gain_low": saved.low, "gain_high": saved.high}
        )
    return pl.DataFrame(rows).sort("slice_date")


def _figures(prediction: Prediction) -> dict[str, float]:
    y, p = prediction.is_churned, prediction.churn_probability
    return {"log_loss": prediction.log_loss, "auc": float(roc_auc_score(y, p)), "ece": ece(y, p)}
