"""Metrics of models on the same rows: ranking, probabilities, flagged users, profit, leads over the references."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from churn_assets.contracts.model_bakeoffs import REFERENCES
from churn_assets.model.evaluation import bootstrap, figures
from churn_assets.model.expected_profit import expected_maximum_profit
from churn_assets.model.profit import profit_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy.typing as npt
    import polars as pl

    from churn_assets.model.matrix import Floats
    from churn_assets.settings import Profit


@dataclass(frozen=True)
class CalibratedScores:
    """Calibrated probabilities of one model for the rows of a slice; users are flagged from `threshold` on."""

    churn_probability: Floats
    threshold: float


def figures_of(
    test: pl.DataFrame, scores: Mapping[str, CalibratedScores], seed: int, profit: Profit
) -> dict[str, dict[str, float | None]]:
    """Model -> metrics on the rows `test`; the bootstrap draws the same users for every model."""
    y, ids = test["is_churned"].to_numpy(), test["user_id"].to_numpy().astype(np.str_)
    drawn = {name: bootstrap(y, score.churn_probability, ids, seed=seed) for name, score in scores.items()}
    ranked = {name: figures(y, score.churn_probability, ids, drawn[name]) for name, score in scores.items()}
    metrics = {}
    for name, score in scores.items():
        amount, share = expected_maximum_profit(y, score.churn_probability, profit)
        metrics[name] = {
            **ranked[name],
            **_flagged(y, score.churn_probability >= score.threshold, score.threshold, profit),
            "profit_amount": amount,
            "profit_share": share,
        }
        for other in REFERENCES:
            low, high = np.quantile(drawn[name][:, 0] - drawn[other][:, 0], [0.025, 0.975])
            lead = ranked[name]["auc"] - ranked[other]["auc"]
            metrics[name] |= {f"lead_{other}": lead, f"lead_{other}_low": float(low), f"lead_{other}_high": float(high)}
    return metrics


def _flagged(
    y: npt.NDArray[np.bool_], is_flagged: npt.NDArray[np.bool_], threshold: float, profit: Profit
) -> dict[str, float | None]:
    """Metrics of flagging these users; precision is None where nobody is flagged."""
    true_positives, flagged, churners = int((y & is_flagged).sum()), int(is_flagged.sum()), int(y.sum())
    return {
        "threshold": threshold,
        "flagged_share": flagged / y.size,
        "precision": true_positives / flagged if flagged else None,
        "recall": true_positives / churners,
        "f1": 2 * true_positives / (flagged + churners),
        "accuracy": float((y == is_flagged).mean()),
        "threshold_profit_amount": profit_of(y, is_flagged, profit),
    }
