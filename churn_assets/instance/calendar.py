"""The one calendar of an instance: which days are snapshots. A snapshot is a boundary, not a window; it exists from its
own day on. The same days as partitions of Dagster: defs/partitions.py.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from calendar import monthrange
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from churn_assets.failures import Failure
from churn_assets.instance.home import Home
from churn_assets.instance.record.store import Record

START_FACT = "calendar.start"
DEFAULT_START = date(2024, 1, 1)  # a Monday; used only until a home knows its oldest order
CADENCE_DAYS = {"daily": 1, "weekly": 7, "monthly": 31}


class CalendarError(Failure, ValueError, code="snapshot"):
    """A date that is no snapshot; the message says which ones are near."""


@dataclass(frozen=True)
class SnapshotCalendar:
    """Snapshot dates from `start` on at a fixed cadence."""

    start: date
    cadence: str

    @classmethod
    def of(cls, home: Home) -> SnapshotCalendar:
        """The calendar of a home. Its start is in the settings, else fixed at the first run, else the default."""
        settings = home.settings.calendar
        pinned = Record(home.record).fact(START_FACT) if settings.start is None and home.record.exists() else None
        start = settings.start or (date.fromisoformat(pinned) if pinned else DEFAULT_START)
        return cls(start, settings.cadence)

    def dates(self, now: datetime | None = None) -> list[date]:
        """All snapshots up to `now` (default: the present), ascending. A month without the day of `start` has none."""
        today = (now or datetime.now(UTC)).date()
        if self.cadence == "monthly":
            months = range(self.start.year * 12 + self.start.month - 1, today.year * 12 + today.month)
            days = [date(m // 12, m % 12 + 1, self.start.day) for m in months if self.start.day <= _length(m)]
            return [day for day in days if day <= today]
        step = CADENCE_DAYS[self.cadence]
        return [self.start + timedelta(days=n) for n in range(0, (today - self.start).days + 1, step)]

    def snapshot(self, day: date) -> date:
        """`day` if it is a snapshot that has come; else CalendarError."""
        dates = self.dates()
        position = bisect_left(dates, day)
        if position < len(dates) and dates[position] == day:
            return day
        near = [str(neighbour) for neighbour in dates[max(position - 1, 0) : position + 1]] or [
            "none: the calendar begins in the future"
        ]
        raise CalendarError(
            f"{day} is no snapshot of the {self.cadence} calendar from {self.start}; near it: {', '.join(near)} "
            "(calendar.start, calendar.cadence)"
        )

    def between(self, first: date, last: date) -> list[date]:
        return [day for day in self.dates() if first <= day <= last]

    def previous(self, snapshot: date) -> datetime:
        """Start of the window that ends at `snapshot`; the partition consumes the rows that became known in it."""
        dates = self.dates()
        position = bisect_left(dates, snapshot)
        start = dates[position - 1] if position else date.min
        return datetime.combine(start, datetime.min.time())

    def first_at_or_after(self, moment: datetime) -> date:
        """The first snapshot at or after `moment`, at most the newest one that has come."""
        dates = self.dates()
        day = moment.date() + timedelta(days=int(moment.time() != datetime.min.time()))
        position = bisect_left(dates, day)
        if not dates:
            raise CalendarError(f"the {self.cadence} calendar from {self.start} has no snapshot yet (calendar.start)")
        return dates[min(position, len(dates) - 1)]

    def newest_at_or_before(self, day: date) -> date | None:
        dates = self.dates()
        position = bisect_right(dates, day)
        return dates[position - 1] if position else None


def _length(month: int) -> int:
    return monthrange(month // 12, month % 12 + 1)[1]
