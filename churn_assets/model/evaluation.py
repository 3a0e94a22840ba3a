"""Metrics of a model on rows it has not seen: ranking, probabilities, and confidence intervals.

No model is fitted here. Ranking metrics respect ties; intervals come from a bootstrap over users, so that rows of one
user stay together.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from churn_assets.model.calibration import ece

if TYPE_CHECKING:
    import numpy.typing as npt

    from churn_assets.model.matrix import Floats

LIFT_SHARES = (0.05, 0.10, 0.20)
SMALLEST_PROBABILITY = 1e-6  # a probability of 0 or 1 that fails once would cost an infinite log-loss


def evaluate(
    is_churned: npt.NDArray[np.bool_],
    churn_probability: Floats,
    user_ids: npt.NDArray[np.str_],
    *,
    seed: int,
    draws: int = 200,
) -> dict[str, float]:
    """Metrics over rows of one or more slices, in the order of the table `model_comparison`: see `figures`.

    The intervals are from `draws` bootstrap draws over users. Raises ValueError when only one outcome is present.
    """
    if is_churned.all() or not is_churned.any():
        raise ValueError(
            f"is_churned holds one outcome only in {is_churned.size} rows: nothing to rank; take a slice with both."
        )
    rankings = bootstrap(is_churned, churn_probability, user_ids, seed=seed, draws=draws)
    return figures(is_churned, churn_probability, user_ids, rankings)


def figures(
    is_churned: npt.NDArray[np.bool_], churn_probability: Floats, user_ids: npt.NDArray[np.str_], rankings: Floats
) -> dict[str, float]:
    """Metrics, with the intervals that the draws `rankings` (see `bootstrap`) give.

    auc and average_precision with ties counted half (as scikit-learn does), auc_low/high and average_precision_low/high
    from 2.5 to 97.5 % of the draws, log_loss, brier, ece (10 equal-width bins), and lift_5, lift_10, lift_20: churn
    rate among the riskiest 5, 10, 20 % over the churn rate of all (ties by user_id).
    """
    order = np.lexsort((user_ids, -churn_probability))
    y, p = is_churned[order], churn_probability[order]
    auc, average_precision = _ranking(y, p, np.ones(y.size))
    low, high = np.quantile(rankings, [0.025, 0.975], axis=0)
    return {
        "auc": auc,
        "auc_low": float(low[0]),
        "auc_high": float(high[0]),
        "average_precision": average_precision,
        "average_precision_low": float(low[1]),
        "average_precision_high": float(high[1]),
        "log_loss": log_loss(y, p),
        "brier": float(((p - y) ** 2).mean()),
        "ece": ece(y, p),
    } | {f"lift_{share:.0%}".removesuffix("%"): _lift(y, share) for share in LIFT_SHARES}


def log_loss(is_churned: npt.NDArray[np.bool_], churn_probability: Floats) -> float:
    """Mean negative log-likelihood, in nats."""
    p = np.clip(churn_probability, SMALLEST_PROBABILITY, 1 - SMALLEST_PROBABILITY)
    return float(-np.log(np.where(is_churned, p, 1 - p)).mean())


def _ranking(y: npt.NDArray[np.bool_], p: Floats, weights: Floats) -> tuple[float, float]:
    """(AUC, average precision) of weighted rows sorted by descending p, in one pass over the tied groups."""
    ends = np.append(np.flatnonzero(np.diff(p)), p.size - 1)
    churned = np.cumsum(weights * y)[ends]
    rows = np.cumsum(weights)[ends]
    stayed = rows - churned
    new_churned, new_stayed = np.diff(churned, prepend=0.0), np.diff(stayed, prepend=0.0)
    precision = np.divide(churned, rows, out=np.zeros_like(rows), where=rows > 0)
    auc = (new_stayed * (churned - new_churned / 2)).sum() / (churned[-1] * stayed[-1])
    return float(auc), float((new_churned * precision).sum() / churned[-1])


def bootstrap(
    is_churned: npt.NDArray[np.bool_],
    churn_probability: Floats,
    user_ids: npt.NDArray[np.str_],
    *,
    seed: int,
    draws: int = 200,
) -> Floats:
    """AUC and average precision, one row per draw, which weights a row by how often its user was drawn.

    The draws depend on users and seed alone, so those of two models on the same rows are pairs. One with one outcome
    only has no ranking and is left out; that happens only when one outcome is very rare.
    """
    order = np.lexsort((user_ids, -churn_probability))
    y, p, ids = is_churned[order], churn_probability[order], user_ids[order]
    users, user_of_row = np.unique(ids, return_inverse=True)
    random = np.random.default_rng(seed)
    rankings = []
    for _ in range(draws):
        drawn = np.bincount(random.integers(0, users.size, users.size), minlength=users.size)
        weights = drawn[user_of_row].astype(np.float64)
        if weights[y].any() and weights[~y].any():
            rankings.append(_ranking(y, p, weights))
    return np.array(rankings)


def _lift(y: npt.NDArray[np.bool_], share: float) -> float:
    top = math.ceil(round(share * y.size, 9))
    return float(y[:top].mean() / y.mean())
