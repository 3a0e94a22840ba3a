"""Which single feature tells too much: nobody's churn is nearly certain from one honest number of the past."""

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
    found = [
        (feature, max(_auc(ranks[f"{feature} {end}"].item(), positives, negatives) for end in ("low", "high")))
        for feature in features
    ]
    ordered = sorted(found, key=lambda each: (-each[1], each[0]))
    return pl.DataFrame(ordered, schema={"feature": pl.String, "auc": pl.Float64}, orient="row")


def too_good(frame: pl.DataFrame, aucs: pl.DataFrame, threshold: float) -> pl.DataFrame:
    """Those of `aucs` (single_aucs of `frame`) above `threshold` that leave less than half of what recency leaves.

    Where recency itself tells nearly everything, as in shops that are bought from every week, others may too.
    Empty where either outcome has fewer than FEWEST rows.
    """
    if min(frame["is_churned"].sum(), (~frame["is_churned"]).sum()) < FEWEST:
        return aucs.clear()
    honest = aucs.filter(feature=BASELINE)["auc"]
    left = 1 - (honest.item() if len(honest) else 0.5)
    return aucs.filter((pl.col("auc") > threshold) & (1 - pl.col("auc") < left / 2))


def _auc(rank_sum: float, positives: int, negatives: int) -> float:
    auc = (rank_sum - positives * (positives + 1) / 2) / (positives * negatives)
    return max(auc, 1 - auc)
