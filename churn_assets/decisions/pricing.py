"""The option every user takes at given prices, and its use of the limits: one pass over the gains."""

from __future__ import annotations

import numpy as np

from churn_assets.decisions.problem import NOTHING, Floats, Ints, Problem

BLOCK = 32_768  # users at a time: one option's gains and the running best stay in the cache of a core
TILT = 1e-6  # share of the gain added for the first user, falling to 0 for the last
GROUPS = 8  # of users, each with cuts of its own: fewer steps than with one cut for all


class Pricing:
    """The users of a problem, or every n-th of them.

    `gains`: (options, users), transposed so that one option is contiguous in memory, and tilted: identical users would
    all take the same option at the same prices, which no repair of several limits corrects. `use`: (limits, options).
    `members`: (floors, users).
    """

    def __init__(self, problem: Problem, every: int = 1) -> None:
        self.gains = np.array(problem.gains[::every].T, order="C")  # a copy, which is tilted in place
        tilt = TILT * (1.0 - np.arange(0, len(problem.gains), every) / max(len(problem.gains), 1))
        for gains in self.gains:
            np.multiply(gains, 1.0 + np.copysign(tilt, gains), out=gains)
        self.use = problem.use.astype(np.float64)
        self.members = np.ascontiguousarray(problem.members[:, ::every])

    @property
    def users(self) -> int:
        """Number of users."""
        return int(self.gains.shape[1])

    def taken(self, prices: Floats, start: int = 0, stop: int | None = None) -> tuple[Ints, Floats]:
        """(options, worth) of the users from start to stop: the best option at these prices, -1 for none.

        `prices`: (limits + floors,), >= 0: paid per unit used, and earned per member of a floor who gets any option.
        `worth`: what is left of the gain, 0 without an option. Of equal options the lower one, and none before one.
        """
        costs = prices[: len(self.use)] @ self.use
        gains = self.gains[:, start:stop]
        best = np.full(gains.shape[1], -np.inf)
        options = np.full(gains.shape[1], NOTHING, dtype=np.int64)
        for option, cost in enumerate(costs):
            worth = gains[option] - cost
            np.copyto(options, option, where=worth > best)
            np.maximum(best, worth, out=best)
        if len(self.members):
            best += self.bonus(prices, start, stop)
        np.copyto(options, NOTHING, where=best <= 0)
        return options, np.maximum(best, 0.0, out=best)

    def bonus(self, prices: Floats, start: int = 0, stop: int | None = None) -> Floats:
        """(users,) what a user earns through the floors by getting any option."""
        bonus = np.zeros(self.gains[:, start:stop].shape[1])
        for price, members in zip(prices[len(self.use) :], self.members[:, start:stop], strict=True):
            if price:
                bonus += price * members
        return bonus

    def columns(self, prices: Floats) -> tuple[Floats, Floats]:
        """(worth, use) of the options that each group of users takes: (groups,) and (groups, limits + floors).

        The use of a floor is minus the members who get an option, so that floors count like limits.
        """
        worth, use = np.zeros(GROUPS), np.zeros((GROUPS, prices.size))
        limits, block = len(self.use), min(BLOCK, -(-self.users // GROUPS))
        for number, start in enumerate(range(0, self.users, max(block, 1))):
            options, left = self.taken(prices, start, start + block)
            group = number % GROUPS
            worth[group] += left.sum()
            counts = np.bincount(options + 1, minlength=len(self.gains) + 1)[1:]
            use[group, :limits] += self.use @ counts
            if len(self.members):
                use[group, limits:] -= (self.members[:, start : start + block] & (options != NOTHING)).sum(axis=1)
        return worth, use
