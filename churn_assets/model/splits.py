"""Which slice is predicted from which others, and the rows on either side. No model is fitted here.

A training row whose label window reaches past the first day of the predicted slice raises LeakingSplit.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time

import numpy as np
import polars as pl

from churn_assets.model.gate import MIN_SIDE
from churn_assets.model.slices import LeakingSplit, assert_matured, out_of_time_split


@dataclass(frozen=True)
class Split:
    """Slices to learn from, ascending, and the one predicted."""

    train: tuple[date, ...]
    test: date


def splits(rows: pl.DataFrame, *, gap_days: int, horizon_days: int) -> list[Split]:
    """One per slice that can be predicted, ascending: both sides have MIN_SIDE rows of either outcome."""
    days = sorted(rows["snapshot_date"].unique())
    predictable = []
    for end in range(1, len(days) + 1):
        train, test = out_of_time_split(days[:end], gap_days=gap_days, horizon_days=horizon_days)
        if all(_has_both_sides(rows, part) for part in (train, [test])):
            predictable.append(Split(tuple(train), test))
    return predictable


def sides(
    rows: pl.DataFrame, split: Split, *, gap_days: int, horizon_days: int, most_rows: int
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """(training, test) rows, each sorted by snapshot_date and user_id.

    Beyond `most_rows` training rows every so-many-th is taken, of all slices alike. Raises LeakingSplit.
    """
    assert_matured(split.train, split.test, gap_days=gap_days, horizon_days=horizon_days)
    ordered = rows.sort("snapshot_date", "user_id")
    training = ordered.filter(pl.col("snapshot_date").is_in(split.train))
    late = training.filter(pl.col("matures_at") > datetime.combine(split.test, time()))
    if late.height:
        raise LeakingSplit(
            f"training_set.matures_at: {late.height} labels of {late['snapshot_date'][0]} are not over by "
            f"{split.test}. They were made for a longer window than the settings say; make the training set "
            "again (churn run)."
        )
    return thinned(training, most_rows), ordered.filter(pl.col("snapshot_date") == split.test)


def thinned(rows: pl.DataFrame, most_rows: int) -> pl.DataFrame:
    """Every so-many-th row, so that `most_rows` stay: of sorted rows the same share of every slice."""
    return rows if rows.height <= most_rows else rows[np.arange(most_rows) * rows.height // most_rows]


def _has_both_sides(rows: pl.DataFrame, days: Sequence[date]) -> bool:
    churned = rows.filter(pl.col("snapshot_date").is_in(days))["is_churned"]
    return min(int(churned.sum()), int((~churned).sum())) >= MIN_SIDE
