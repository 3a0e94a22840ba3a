"""Which slices of a training set are tested on, and the slice that calibrates each: the newest matured by it."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from churn_assets.model.slices import NothingToTest, assert_matured
from churn_assets.model.splits import Split, splits

if TYPE_CHECKING:
    import polars as pl

Tested = tuple[Split, Split | None]


def tested_splits(rows: pl.DataFrame, *, snapshot: date, gap_days: int, horizon_days: int, most: int) -> list[Tested]:
    """(split, split of the slice before) of the `most` newest slices that can be tested on, ascending.

    The slice before is the newest that the split learns from; None where that one cannot be predicted itself. Raises
    NothingToTest where nothing can be tested, LeakingSplit on a slice that has not matured by `snapshot`.
    """
    days = rows["snapshot_date"].unique().to_list()
    assert_matured(days, snapshot, gap_days=gap_days, horizon_days=horizon_days)
    testable = splits(rows, gap_days=gap_days, horizon_days=horizon_days)
    if not testable:
        raise NothingToTest(
            f"The training set of {snapshot} holds {len(days)} slices, none with enough of both churners and stayers "
            "and in slices that had matured by it: more history is needed (training.slices, an earlier calendar.start)."
        )
    predictable = {split.test: split for split in testable}
    return [(split, predictable.get(split.train[-1])) for split in testable[-most:]]
