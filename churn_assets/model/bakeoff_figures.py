"""How models did on the same rows: ranking, probabilities, users flagged, profit, and leads over the references."""

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
class Judged:
    """Calibrated probabilities of one model for the rows of a slice, and the one from which users are flagged."""

    churn_probability: Floats
    threshold: float


def figures_of(
    test: pl.DataFrame, judged: Mapping[str, Judged], seed: int, profit: Profit
) -> dict[str, dict[str, float | None]]:
    """Per model its figures on the rows `test`; every model is drawn with the same users."""
    y, ids = test["is_churned"].to_numpy(), test["user_id"].to_numpy().astype(np.str_)
    drawn = {name: bootstrap(y, each.churn_probability, ids, seed=seed) for name, each in judged.items()}
    ranked = {name: figures(y, each.churn_probability, ids, drawn[name]) for name, each in judged.items()}
    told = {}
    for name, each in judged.items():
        amount, share = expected_maximum_profit(y, each.churn_probability, profit)
        told[name] = {
            **ranked[name],
            **_flagged(y, each.churn_probability >= each.threshold, each.threshold, profit),
            "profit_amount": amount,
            "profit_share": share,
        }
        for other in REFERENCES:
            low, high = np.quantile(drawn[name][:, 0] - drawn[other][:, 0], [0.025, 0.975])
            lead = ranked[name]["auc"] - ranked[other]["auc"]
            told[name] |= {f"lead_{other}": lead, f"lead_{other}_low": float(low), f"lead_{other}_high": float(high)}
    return told


def _flagged(
    y: npt.NDArray[np.bool_], is_flagged: npt.NDArray[np.bool_], threshold: float, profit: Profit
) -> dict[str, float | None]:
    """How a choice of users turned out; precision is None where nobody was chosen."""
    right, flagged, churners = int((y & is_flagged).sum()), int(is_flagged.sum()), int(y.sum())
    return {
        "threshold": threshold,
        "flagged_share": flagged / y.size,
        "precision": right / flagged if flagged else None,
        "recall": right / churners,
        "f1": 2 * right / (flagged + churners),
        "accuracy": float((y == is_flagged).mean()),
        "threshold_profit_amount": profit_of(y, is_flagged, profit),
    }
