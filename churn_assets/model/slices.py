"""Which snapshots a model may learn from, and which one it is tested on. Dates only; no frame is read here.

A slice is one past snapshot with its labels. It has matured when its label window [s + gap, s + gap + horizon) is over.
"""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING

from churn_assets.failures import Failure

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence


class LeakingSplit(Failure, ValueError, code="training"):
    """A label window reaches past the date on which its outcome is used."""


class NothingToTest(Failure, ValueError, code="training"):
    """Too little has matured for any test out of time."""


class NothingKept(Failure, ValueError, code="training"):
    """No feature is above noise in enough slices."""


def training_slices(
    snapshot: date, calendar: Iterable[date], *, gap_days: int, horizon_days: int, slices: int, step_days: int
) -> list[date]:
    """The slices to train on, ascending: the newest calendar date matured by `snapshot`, and earlier dates at least
    `step_days` apart, `slices` in all at most. Empty when nothing has matured yet.

    Earlier dates are on a grid from the start of `calendar`, so that next week's training uses the same ones.
    """
    dates = sorted(calendar)
    newest = max((day for day in dates if day <= snapshot - timedelta(days=gap_days + horizon_days)), default=None)
    if newest is None:
        return []
    grid: list[date] = []
    for day in dates:
        if not grid or day >= grid[-1] + timedelta(days=step_days):
            grid.append(day)
    earlier = [day for day in grid if day <= newest - timedelta(days=step_days)]
    return [*earlier[max(len(earlier) - slices + 1, 0) :], newest]


def out_of_time_split(slices: Sequence[date], *, gap_days: int, horizon_days: int) -> tuple[list[date], date]:
    """(train, test): the newest slice is the test, train are the slices matured by it; train may be empty.

    Raises ValueError on no slices.
    """
    if not slices:
        raise ValueError("training_set: no slice to split; a matured snapshot is needed (see the data gate).")
    test = max(slices)
    last_matured = test - timedelta(days=gap_days + horizon_days)
    return sorted(day for day in slices if day <= last_matured), test


def assert_matured(train: Iterable[date], by: date, *, gap_days: int, horizon_days: int) -> None:
    """Raises LeakingSplit naming the slices whose label window is not over on the date `by`."""
    window = timedelta(days=gap_days + horizon_days)
    leaking = [f"{day} (matures {day + window})" for day in sorted(train) if day + window > by]
    if leaking:
        raise LeakingSplit(
            f"training_set.snapshot_date: label windows not over by {by}: {', '.join(leaking)}. "
            "Leave these slices out; training_slices and out_of_time_split choose matured ones."
        )
