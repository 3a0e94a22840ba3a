"""Dagster sees the snapshots of the calendar, and the named offsets deliver exactly the closed windows: nothing that
has not matured, and all that has.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta
from itertools import product

import dagster as dg
import pytest
from dagster import AssetKey
from hypothesis import given
from hypothesis import strategies as st

from churn_assets.defs.partitions import SnapshotPartitions
from churn_assets.defs.training.assets import training_set
from churn_assets.instance.calendar import SnapshotCalendar
from churn_assets.model.slices import training_slices
from churn_assets.stages import Stage

NOW = datetime(2026, 11, 16)
STARTS = {"daily": date(2025, 10, 1), "weekly": date(2025, 1, 6), "monthly": date(2024, 1, 1)}
WINDOWS = [(0, 28), (7, 28), (0, 14), (3, 90)]


def upstream(calendar: SnapshotCalendar, mapping: dg.PartitionMapping, snapshot: date) -> list[date]:
    """The snapshots that a mapping delivers to the one at `snapshot`."""
    partitions = SnapshotPartitions(calendar).partitions
    keys = partitions.empty_subset().with_partition_keys([snapshot.isoformat()])
    result = mapping.get_upstream_mapped_partitions_result_for_partitions(
        keys, partitions, partitions, current_time=NOW
    )
    return sorted(date.fromisoformat(key) for key in result.partitions_subset.get_partition_keys())


@pytest.mark.parametrize("cadence", ["daily", "weekly"])
@pytest.mark.parametrize(("gap_days", "horizon_days"), WINDOWS)
def test_the_newest_slice_is_the_newest_whose_window_has_closed(cadence: str, gap_days: int, horizon_days: int) -> None:
    calendar = SnapshotCalendar(STARTS[cadence], cadence)
    mapping = SnapshotPartitions(calendar).matured_slices(
        gap_days=gap_days, horizon_days=horizon_days, slices=4, step_days=28
    )
    window = timedelta(days=gap_days + horizon_days)
    for snapshot in calendar.dates(NOW)[-10:]:
        closed = [day for day in calendar.dates(NOW) if day + window <= snapshot]
        found = upstream(calendar, mapping, snapshot)
        assert found[-1] == closed[-1], snapshot
        assert found == closed[-len(found) :], snapshot


@pytest.mark.parametrize(("cadence", "window"), list(product(STARTS, WINDOWS)))
def test_every_slice_that_training_takes_is_delivered(cadence: str, window: tuple[int, int]) -> None:
    gap_days, horizon_days = window
    calendar = SnapshotCalendar(STARTS[cadence], cadence)
    mapping = SnapshotPartitions(calendar).matured_slices(
        gap_days=gap_days, horizon_days=horizon_days, slices=4, step_days=28
    )
    dates = calendar.dates(NOW)
    for snapshot in dates[-10:]:
        taken = training_slices(snapshot, dates, gap_days=gap_days, horizon_days=horizon_days, slices=4, step_days=28)
        assert set(taken) <= set(upstream(calendar, mapping, snapshot)), snapshot


def test_a_mapping_that_reaches_before_the_calendar_delivers_what_there_is() -> None:
    calendar = SnapshotCalendar(date(2026, 9, 7), "weekly")
    mapping = SnapshotPartitions(calendar).matured_slices(gap_days=0, horizon_days=28, slices=8, step_days=28)
    assert upstream(calendar, mapping, date(2026, 10, 12)) == [date(2026, 9, 7), date(2026, 9, 14)]


def test_what_was_decided_before_is_everything_earlier_and_never_the_snapshot_itself() -> None:
    calendar = SnapshotCalendar(date(2026, 9, 7), "weekly")
    partitions, snapshot = SnapshotPartitions(calendar), date(2026, 9, 28)
    assert upstream(calendar, partitions.all_before(), snapshot) == calendar.dates(NOW)[:3]
    assert upstream(calendar, partitions.all_until(), snapshot) == calendar.dates(NOW)[:4]


@given(
    st.dates(date(2020, 1, 1), date(2025, 6, 30)), st.sampled_from(["daily", "weekly", "monthly"]),
    st.datetimes(datetime(2020, 1, 1), datetime(2026, 11, 16)),
)  # fmt: skip
def test_dagster_sees_the_snapshots_of_the_calendar(start: date, cadence: str, now: datetime) -> None:
    """Months without the day of the start have none; of Dagster's keys the newest may not have come yet."""
    calendar = SnapshotCalendar(start, cadence)
    keys = SnapshotPartitions(calendar).partitions.get_partition_keys(current_time=now)
    assert calendar.dates(now) == [day for key in keys if (day := date.fromisoformat(key)) <= now.date()]


def test_the_training_set_looks_back_through_the_named_offset() -> None:
    for table in ("user_features", "churn_labels"):
        mapping = training_set.get_partition_mapping(AssetKey([Stage.FEATURES, table]))
        assert mapping == dg.TimeWindowPartitionMapping(
            start_offset=-36, end_offset=-4, allow_nonexistent_upstream_partitions=True
        )
