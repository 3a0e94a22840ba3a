"""Which single feature predicts churn suspiciously well, a sign of leakage."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

BASELINE = "recency_days"
FEWEST = 50  # of either outcome; among fewer, one number in a hundred is perfect by chance


def single_aucs(frame: pl.DataFrame, features: Sequence[str], label: str = "is_churned") -> pl.DataFrame:
    """One row per feature, best first: `auc` of it alone, in the direction that ranks better (0.5 to 1).

    Unknown is a value of its own: below all others or above them, whichever ranks better. Ties count half.
    """
    churned = frame[label]
    positives, negatives = int(churned.sum()), int((~churned).sum())
    if not positives or not negatives:
        return pl.DataFrame(schema={"feature": pl.String, "auc": pl.Float64})
    ranks = frame.select(
        pl.col(feature).cast(pl.Float64).rank("dense").fill_null(end).rank("average").filter(label).sum().alias(name)
        for feature in features
        for name, end in ((f"{feature} low", 0), (f"{feature} high", frame.height + 1))
    )
    aucs = [
        (feature, max(_auc(ranks[f"{feature} {end}"].item(), positives, negatives) for end in ("low", "high")))
        for feature in features
    ]
    ordered = sorted(aucs, key=lambda pair: (-pair[1], pair[0]))
    return pl.DataFrame(ordered, schema={"feature": pl.String, "auc": pl.Float64}, orient="row")


def too_good(frame: pl.DataFrame, aucs: pl.DataFrame, threshold: float) -> pl.DataFrame:
    """Those of `aucs` (single_aucs of `frame`) above `threshold` whose 1 - AUC is less than half of that of recency.

    Where recency itself is nearly perfect, as in shops with weekly purchases, other features may be too.
    Empty where either outcome has fewer than FEWEST rows.
    """
    if min(frame["is_churned"].sum(), (~frame["is_churned"]).sum()) < FEWEST:
        return aucs.clear()
    recency_auc = aucs.filter(feature=BASELINE)["auc"]
    recency_error = 1 - (recency_auc.item() if len(recency_auc) else 0.5)
    return aucs.filter((pl.col("auc") > threshold) & (1 - pl.col("auc") < recency_error / 2))


def _auc(rank_sum: float, positives: int, negatives: int) -> float:
    auc = (rank_sum - positives * (positives + 1) / 2) / (positives * negatives)
    return max(auc, 1 - auc)
