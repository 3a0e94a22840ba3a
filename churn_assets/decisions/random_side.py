"""The random side: some users are given one of the options open to them, or none, by chance instead of by the policy.

A policy that always knows best never learns what the other arms would have done, and cannot be compared with another.
Whoever is on this side has a known chance of every option, so that any policy can be judged by what came of it
(`effects.policy_value`). Users are gone through in an order that chance has drawn; who would not fit into the side's
share of a limit with the dearest of the own options is left to the policy, so that nobody's draw changes own chances.

Users of the holdout are drawn like the others and given nothing (`is_held_back`): a plan means nothing for them either,
or of those for whom it means something the holdout would be a larger part than its share.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from churn_assets.contracts.decision_ledger import NO_ARM
from churn_assets.contracts.held_back_options import HeldBackOptions
from churn_assets.decisions.draws import Draws
from churn_assets.decisions.holdout import unit_interval

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import date

    from churn_assets.decisions.options import Option
    from churn_assets.decisions.problem import Flags, Floats, Ints, Limit
    from churn_assets.settings.decisions import Decisions


@dataclass(frozen=True)
class RandomSide:
    """`is_member`, `option` (-1: none drawn) and `propensity` of what was drawn: (users,). `among`: (users, options),
    the options drawn among, beside none. `used`: of every limit. `is_held_back`: drawn, but of the holdout;
    `held_back_option`: what it would have been.
    """

    is_member: Flags
    option: Ints
    propensity: Floats
    among: Flags
    used: Ints
    is_held_back: Flags
    held_back_option: Ints

    @classmethod
    def nobody(cls, among: Flags, limits: int) -> RandomSide:
        users = len(among)
        return cls(
            np.zeros(users, dtype=np.bool_), np.full(users, -1, dtype=np.int64), np.ones(users), among,
            np.zeros(limits, dtype=np.int64), np.zeros(users, dtype=np.bool_), np.full(users, -1, dtype=np.int64),
        )  # fmt: skip

    @property
    def is_drawn(self) -> Flags:
        """Members, and users of the holdout who would be: no plan means anything for them."""
        return np.asarray(self.is_member | self.is_held_back)

    def give(self, row: int, option: int, propensity: float, limits: tuple[Limit, ...], holdout: Flags) -> None:
        """An option (-1: none) to a user, at its chance; nothing to one of the holdout."""
        if holdout[row]:
            self.is_held_back[row], self.held_back_option[row] = True, option
            return
        self.is_member[row], self.propensity[row], self.option[row] = True, propensity, option
        if option >= 0:
            self.used[:] += [int(limit.use[option]) for limit in limits]

    def beside(self, other: RandomSide) -> RandomSide:
        """Both sides as one; nobody is on both."""
        return RandomSide(
            self.is_member | other.is_member,
            np.where(other.is_member, other.option, self.option),
            np.where(other.is_member, other.propensity, self.propensity),
            self.among,
            self.used + other.used,
            self.is_held_back | other.is_held_back,
            np.where(other.is_held_back, other.held_back_option, self.held_back_option),
        )

    def held_back_rows(self, users: pl.DataFrame, options: Sequence[Option]) -> pl.DataFrame:
        """Contract HeldBackOptions, in the order of `users`."""
        rows = np.flatnonzero(self.held_back_option >= 0)
        names = [options[self.held_back_option[row]].treatment for row in rows]
        kept = users.select("user_id", "snapshot_date")[rows.tolist()]
        return HeldBackOptions.validate(kept.with_columns(treatment=pl.Series(names, dtype=pl.String)), lazy=True)

    def rows(self, users: pl.DataFrame, options: Sequence[Option]) -> pl.DataFrame:
        """user_id, treatments (sorted), treatment (or none) and propensity of the members, in the order of `users`."""
        names = [option.treatment for option in options]
        member = np.flatnonzero(self.is_member)
        among = [sorted(names[column] for column in np.flatnonzero(self.among[row])) for row in member]
        return pl.DataFrame(
            {
                "user_id": users["user_id"].gather(member),
                "treatments": pl.Series(among, dtype=pl.List(pl.String)),
                "treatment": pl.Series([[*names, NO_ARM][self.option[row]] for row in member], dtype=pl.String),
                "propensity": self.propensity[member],
            }
        )


def random_side(
    is_legal: Flags,
    users: pl.DataFrame,
    options: tuple[Option, ...],
    draws: Draws,
    settings: Decisions,
    snapshot: date,
    limits: tuple[Limit, ...],
) -> RandomSide:
    """`is_legal`: (users, options) that nothing hinders. Nobody of the holdout, and no arm to its control."""
    among = is_legal & ~draws.control if options else is_legal
    side = RandomSide.nobody(among, len(limits))
    if not settings.random_share or not options:
        return side
    salt, units = f"{settings.salt}:random:{snapshot.isoformat()}", users["unit_id"]
    place = unit_interval(units, salt if settings.random_draw != "lasting" else f"{settings.salt}:random").to_numpy()
    choice = unit_interval(units, f"{salt}:option").to_numpy()
    most = np.array([int(limit.most * settings.random_limit_share) for limit in limits])
    drawn = np.flatnonzero((place < settings.random_share) & among.any(axis=1))
    for row, own in _fitting(side, drawn[np.lexsort((drawn, place[drawn]))], limits, most):
        number = int(choice[row] * (len(own) + 1))
        side.give(row, own[number] if number < len(own) else -1, 1 / (len(own) + 1), limits, draws.holdout)
    return side


def sampled_side(
    random: RandomSide, among_chances: Floats, users: pl.DataFrame, draws: Draws, settings: Decisions, snapshot: date,
    limits: tuple[Limit, ...],
) -> RandomSide:  # fmt: skip
    """Who is given an option by `among_chances` (users, options + 1, the last of none; `sampling.chances`). Nobody of
    the `random` side, and within what that leaves of a limit.
    """
    side = RandomSide.nobody(random.among, len(limits))
    salt, units = f"{settings.salt}:sampled:{snapshot.isoformat()}", users["unit_id"]
    place = unit_interval(units, salt).to_numpy()
    choice = unit_interval(units, f"{salt}:option").to_numpy()
    whole = [int(limit.most * settings.sampled_limit_share) for limit in limits]
    left = [limit.most - int(used) for limit, used in zip(limits, random.used, strict=True)]
    most = np.minimum(np.array(whole), np.array(left))
    is_drawn = (place < settings.sampled_share) & side.among.any(axis=1) & ~random.is_drawn
    drawn = np.flatnonzero(is_drawn)
    for row, own in _fitting(side, drawn[np.lexsort((drawn, place[drawn]))], limits, most):
        own_chances = among_chances[row, [*own, -1]]
        number = min(int(np.searchsorted(np.cumsum(own_chances), choice[row], side="right")), len(own))
        side.give(row, own[number] if number < len(own) else -1, float(own_chances[number]), limits, draws.holdout)
    return side


def _fitting(side: RandomSide, rows: Ints, limits: tuple[Limit, ...], most: Ints) -> Iterator[tuple[int, Ints]]:
    """(user, own options) of those who fit into `most` with the dearest of them, after what was given before."""
    use = np.array([limit.use for limit in limits])  # (limits, options)
    for row in rows:
        own = np.flatnonzero(side.among[row])
        if not (side.used + use[:, own].max(axis=1) > most).any():
            yield int(row), own
