"""Greedy repair of a choice that breaks limits or floors, and filling of what is left: one user per move.

Greedy repair and filling under given prices, as in Kellerer, Pferschy, Pisinger (2004, ch. 11.2): a move takes a user
from one option to another, the cheapest moves come first, and as many are made at once as the limits allow.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from churn_assets.decisions.pricing import Pricing
from churn_assets.decisions.problem import NOTHING, Flags, Floats, Ints, Problem

AT_ONCE = 65_536  # moves put in order per round
ENDLESS = 2**62

# (gain lost, price saved, from, to) of some users -> cost of the move, inf: not allowed.
Cost = Callable[[Floats, Floats, Ints, int], Floats]


@dataclass
class Moves:
    """A choice under change. `own`: (users,) options, where the number of options stands for none."""

    problem: Problem
    pricing: Pricing
    prices: Floats
    own: Ints

    def __post_init__(self) -> None:
        self.none = len(self.pricing.gains)
        self.use = np.append(self.problem.use, np.zeros((len(self.problem.limits), 1), np.int64), axis=1)
        self.paid = np.append(self.prices[: len(self.use)] @ self.pricing.use, 0.0)
        self.bonus = self.pricing.bonus(self.prices) if len(self.problem.floors) else np.zeros(self.own.size)

    @property
    def options(self) -> Ints:
        """(users,), -1 for none."""
        return np.where(self.own == self.none, NOTHING, self.own)

    @property
    def left(self) -> Ints:
        """(limits,) units, below 0 where a limit is exceeded."""
        return self.problem.most - self.use @ np.bincount(self.own, minlength=self.none + 1)

    @property
    def spare(self) -> Ints:
        """(floors,) members above the floor, below 0 where some are missing."""
        met = [int((self.own[members] != self.none).sum()) for members in self.problem.members]
        return np.array(met, dtype=np.int64) - self.problem.least

    def reach(self, *, is_within: bool) -> None:
        """Give members of floors that are short an option, the cheapest first; within the limits or not."""
        room = self.left if is_within else np.full(len(self.use), ENDLESS)
        for floor, members in enumerate(self.problem.members):
            while (missing := -int(self.spare[floor])) > 0:
                users = np.flatnonzero(members & (self.own == self.none))
                move_count = self._move(users, room, None, lambda lost, saved, *_: lost - saved, most=missing)
                if not move_count:
                    break
                if is_within:
                    room = self.left

    def repair(self) -> None:
        """Get back within all limits: at the least loss per unit, and below floors only when no other move is left."""
        while ((left := self.left) < 0).any():
            over = left < 0
            weights = np.where(over, 1.0 / np.maximum(-left, 1), 0.0)
            released = (weights[:, None] * self.use).sum(axis=0)

            def cost(lost: Floats, saved: Floats, own: Ints, to: int, released: Floats = released) -> Floats:
                freed = released[own] - released[to]
                return np.where(freed > 0, (lost - saved) / np.where(freed > 0, freed, 1.0), np.inf)

            users = np.flatnonzero(np.logical_or.reduce(self.use[over] > 0, axis=0)[self.own])
            room = np.maximum(left, 0)
            if not self._move(users, room, self.spare, cost, until=left):
                self._move(users, room, None, cost, until=left)

    def fill(self) -> None:
        """Use what is left, the most gain per price first; afterwards no user without an option fits."""

        def cost(lost: Floats, saved: Floats, _: Ints, to: int) -> Floats:
            is_better = (lost < 0) | ((to == self.none) & (lost <= 0))
            cheap = 1e-9 * np.maximum(np.abs(lost), 1e-300)
            return np.where(is_better, lost / np.maximum(-saved, cheap), np.inf)

        users = np.arange(self.own.size)
        while self._move(users, self.left, self.spare, cost):
            pass

    def _move(
        self, users: Ints, room: Ints, spare: Ints | None, cost: Cost, *, most: int = ENDLESS, until: Ints | None = None
    ) -> int:
        """Make the cheapest moves of these users, at most one each, while limits and floors allow; return how many."""
        users, targets = self._cheapest(users, room, spare, cost)
        if not users.size:
            return 0
        own = self.own[users]
        used = np.cumsum(self.use[:, targets] - self.use[:, own], axis=1)
        fits = (used <= room[:, None]).all(axis=0)
        if spare is not None and spare.size:
            change = (targets == self.none).astype(np.int64) - (own == self.none)
            lost = np.cumsum(self.problem.members[:, users] * change, axis=1)
            fits &= (lost <= np.maximum(spare, 0)[:, None]).all(axis=0)
        count = min(users.size if fits.all() else int(fits.argmin()), most)
        if until is not None:
            over = until < 0
            is_done = (used[over] <= until[over][:, None]).any(axis=0)
            count = min(count, int(is_done.argmax()) + 1 if is_done.any() else count)
        self.own[users[:count]] = targets[:count]
        return count

    def _cheapest(self, users: Ints, room: Ints, spare: Ints | None, cost: Cost) -> tuple[Ints, Ints]:
        """(users, options to move to) in order of cost, of equal cost in the order given; only moves that fit alone."""
        more = self.use[:, None, :] - self.use[:, :, None]
        fits: Flags = np.logical_and.reduce(more <= room[:, None, None], axis=0)
        np.fill_diagonal(fits, val=False)
        users = users[np.logical_or.reduce(fits, axis=1)[self.own[users]]]
        own = self.own[users]
        gain = self._gain(users, own)
        best, targets = np.full(users.size, np.inf), np.zeros(users.size, np.int64)
        for target in range(self.none + 1):
            is_allowed = fits[own, target]
            if target == self.none and spare is not None:
                is_allowed &= self._is_spared(users, spare)
            if target < self.none:
                is_allowed &= self.pricing.gains[target, users] > -np.inf
            if not is_allowed.any():
                continue
            lost = gain - (np.where(is_allowed, self.pricing.gains[target, users], 0.0) if target < self.none else 0.0)
            saved = self.paid[own] - self.paid[target]
            saved += self.bonus[users] * ((own == self.none).astype(np.int64) - (target == self.none))
            costs = np.where(is_allowed, cost(lost, saved, own, target), np.inf)
            np.copyto(targets, target, where=costs < best)
            np.minimum(best, costs, out=best)
        selected = np.flatnonzero(best < np.inf)
        if selected.size > AT_ONCE:
            selected = selected[best[selected] <= np.partition(best[selected], AT_ONCE)[AT_ONCE]]
        selected = selected[np.argsort(best[selected], kind="stable")][:AT_ONCE]
        return users[selected], targets[selected]

    def _gain(self, users: Ints, own: Ints) -> Floats:
        gain = np.zeros(users.size)
        has = np.flatnonzero(own != self.none)
        gain[has] = self.pricing.gains[own[has], users[has]]
        return gain

    def _is_spared(self, users: Ints, spare: Ints) -> Flags:
        """Users who may be left without an option although floors count them."""
        needed = self.problem.members[spare <= 0]
        is_needed: Flags = np.logical_or.reduce(needed[:, users], axis=0)
        return ~is_needed
