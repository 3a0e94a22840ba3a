"""When a model should be trained again: it is old, its users have drifted, or its scores perform badly.

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
    """(condition, reason) to train again; empty where no condition holds.

    `age_days`: days from the maturity of the newest labels that the model learned from to the snapshot it scores: they
    do not depend on the horizon, and are below one cadence for a model trained at its snapshot.
    `drift`: the table feature_drift of that snapshot. `performance`: the rows of model_performance measured at it.
    `comparisons`: model_comparison of the snapshots these rows are about; without one, an AUC has no limit.
    """
    reasons_by_condition: dict[Condition, Iterator[str]] = {
        "age": _age(age_days, settings.max_model_age_days),
        "drift": _drifted(drift, settings.psi_alarm, settings.max_drifted_share),
        "ranking": _ranked_worse(performance, comparisons),
        "calibration": _calibrated_worse(performance, settings.max_ece),
    }
    return [(condition, reason) for condition, reasons in reasons_by_condition.items() for reason in reasons]


def _age(age_days: int, max_days: int) -> Iterator[str]:
    if age_days > max_days:
        yield (
            f"The newest labels the model learned from had matured {age_days} days before the snapshot, more than "
            f"{max_days} (monitoring.max_model_age_days)."
        )


def _drifted(drift: pl.DataFrame, alarm: float, max_share: float) -> Iterator[str]:
    """The score, or many features."""
    alarms = drift.filter(pl.col("level") == "alarm").sort("psi", "feature", descending=[True, False])
    if SCORE_FEATURE in alarms["feature"] or len(alarms) > max_share * len(drift):
        more = len(alarms) - SHOWN_FEATURES
        worst = ", ".join(
            f"{name} {psi:.2f}" for name, psi in alarms.select("feature", "psi").head(SHOWN_FEATURES).rows()
        )
        yield (
            f"{len(alarms)} of {len(drift)} features and scores have a population stability index of {alarm:g} or more "
            f"(monitoring.psi_alarm), where {max_share:.0%} may (max_drifted_share): {worst}"
            f"{f' and {more} more' if more > 0 else ''}."
        )


def _ranked_worse(performance: pl.DataFrame, comparisons: pl.DataFrame) -> Iterator[str]:
    """Ranking over all users: without users acted upon the range of risks is narrower, and the AUC lower.

    The interval of the comparison covers the error of its own AUC only; the matured AUC varies as well. The difference
    of two AUCs over n and m users varies sqrt(1 + n/m) times as much as the first. An unchanged model then fails one
    time in forty; against the bare interval it would fail one time in twelve.
    """
    expected_by_date = {row["snapshot_date"]: row for row in comparisons.filter("is_shipped").iter_rows(named=True)}
    for row in performance.filter(pl.col("population") == "all", pl.col("auc").is_not_null()).iter_rows(named=True):
        expected = expected_by_date.get(row["snapshot_date"])
        if expected is None:
            continue
        lowest_auc = expected["auc"] - (expected["auc"] - expected["auc_low"]) * sqrt(
            1 + expected["rows"] / row["users"]
        )
        if row["auc"] < lowest_auc:
            yield (
                f"The scores of {row['snapshot_date']} ranked with an AUC of {row['auc']:.3f} over {row['users']:,} "
                f"users, below {lowest_auc:.3f}: the comparison gave {expected['auc']:.3f} [{expected['auc_low']:.3f}, "
                f"{expected['auc_high']:.3f}] over {expected['rows']:,}."
            )


def _calibrated_worse(performance: pl.DataFrame, max_ece: float) -> Iterator[str]:
    """Calibration, over users left alone if any: an arm that works makes correct probabilities look too high.

    With few users even correct probabilities have an error: in ten bins its mean is below 0.4 sqrt(10 / users).
    """
    for rows in performance.filter(pl.col("ece").is_not_null()).partition_by("snapshot_date", maintain_order=True):
        row = _least_treated(rows)
        chance_ece = 0.4 * sqrt(ECE_BINS / row["users"])
        if row["ece"] > max_ece + chance_ece:
            yield (
                f"The probabilities of {row['snapshot_date']} were off by {row['ece']:.3f} on average (ECE) over "
                f"{row['users']:,} {'users left alone' if row['population'] == 'untreated' else 'users'}, more than "
                f"{max_ece:g} (monitoring.max_ece) and the {chance_ece:.3f} that chance gives."
            )


def _least_treated(rows: pl.DataFrame) -> dict[str, Any]:
    """The row of the untreated, else of all; 'untreated' comes last in the alphabet."""
    return rows.sort("population").row(-1, named=True)
