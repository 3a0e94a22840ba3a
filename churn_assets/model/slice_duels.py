"""Two models slice by slice: their metrics, and the log-loss that the first saves per user with its interval."""

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
    for our_prediction, their_prediction in zip(ours, theirs, strict=True):
        gain = paired_gain(
            our_prediction.is_churned, our_prediction.churn_probability, their_prediction.churn_probability
        )
        rows.append(
            {
                "slice_date": our_prediction.slice_date,
                "rows": our_prediction.is_churned.size,
                "churners": int(our_prediction.is_churned.sum()),
            }
            | {f"{name}_ours": value for name, value in _figures(our_prediction).items()}
            | {f"{name}_theirs": value for name, value in _figures(their_prediction).items()}
            | {"gain": gain.mean, "gain_low": gain.low, "gain_high": gain.high}
        )
    return pl.DataFrame(rows).sort("slice_date")


def _figures(prediction: Prediction) -> dict[str, float]:
    y, p = prediction.is_churned, prediction.churn_probability
    return {"log_loss": prediction.log_loss, "auc": float(roc_auc_score(y, p)), "ece": ece(y, p)}
