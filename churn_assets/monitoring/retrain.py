"""When a model should be trained again: it is old, its users have changed, or its scores turned out badly.

Each reason is a sentence with its figures and limits. Nothing is trained here.
"""

from __future__ import annotations

from collections.abc import Iterator
from math import sqrt
from typing import TYPE_CHECKING, Any, Literal

import polars as pl

from churn_assets.contracts.feature_drift import SCORE_FEATURE

if TYPE_CHECKING:
    from churn_assets.settings import Monitoring

Condition = Literal["age", "drift", "ranking", "calibration"]
SHOWN_FEATURES = 5
ECE_BINS = 10


def retrain_reasons(
    age_days: int,
    drift: pl.DataFrame,
    performance: pl.DataFrame,
    comparisons: pl.DataFrame,
    settings: Monitoring,
) -> list[tuple[Condition, str]]:
    """(condition, reason) to train again, none where all is well.

    `age_days`: from when the newest labels that the model learned from had matured to the snapshot it scores: counted
    so, it does not depend on the horizon, and is below one cadence for a model trained at its snapshot.
    `drift`: the table feature_drift of that snapshot. `performance`: the rows of model_performance measured at it.
    `comparisons`: model_comparison of the snapshots these rows are about; without one, an AUC is held to nothing.
    """
    found: dict[Condition, Iterator[str]] = {
        "age": _age(age_days, settings.max_model_age_days),
        "drift": _drifted(drift, settings.psi_alarm, settings.max_drifted_share),
        "ranking": _ranked_worse(performance, comparisons),
        "calibration": _calibrated_worse(performance, settings.max_ece),
    }
    return [(condition, reason) for condition, reasons in found.items() for reason in reasons]


def _age(age_days: int, most: int) -> Iterator[str]:
    if age_days > most:
        yield (
            f"The newest labels the model learned from had matured {age_days} days before the snapshot, more than "
            f"{most} (monitoring.max_model_age_days)."
        )


def _drifted(drift: pl.DataFrame, alarm: float, most: float) -> Iterator[str]:
    """The score, or many features: a few always move, as those that count from a fixed day or follow campaigns."""
    far = drift.filter(pl.col("level") == "alarm").sort("psi", "feature", descending=[True, False])
    if SCORE_FEATURE in far["feature"] or len(far) > most * len(drift):
        more = len(far) - SHOWN_FEATURES
        worst = ", ".join(f"{name} {psi:.2f}" for name, psi in far.select("feature", "psi").head(SHOWN_FEATURES).rows())
        yield (
            f"{len(far)} of {len(drift)} features and scores have a population stability index of {alarm:g} or more "
            f"(monitoring.psi_alarm), where {most:.0%} may (max_drifted_share): {worst}"
            f"{f' and {more} more' if more > 0 else ''}."
        )


def _ranked_worse(performance: pl.DataFrame, comparisons: pl.DataFrame) -> Iterator[str]:
    """Over all users: without those acted upon the range of risks is narrower, and so is the AUC.

    The interval of the comparison says how sure its own figure is; the matured one varies as well. The difference of
    two figures over n and m users varies sqrt(1 + n/m) times as much as the first. A model as good as ever then falls
    short one time in forty; against the bare interval it would one time in twelve.
    """
    promised = {row["snapshot_date"]: row for row in comparisons.filter("is_shipped").iter_rows(named=True)}
    for row in performance.filter(pl.col("population") == "all", pl.col("auc").is_not_null()).iter_rows(named=True):
        said = promised.get(row["snapshot_date"])
        if said is None:
            continue
        least = said["auc"] - (said["auc"] - said["auc_low"]) * sqrt(1 + said["rows"] / row["users"])
        if row["auc"] < least:
            yield (
                f"The scores of {row['snapshot_date']} ranked with an AUC of {row['auc']:.3f} over {row['users']:,} "
                f"users, below {least:.3f}: the comparison gave {said['auc']:.3f} [{said['auc_low']:.3f}, "
                f"{said['auc_high']:.3f}] over {said['rows']:,}."
            )


def _calibrated_worse(performance: pl.DataFrame, most: float) -> Iterator[str]:
    """Over users left alone where there are any: an arm that works makes right probabilities look too high.

    Of few users even right probabilities show an error: in ten bins the mean of it is below 0.4 sqrt(10 / users).
    """
    for rows in performance.filter(pl.col("ece").is_not_null()).partition_by("snapshot_date", maintain_order=True):
        row = _least_treated(rows)
        chance = 0.4 * sqrt(ECE_BINS / row["users"])
        if row["ece"] > most + chance:
            yield (
                f"The probabilities of {row['snapshot_date']} were off by {row['ece']:.3f} on average (ECE) over "
                f"{row['users']:,} {'users left alone' if row['population'] == 'untreated' else 'users'}, more than "
                f"{most:g} (monitoring.max_ece) and the {chance:.3f} that chance gives."
            )


def _least_treated(rows: pl.DataFrame) -> dict[str, Any]:
    """The row of the untreated, else of all; 'untreated' comes last in the alphabet."""
    return rows.sort("population").row(-1, named=True)
