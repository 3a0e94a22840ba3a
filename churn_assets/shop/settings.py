"""Settings of the simulated shop. Nothing is drawn here."""

from __future__ import annotations

from dataclasses import dataclass, fields
from datetime import date, timedelta

from churn_assets.failures import Failure

LAST_YEAR = 2200  # what is promised in one year comes in the next, and dates end with 9999


class ShopError(Failure, ValueError, code="source"):
    """A shop that cannot be simulated; the message names the setting, its value and what is allowed."""


@dataclass(frozen=True)
class ShopSettings:
    """What can be chosen about the shop; everything else about it is a constant beside the code that uses it.

    `end` is exclusive: nothing happens and nothing becomes known at or after `end` 00:00 UTC. Weeks are counted
    backwards from it, so they start on its weekday. Shares are of rows, except `explained_share`: of the variance
    between users of what a campaign does to them, the part that a function of the raw tables gives.
    Raises ShopError.
    """

    end: date
    users: int = 20_000
    weeks: int = 78
    seed: int = 7
    late_share: float = 0.03
    correction_share: float = 0.01
    duplicate_share: float = 0.005
    broken_share: float = 0.002
    explained_share: float = 0.5

    def __post_init__(self) -> None:
        for name in ("users", "weeks"):
            if getattr(self, name) < 1:
                raise ShopError(f"shop setting {name} must be at least 1, got {getattr(self, name)}")
        if self.end.year > LAST_YEAR:
            raise ShopError(f"shop setting end must not be after the year {LAST_YEAR}, got {self.end}")
        if self.weeks > (self.end - date.min).days // 7:
            raise ShopError(f"shop setting weeks reaches back before the year 1, got {self.weeks}")
        if self.seed < 0:
            raise ShopError(f"shop setting seed must not be negative, got {self.seed}")
        for name in (field.name for field in fields(self) if field.name.endswith("_share")):
            if not 0 <= getattr(self, name) <= 1:
                raise ShopError(f"shop setting {name} must be between 0 and 1, got {getattr(self, name)}")

    @property
    def start(self) -> date:
        """First day of the first week."""
        return self.end - timedelta(weeks=self.weeks)

    def boundary(self, week: int) -> date:
        """Day on which week number `week` (from 0) starts; week number `weeks` starts at `end`."""
        return self.start + timedelta(weeks=week)
