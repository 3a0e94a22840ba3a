"""Quiet hours: when no message is sent, in the time zone of the users."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

if TYPE_CHECKING:
    from churn_assets.catalogue.arms import Arm


def is_quiet(at: datetime, arm: Arm, time_zone: str) -> bool:
    """Whether the naive UTC moment `at` falls into the quiet hours of the arm, which may pass midnight."""
    if arm.quiet_hours is None:
        return False
    start, end = arm.quiet_hours
    now = at.replace(tzinfo=UTC).astimezone(ZoneInfo(time_zone)).time()
    return start <= now < end if start <= end else now >= start or now < end


def first_moment(at: datetime, arm: Arm, time_zone: str) -> datetime:
    """The first naive UTC moment from `at` on that is not quiet.

    Raises ValueError where every moment of a day is quiet. Steps of 15 minutes, as in offsets of time zones.
    """
    step = timedelta(minutes=15)
    for number in range(4 * 24 + 1):
        moment = at + number * step
        if not is_quiet(moment, arm, time_zone):
            return _at_the_end(moment, step, arm, time_zone) if number else at
    raise ValueError(f"arm {arm.arm!r}: quiet_hours leave no moment of the day to send; shorten them")


def _at_the_end(moment: datetime, step: timedelta, arm: Arm, time_zone: str) -> datetime:
    """The minute within the step before `moment` in which the quiet hours end."""
    minutes = (moment - step + timedelta(minutes=n) for n in range(1, 16))
    return next(minute for minute in minutes if not is_quiet(minute, arm, time_zone))
