"""Drift: the users scored now against those the model learned from, feature by feature, and their scores against those
that the same model gives to the users of the snapshot before.

A PSI is a drift under three conditions.

- News: the users are like those of no earlier snapshot. Days counted from a fixed day, seasons, and mailings every
  second week move features of every healthy shop. So the PSI from the nearest earlier snapshot is above USUAL_FACTOR
  times what it was at recent snapshots; with fewer than FEWEST_SNAPSHOTS of these nothing is known of a feature, and
  it is no drift. News of an earlier week is none any more, although the model has not learned from it.
- Significance: without any change some row of the table exceeds its critical value with probability
  `monitoring.false_alarm_share` at most (Bonferroni: each row has an equal part of that share).
- Size: the PSI, from the users learned from and from the nearest snapshot, reaches `monitoring.psi_warn` or
  `psi_alarm`, since in a large shop the smallest change is significant; 0.1 and 0.25 are the convention of credit
  scoring (Siddiqi 2006, Credit Risk Scorecards).

Rates of false alarms and of detection: benchmarks/alarms.py.
"""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from churn_assets.contracts.feature_drift import SCORE_FAMILY, SCORE_FEATURE, FeatureDrift
from churn_assets.model.matrix import feature_matrix
from churn_assets.monitoring.bins import bin_counts, group_counts
from churn_assets.monitoring.psi import psi, psi_critical, used_bins

if TYPE_CHECKING:
    from collections.abc import Sequence

    from churn_assets.contracts.feature import Feature
    from churn_assets.model.matrix import Floats
    from churn_assets.settings import Monitoring

USUAL_FACTOR = 2.0
# Half a year of weeks: the shop's campaigns of every second month have come three times.
HISTORY_SNAPSHOTS = 26
FEWEST_SNAPSHOTS = 4
HISTORY_USERS = 1_000  # of each snapshot: ten bins then differ by 0.075 by chance once in 100,000 features
NOTHING_KNOWN: dict[str, float | None] = {"nearest_psi": None, "usual_psi": None}
SCHEMA = {name: column.dtype.type for name, column in FeatureDrift.to_schema().columns.items()}


def feature_drift(
    users: pl.DataFrame,
    learned: pl.DataFrame,
    history: pl.DataFrame,
    scored_before: pl.DataFrame | None,
    features: Sequence[Feature],
    *,
    model_version: str,
    settings: Monitoring,
) -> pl.DataFrame:
    """The table `feature_drift` of one snapshot, largest PSI first. A frame has one row per user of one snapshot_date.

    `users`: the eligible users scored at the snapshot, with features and churn_probability. `learned`: one slice of the
    training set, the newest, with features. Only one slice: a user is in several, and rows of one user are not
    independent, which the critical value assumes. `history`: a sample, drawn alike, of the eligible users of the
    snapshot and of the earlier ones that were built, with features and churn_probability. `scored_before`: those of the
    scored snapshot before, or None: then the score has no row. All probabilities are those of the model that scores
    now, since models differ more from week to week than users do. `features`: those that the model uses.
    Raises ValueError naming a feature that a frame lacks, or a frame that is not of one snapshot.
    """
    names = [feature.name for feature in features]
    reference_columns, current_columns = (_columns(frame, names) for frame in (learned, users))
    descriptions = [(feature.name, feature.family, _day(learned)) for feature in features]
    if scored_before is not None:
        descriptions.append((SCORE_FEATURE, SCORE_FAMILY, _day(scored_before)))
        reference_columns += _columns(scored_before, [SCORE_FEATURE])
        current_columns += _columns(users, [SCORE_FEATURE])
    news = distances(history, [feature for feature, *_ in descriptions], snapshot=_day(users))
    share = settings.false_alarm_share / len(descriptions)
    rows = [
        {"feature": feature, "family": family, "reference_date": day}
        | news.get(feature, NOTHING_KNOWN)
        | _compared(before, after, share)
        for (feature, family, day), before, after in zip(descriptions, reference_columns, current_columns, strict=True)
    ]
    frame = pl.DataFrame(rows, schema_overrides=SCHEMA).with_columns(
        snapshot_date=pl.lit(_day(users)), model_version=pl.lit(model_version), level=_level(settings)
    )
    return frame.select(list(SCHEMA)).sort("psi", "feature", descending=[True, False])


def distances(history: pl.DataFrame, names: Sequence[str], *, snapshot: date) -> dict[str, dict[str, float | None]]:
    """Column -> `nearest_psi`, the PSI from the nearest earlier snapshot, and `usual_psi`, the largest such PSI of the
    newer half of the earlier ones: they had half as many snapshots before them, or more. Empty with fewer than
    FEWEST_SNAPSHOTS in that half.
    """
    known = history.filter(pl.col("snapshot_date") <= snapshot).sort("snapshot_date", "user_id")
    users = known.group_by("snapshot_date", maintain_order=True).len()["len"]
    now = len(users) - 1
    if now - now // 2 < FEWEST_SNAPSHOTS:
        return {}
    ends = users.cum_sum().to_list()[:-1]
    by_feature: dict[str, dict[str, float | None]] = {}
    for name, column in zip(names, _columns(known, names), strict=True):
        counts = group_counts(np.split(column, ends))
        between = psi(counts[:, None, :], counts[None, :, :])
        nearest = [float(between[later, :later].min()) for later in range(now // 2, now + 1)]
        by_feature[name] = {"nearest_psi": nearest[-1], "usual_psi": max(nearest[:-1])}
    return by_feature


def _columns(frame: pl.DataFrame, names: Sequence[str]) -> list[Floats]:
    return list(feature_matrix(frame, names).T)


def _day(frame: pl.DataFrame) -> date:
    days: list[date] = frame["snapshot_date"].unique().sort().to_list()
    if len(days) != 1:
        dates = ", ".join(map(str, days)) or "no users"
        raise ValueError(f"feature_drift: users of one snapshot are compared with those of another, got {dates}.")
    return days[0]


def _compared(reference: Floats, current: Floats, false_alarm_share: float) -> dict[str, object]:
    counts = bin_counts(reference, current)
    bins = int(used_bins(*counts).sum())
    value = float(psi(*counts))
    critical = psi_critical(reference.size, current.size, bins, false_alarm_share=false_alarm_share)
    return {
        "reference_users": reference.size,
        "users": current.size,
        "bins": bins,
        "psi": value,
        "psi_critical": critical,
        "is_significant": value > critical,
        "reference_missing_share": float(counts[0][-1] / reference.size),
        "missing_share": float(counts[1][-1] / current.size),
    }


def _level(settings: Monitoring) -> pl.Expr:
    is_news = (pl.col("nearest_psi") > USUAL_FACTOR * pl.col("usual_psi")).fill_null(value=False)
    is_drift, size = pl.col("is_significant") & is_news, pl.min_horizontal("psi", "nearest_psi")
    return (
        pl.when(is_drift & (size >= settings.psi_alarm))
        .then(pl.lit("alarm"))
        .when(is_drift & (size >= settings.psi_warn))
        .then(pl.lit("warn"))
        .otherwise(pl.lit("none"))
    )
