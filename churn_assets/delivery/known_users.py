"""Whether an id is a user of this shop, for commands that name one: an id may be misspelt."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import polars as pl

from churn_assets.stages import Stage
from churn_assets.workplace import Workplace

SHOWN = 3


@dataclass(frozen=True)
class UserSearch:
    """Whether the newest snapshot (None: there is none) has an id; `alike`: up to SHOWN ids with similar spelling."""

    snapshot: date | None
    users: int
    is_known: bool
    alike: tuple[str, ...]

    @property
    def doubt(self) -> str | None:
        """Why there may be no such user; None where the id is known."""
        if self.is_known:
            return None
        if self.snapshot is None:
            return "Nothing has been scored here yet, so it is unknown whether there is such a user."
        hint = f" (did you mean {', '.join(self.alike)}?)" if self.alike else ""
        return f"None of the {self.users:,} users known at {self.snapshot} has this id{hint}."

    @property
    def warning(self) -> str | None:
        """A warning about what was recorded of an id; None where it is known."""
        if self.doubt is None or self.snapshot is None:
            return self.doubt
        return (
            f"{self.doubt} It holds from the moment there is one; if it is misspelt, give the command again with the "
            "right one."
        )


def find_user(workplace: Workplace, user_id: str) -> UserSearch:
    """Find an id among the users of the newest scored snapshot, without waiting for the warehouse."""
    partitions = workplace.record.readable_partitions(Stage.SCORING, "scored_users")
    if not partitions:
        return UserSearch(None, 0, is_known=False, alike=())
    snapshot = partitions[-1].snapshot
    users = workplace.tables.read(Stage.SCORING, "scored_users", snapshot)["user_id"]
    alike = users.filter(_core(users) == _core(pl.Series([user_id])).item()).sort().head(SHOWN)
    return UserSearch(snapshot, len(users), user_id in users, tuple(alike))


def _core(ids: pl.Series) -> pl.Series:
    """Ids without case, blanks and leading zeros, for comparison."""
    return ids.str.strip_chars().str.to_lowercase().str.strip_chars_start("0")
