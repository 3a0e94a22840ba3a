"""The one calendar of every partitioned asset, and the named offsets by which an asset looks back in time.

The partition key is the snapshot date D: a boundary, not a window. Partition D exists from D on (`end_offset=1`).
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import cached_property
from math import ceil

import dagster as dg

from churn_assets.defs.home import Home
from churn_assets.defs.storage.record import Record
from churn_assets.failures import Failure

START_FACT = "calendar.start"
DEFAULT_START = date(2024, 1, 1)  # a Monday; in force only until a home knows its oldest order
CADENCE_DAYS = {"daily": 1, "weekly": 7, "monthly": 31}


class CalendarError(Failure, ValueError):
    """A date that is no snapshot; the message says which ones are near."""


@dataclass(frozen=True)
class Calendar:
    """Snapshot dates from `start` on at a fixed cadence."""

    start: date
    cadence: str

    @classmethod
    def of(cls, home: Home) -> Calendar:
        """The calendar of a home: as set; else as pinned at its first run; else a default that fits no data yet."""
        settings = home.settings.calendar
        pinned = Record(home.record).fact(START_FACT) if settings.start is None and home.record.exists() else None
        start = settings.start or (date.fromisoformat(pinned) if pinned else DEFAULT_START)
        return cls(start, settings.cadence)

    @cached_property
    def partitions(self) -> dg.TimeWindowPartitionsDefinition:
        if self.cadence == "daily":
            return dg.DailyPartitionsDefinition(self.start.isoformat(), end_offset=1)
        if self.cadence == "weekly":
            day = self.start.isoweekday() % 7  # cron counts from Sunday
            return dg.WeeklyPartitionsDefinition(self.start.isoformat(), day_offset=day, end_offset=1)
        return dg.MonthlyPartitionsDefinition(self.start.isoformat(), day_offset=self.start.day, end_offset=1)

    def dates(self, now: datetime | None = None) -> list[date]:
        """All snapshots up to `now` (default: the present), ascending."""
        at = now or datetime.now(UTC)
        keys = self.partitions.get_partition_keys(current_time=at)
        # end_offset=1 shows the first one up to a cadence before it has come.
        return [day for key in keys if (day := date.fromisoformat(key)) <= at.date()]

    def snapshot(self, day: date) -> date:
        """`day` if it is a snapshot that has come; else CalendarError."""
        dates = self.dates()
        at = bisect_left(dates, day)
        if at < len(dates) and dates[at] == day:
            return day
        near = [str(found) for found in dates[max(at - 1, 0) : at + 1]] or ["none: the calendar begins in the future"]
        raise CalendarError(
            f"{day} is no snapshot of the {self.cadence} calendar from {self.start}; near it: {', '.join(near)} "
            "(calendar.start, calendar.cadence)"
        )

    def between(self, first: date, last: date) -> list[date]:
        return [found for found in self.dates() if first <= found <= last]

    def previous(self, snapshot: date) -> datetime:
        """Start of the window that ends at `snapshot`: what became known in it is that partition's to consume."""
        dates = self.dates()
        at = bisect_left(dates, snapshot)
        found = dates[at - 1] if at else date.min
        return datetime.combine(found, datetime.min.time())

    def first_at_or_after(self, moment: datetime) -> date:
        """The first snapshot that has seen everything before `moment`, but never one that has not come yet."""
        dates = self.dates()
        days = moment.date() + timedelta(days=int(moment.time() != datetime.min.time()))
        at = bisect_left(dates, days)
        if not dates:
            raise CalendarError(f"the {self.cadence} calendar from {self.start} has no snapshot yet (calendar.start)")
        return dates[min(at, len(dates) - 1)]

    def newest_at_or_before(self, day: date) -> date | None:
        dates = self.dates()
        at = bisect_right(dates, day)
        return dates[at - 1] if at else None

    def matured_slices(self, *, gap_days: int, horizon_days: int, slices: int, step_days: int) -> dg.PartitionMapping:
        """Named offset: the snapshots whose labels have matured at D, as far back as the training set reaches.

        Months differ in length: there it is the widest range that is ever needed.
        """
        longest = CADENCE_DAYS[self.cadence]
        shortest = 28 if self.cadence == "monthly" else longest
        window_days = gap_days + horizon_days
        oldest = ceil(window_days / shortest) + ceil(step_days / shortest) * (slices - 1)
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
    """The snapshots a run is about, one or a range, ascending."""
    return sorted(date.fromisoformat(key) for key in context.partition_keys)
