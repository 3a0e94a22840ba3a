"""Whether an id is one of this shop's users, for decisions that name one: an id may be misspelt."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import polars as pl

from churn_assets.stages import Stage
from churn_assets.workplace import Workplace

SHOWN = 3


@dataclass(frozen=True)
class Search:
    """What the newest snapshot (None: there is none yet) says of an id; `alike`: up to SHOWN ids written nearly so."""

    snapshot: date | None
    users: int
    is_known: bool
    alike: tuple[str, ...]

    @property
    def words(self) -> str | None:
        """What to tell whoever named the id; None of one that is known."""
        if self.is_known:
            return None
        if self.snapshot is None:
            return "Nothing has been scored here yet, so nobody can say whether there is such a user."
        meant = f" (did you mean {', '.join(self.alike)}?)" if self.alike else ""
        return (
            f"None of the {self.users:,} users known at {self.snapshot} has this id{meant}. It holds from the moment "
            "there is one; if it is misspelt, give the command again with the right one."
        )


def search(workplace: Workplace, user_id: str) -> Search:
    """Among the users of the newest scored snapshot: every user known then, without waiting for the warehouse."""
    made = workplace.record.partitions(Stage.SCORING, "scored_users")
    if not made:
        return Search(None, 0, is_known=False, alike=())
    snapshot = made[-1].snapshot
    users = workplace.tables.read(Stage.SCORING, "scored_users", snapshot)["user_id"]
    alike = users.filter(_core(users) == _core(pl.Series([user_id])).item()).sort().head(SHOWN)
    return Search(snapshot, len(users), user_id in users, tuple(alike))


def _core(ids: pl.Series) -> pl.Series:
    """What is left of ids where case, blanks and leading zeros do not count."""
    return ids.str.strip_chars().str.to_lowercase().str.strip_chars_start("0")
