"""Drift: the users scored now against those the model learned from, feature by feature, and their scores.

A PSI is a drift under three conditions. Movement: it is above USUAL_FACTOR times the largest between slices that the
model learned from, as many days apart, since days counted from a fixed day, seasons and campaigns move features of
every healthy shop; with fewer than MIN_MOVES such moves nothing is known of a feature, and it is no drift.
Significance: without any change some row of the table exceeds its critical value
with probability `monitoring.false_alarm_share` at most (Bonferroni: each row has an equal part of that share). Size: it
reaches `monitoring.psi_warn` or `psi_alarm`, since in a large shop the smallest change is significant; 0.1 and 0.25 are
the convention of credit scoring (Siddiqi 2006, Credit Risk Scorecards).
"""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

import polars as pl

from churn_assets.contracts.feature_drift import SCORE_FAMILY, SCORE_FEATURE, FeatureDrift
from churn_assets.model.matrix import feature_matrix
from churn_assets.monitoring.bins import bin_counts
from churn_assets.monitoring.psi import psi, psi_critical, used_bins

if TYPE_CHECKING:
    from collections.abc import Sequence

    from churn_assets.contracts.feature import Feature
    from churn_assets.model.matrix import Floats
    from churn_assets.settings import Monitoring

USUAL_FACTOR = 2.0
MIN_MOVES = 2
SLICE_USERS = 20_000  # of each slice, every so-many-th: an index is then sure to 0.001
SCHEMA = {name: column.dtype.type for name, column in FeatureDrift.to_schema().columns.items()}


def feature_drift(
    users: pl.DataFrame,
    learned: pl.DataFrame,
    earlier: pl.DataFrame,
    scored_before: pl.DataFrame | None,
    features: Sequence[Feature],
    *,
    model_version: str,
    settings: Monitoring,
) -> pl.DataFrame:
    """The table `feature_drift` of one snapshot, largest PSI first. A frame has one row per user of one snapshot_date.

    `users`: the eligible users scored at the snapshot, with features and churn_probability. `learned`: one slice of the
    training set, the newest, with features. Only one slice: a user is in several, and rows of one user are not
    independent, which the critical value assumes. `earlier`: all slices of the training set with features, for how far
    each usually moves. `scored_before`: eligible users of an earlier scored snapshot with
    churn_probability, or None: then the score has no row. `features`: those that the model uses.
    Raises ValueError naming a feature that a frame lacks, or a frame that is not of one snapshot.
    """
    names = [feature.name for feature in features]
    reference_columns, current_columns = (_columns(frame, names) for frame in (learned, users))
    descriptions = [(feature.name, feature.family, _day(learned)) for feature in features]
    if scored_before is not None:
        descriptions.append((SCORE_FEATURE, SCORE_FAMILY, _day(scored_before)))
        reference_columns += _columns(scored_before, [SCORE_FEATURE])
        current_columns += _columns(users, [SCORE_FEATURE])
    usual = usual_moves(earlier, features, days=(_day(users) - _day(learned)).days)
    share = settings.false_alarm_share / len(descriptions)
    rows = [
        {"feature": feature, "family": family, "reference_date": day, "usual_psi": usual.get(feature)}
        | _compared(before, after, share)
        for (feature, family, day), before, after in zip(descriptions, reference_columns, current_columns, strict=True)
    ]
    frame = pl.DataFrame(rows, schema_overrides=SCHEMA).with_columns(
        snapshot_date=pl.lit(_day(users)), model_version=pl.lit(model_version), level=_level(settings)
    )
    return frame.select(list(SCHEMA)).sort("psi", "feature", descending=[True, False])


def usual_moves(earlier: pl.DataFrame, features: Sequence[Feature], *, days: int) -> dict[str, float]:
    """Feature -> the largest PSI between two slices of `earlier` about so many days apart; of MIN_MOVES at least."""
    names = [feature.name for feature in features]
    slices = {
        day[0]: _columns(part.gather_every(-(-part.height // SLICE_USERS)), names)
        for day, part in earlier.sort("snapshot_date", "user_id").group_by("snapshot_date", maintain_order=True)
        if isinstance(day[0], date)
    }
    pairs = []
    for later in slices:
        before = [day for day in slices if day < later]
        if before:
            pairs.append((min(before, key=lambda day: abs((later - day).days - days)), later))
    if len(pairs) < MIN_MOVES:
        return {}
    return {
        name: max(float(psi(*bin_counts(slices[before][place], slices[later][place]))) for before, later in pairs)
        for place, name in enumerate(names)
    }


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
    """`usual_psi` of a score is unknown: it is held against the week before, and by its size alone."""
    value, usual = pl.col("psi"), pl.col("usual_psi")
    is_unusual = pl.when(pl.col("family") == SCORE_FAMILY).then(statement=True).otherwise(value > USUAL_FACTOR * usual)
    is_beyond_chance = pl.col("is_significant") & is_unusual.fill_null(value=False)
    return (
        pl.when(is_beyond_chance & (value >= settings.psi_alarm))
        .then(pl.lit("alarm"))
        .when(is_beyond_chance & (value >= settings.psi_warn))
        .then(pl.lit("warn"))
        .otherwise(pl.lit("none"))
    )
