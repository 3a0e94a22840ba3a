"""Prices of the limits, at which each user takes the best option: the Lagrangian dual, by cutting planes.

Every price per unit gives a bound: the gains of users less the prices they pay, plus the price of all units (Fisher,
The Lagrangian relaxation method for solving integer programming problems, Management Science 1981). The lowest bound is
found by the cutting-plane method (Kelley 1960), kept inside a box around the best prices so far (Marsten, Hogan,
Blankenship, The Boxstep method, Operations Research 1975) and with cuts per group of users.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.optimize import linprog

from churn_assets.decisions.pricing import GROUPS, Pricing
from churn_assets.decisions.problem import Floats, Ints, Problem

SAMPLE = 20_000  # users for the first prices: fifty times as fast as a million
STEPS = 400
TOLERANCE = 1e-7  # of the bound
NUDGE = 1e-7  # of a unit per user, added to the limits
PRECISION = 1e-9  # of a user's gain: a price below is HiGHS's rounding of 0
ACCEPTED, WIDENED = 0.1, 0.5  # shares of the predicted decrease of the bound


@dataclass(frozen=True)
class Dual:
    """`prices`: (limits + floors,) in the currency of the gains per unit, >= 0. `bound`: on the profit, at them."""

    prices: Floats
    bound: float


def dual(problem: Problem, pricing: Pricing, least: Ints, *, is_sampled: bool = True) -> Dual:
    """Find the lowest bound, with floors of `least`: (floors,) members.

    Any prices give a valid bound, so an early stop costs tightness only. The price of a floor is capped at what a
    member can displace, or it would rise without end where the floors cannot be met. Sampled: many users start from the
    prices of some of them, which saves time unless floors that just hold for all do not hold in the sample.
    """
    ends = np.concatenate([problem.most.astype(np.float64), -least.astype(np.float64)])
    start = np.zeros(ends.size)
    scale = _Scale.of(problem, pricing)
    radius = scale.gain
    every = pricing.users // SAMPLE
    if is_sampled and every > 1:
        sample = Pricing(problem, every)
        share = np.concatenate([
            np.full(len(problem.limits), sample.users / pricing.users),
            sample.members.sum(axis=1) / np.maximum(pricing.members.sum(axis=1), 1),
        ])  # fmt: skip
        start = _descend(sample, ends * share, start, scale, radius).prices
        radius /= 100
    return _descend(pricing, ends, start, scale, radius)


@dataclass(frozen=True)
class _Scale:
    """Scales of the master problem: the gain of a typical user, the units of a user, the highest prices."""

    gain: float
    units: Floats
    highest: Floats

    @staticmethod
    def of(problem: Problem, pricing: Pricing) -> _Scale:
        best = pricing.gains.max(axis=0, initial=-np.inf)
        paid = best[best > 0]
        finite = best[best > -np.inf]
        units = np.maximum(problem.use.max(axis=1, initial=0), 1).astype(np.float64)
        least_use = np.where(problem.use > 0, problem.use, units[:, None]).min(axis=1, initial=np.inf)
        spread = float(finite.max(initial=0.0) - min(_lowest(pricing.gains), 0.0))
        displaced = spread * (1.0 + float((units / np.minimum(least_use, units)).sum()))
        highest = np.full(len(units) + len(problem.floors), np.inf)
        highest[len(units) :] = displaced
        gain = float(paid.mean()) if paid.size else spread or 1.0
        return _Scale(gain, np.concatenate([units, np.ones(len(problem.floors))]), highest)


def _lowest(gains: Floats) -> float:
    return min((float(row[row > -np.inf].min(initial=0.0)) for row in gains), default=0.0)


def _descend(pricing: Pricing, ends: Floats, start: Floats, scale: _Scale, radius: float) -> Dual:
    """Move the centre when a step gives a tenth of the predicted decrease; every step adds its cuts either way."""
    master = _Master(ends, scale, pricing.users)
    centre = start
    bound = master.add(pricing, centre)
    for _ in range(STEPS):
        prices, predicted, is_inside = master.lowest(centre, radius)
        tolerance = TOLERANCE * max(abs(bound), scale.gain)
        if bound - predicted <= tolerance:
            if is_inside:
                break
            radius *= 10.0
            continue
        new_bound = master.add(pricing, prices)
        decrease_share = (bound - new_bound) / (bound - predicted)
        if decrease_share > WIDENED and not is_inside:
            radius *= 2.0
        elif decrease_share < 0:
            radius /= 2.0
        if decrease_share >= ACCEPTED:
            centre, bound = prices, new_bound
    return Dual(centre, bound)


class _Master:
    """The cuts so far. Variables: prices, scaled to the gain of a typical user, then the worth per group of users."""

    def __init__(self, ends: Floats, scale: _Scale, users: int) -> None:
        self.ends, self.scale, self.users = ends, scale, users
        self.rows: list[Floats] = []
        self.sides: list[Floats] = []

    def add(self, pricing: Pricing, prices: Floats) -> float:
        """Price all users, keep the cuts, and return the bound."""
        worth, use = pricing.columns(prices)
        # A group's worth at any prices is at least that of the options its users take here.
        self.rows.append(np.hstack([-use / self.scale.units, -np.eye(GROUPS)]))
        self.sides.append(-(worth + use @ prices) / self.scale.gain)
        return float(prices @ self.ends + worth.sum())

    def lowest(self, centre: Floats, radius: float) -> tuple[Floats, float, bool]:
        """(prices, bound predicted by the cuts, whether the box is not binding) within a box around a centre."""
        unit = self.scale.gain / self.scale.units
        middle, reach = centre / unit, radius / self.scale.gain
        top = np.minimum(middle + reach, self.scale.highest / unit)
        low = np.maximum(middle - reach, 0.0)
        ends = np.concatenate([self.ends / self.scale.units, np.ones(GROUPS)])
        # Where floors take the last unit, every high enough price is best; the lowest of them is meaningful.
        costs = ends + np.concatenate([np.full(centre.size, NUDGE * self.users), np.zeros(GROUPS)])
        limits = np.vstack([np.column_stack([low, top]), np.tile([0.0, np.inf], (GROUPS, 1))])
        solution = linprog(costs, np.vstack(self.rows), np.concatenate(self.sides), bounds=limits, method="highs-ds")
        if solution.x is None:
            return centre, np.inf, True
        scaled = solution.x[: centre.size]
        at_top = (scaled >= top - PRECISION * reach) & (top < self.scale.highest / unit)
        at_low = (scaled <= low + PRECISION * reach) & (low > 0)
        scaled = np.clip(np.where(scaled < PRECISION, 0.0, scaled), low, top)
        return scaled * unit, float(ends @ solution.x * self.scale.gain), not (at_top | at_low).any()
