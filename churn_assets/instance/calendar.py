"""The one calendar of an instance: which days are snapshots. A snapshot is a boundary, not a window; it is there from
its own day on. As Dagster sees the same days: defs/partitions.py.
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

    def dates(self, now: datetime | None = None) -> list[date]:
        """All snapshots up to `now` (default: the present), ascending. Months without the day of `start` have none."""
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


def _length(month: int) -> int:
    return monthrange(month // 12, month % 12 + 1)[1]
