"""Not this week: a message waits where it is worth more later, to a user who had one lately.

Now it is worth its profit less what a message loses on such a user (interventions.fatigue_effects). Later, when the
user has rested, it is worth its profit for what is then left of the window: a week of four lost is a quarter of it.
Without evidence nothing is lost now, so nobody waits. Whether a user had a message is taken from what was meant for the
user, too (`meant`), or the holdout, which never has any, would never wait.

That rest comes is an assumption, which whoever else writes to the user may refute: with a newsletter every other week
users would wait in every plan. So nobody waits for longer in a row than a rest takes (`waited_days`).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from churn_assets.contracts.decision_ledger import WAITS

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from churn_assets.decisions.problem import Flags, Floats

WAITED = pl.Schema({"user_id": pl.String(), "waited_days": pl.Int64()})


@dataclass(frozen=True)
class Fatigue:
    """`last`: user_id and days since the last message, of users who had one or were meant for one. `loss_amount`: of a
    message to a user within `rest_days`. `waited`: user_id and waited_days, of users who waited in the plan before.
    """

    last: pl.DataFrame
    loss_amount: float
    rest_days: int
    cadence_days: int
    horizon_days: int
    waited: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=WAITED))

    def loss(self, users: pl.DataFrame) -> Floats:
        """(users,): what a message loses now."""
        return np.where(self._waiting_days(users) > 0, self.loss_amount, 0.0)

    def has_waited(self, users: pl.DataFrame) -> Flags:
        """(users,): whether they have waited for as long as a rest takes."""
        joined = users.join(self.waited, on="user_id", how="left", maintain_order="left", validate="1:1")
        return (joined["waited_days"].fill_null(0) >= self.rest_days).to_numpy()

    def left_share(self, users: pl.DataFrame) -> Floats:
        """(users,): of the window, once the user has rested; 1 for who has."""
        return np.asarray(np.maximum(0.0, 1 - self._waiting_days(users) / self.horizon_days))

    def _waiting_days(self, users: pl.DataFrame) -> Floats:
        """Until the first plan at which the user has rested; 0 for who has."""
        days = users.join(self.last, on="user_id", how="left", maintain_order="left", validate="1:1")["days"]
        missing = np.maximum(0.0, self.rest_days - days.fill_null(self.rest_days).to_numpy().astype(np.float64))
        return np.asarray(np.ceil(missing / self.cadence_days) * self.cadence_days)


def waiting(profits: Floats, users: pl.DataFrame, fatigue: Fatigue) -> tuple[Flags, Floats]:
    """(who waits, profits now). `profits`: (users, options), -inf where an option is not allowed."""
    now = profits - fatigue.loss(users)[:, None]
    best = profits.max(axis=1, initial=-np.inf)
    has_any = np.isfinite(best) & (best > 0)
    later = np.where(has_any, best, 0.0) * fatigue.left_share(users)
    waits = has_any & (later > np.where(has_any, best, 0.0) - fatigue.loss(users)) & (fatigue.loss(users) > 0)
    waits &= ~fatigue.has_waited(users)
    now[waits] = -np.inf
    return np.asarray(waits), np.asarray(np.where(now > 0, now, -np.inf))


def days_since_last(contacts: pl.DataFrame, meant: pl.DataFrame, midnight: pl.Expr) -> pl.DataFrame:
    """user_id and whole days since the last of both before `midnight`; `contacts`, `meant`: user_id, sent_at."""
    both = pl.concat([contacts.select("user_id", "sent_at"), meant.select("user_id", "sent_at")])
    last = both.group_by("user_id", maintain_order=True).agg(pl.col("sent_at").max())
    return last.select("user_id", days=(midnight - pl.col("sent_at")).dt.total_days())


def waited_days(plans: Sequence[tuple[date, pl.DataFrame]], snapshot: date, cadence_days: int) -> pl.DataFrame:
    """user_id and for how many days the user has waited without a break (WAITED), sorted; of who waited in the plan
    before `snapshot`. `plans`: ledgers (user_id, binding_constraint) by snapshot, oldest first.
    """
    since: dict[str, int] = {}
    next_day, still = snapshot, None
    for day, ledger in reversed(plans):
        waits = set(ledger.filter(pl.col("binding_constraint") == WAITS)["user_id"])
        still = waits if still is None else still & waits
        if (next_day - day).days > cadence_days or not still:
            break
        since |= dict.fromkeys(still, (snapshot - day).days)
        next_day = day
    return pl.DataFrame(sorted(since.items()), schema=WAITED, orient="row")
