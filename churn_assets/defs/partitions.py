"""The calendar of the home that this process serves, as partitions, and the named offsets by which assets look back.

Import it from modules that define assets only: it reads the home, which the command line settles first. The partition
key is the snapshot date D; partition D exists from D on (`end_offset=1`).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from functools import cached_property
from math import ceil

import dagster as dg

from churn_assets.instance.calendar import CADENCE_DAYS, SnapshotCalendar
from churn_assets.instance.home import Home


@dataclass(frozen=True)
class SnapshotPartitions:
    """A calendar as partitions and partition mappings of Dagster."""

    calendar: SnapshotCalendar

    @cached_property
    def partitions(self) -> dg.TimeWindowPartitionsDefinition:
        start = self.calendar.start
        if self.calendar.cadence == "daily":
            return dg.DailyPartitionsDefinition(start.isoformat(), end_offset=1)
        if self.calendar.cadence == "weekly":
            day = start.isoweekday() % 7  # cron counts from Sunday
            return dg.WeeklyPartitionsDefinition(start.isoformat(), day_offset=day, end_offset=1)
        return dg.MonthlyPartitionsDefinition(start.isoformat(), day_offset=start.day, end_offset=1)

    def matured_slices(self, *, gap_days: int, horizon_days: int, slices: int, step_days: int) -> dg.PartitionMapping:
        """Named offset: the snapshots whose labels have matured at D, as far back as the training set reaches.

        Months differ in length: there it is the widest range that is ever needed.
        """
        longest = CADENCE_DAYS[self.calendar.cadence]
        shortest = 28 if self.calendar.cadence == "monthly" else longest
        window_days = gap_days + horizon_days
        oldest = ceil(window_days / shortest) + ceil(step_days / shortest) * slices  # a step more: model/slices.py
        return dg.TimeWindowPartitionMapping(
            start_offset=-oldest,
            end_offset=-ceil(window_days / longest),
            allow_nonexistent_upstream_partitions=True,
        )

    def all_before(self) -> dg.PartitionMapping:
        """Named offset: every earlier snapshot; what was decided or scored then is measured now."""
        return dg.TimeWindowPartitionMapping(
            start_offset=-520, end_offset=-1, allow_nonexistent_upstream_partitions=True
        )

    def all_until(self) -> dg.PartitionMapping:
        """Named offset: every snapshot up to this one; what is scored now is compared with what was scored before."""
        return dg.TimeWindowPartitionMapping(
            start_offset=-520, end_offset=0, allow_nonexistent_upstream_partitions=True
        )


def snapshots_of(context: dg.AssetExecutionContext | dg.AssetCheckExecutionContext) -> list[date]:
    """The snapshots of a run, one or a range, ascending."""
    return sorted(date.fromisoformat(key) for key in context.partition_keys)


CALENDAR = SnapshotPartitions(SnapshotCalendar.of(Home.from_environment()))
