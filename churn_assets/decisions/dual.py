"""Prices of the limits under which users choose for themselves: the Lagrangian dual, by cutting planes.

Every price per unit gives a bound: what users earn who pay it, plus the price of all units there are (Fisher, The
Lagrangian relaxation method for solving integer programming problems, Management Science 1981). The lowest bound is
found by the cutting-plane method (Kelley 1960), kept inside a box around the best prices so far (Marsten, Hogan,
Blankenship, The Boxstep method, Operations Research 1975) and with cuts per group of users.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.optimize import linprog

from churn_assets.decisions.pricing import GROUPS, Pricing
from churn_assets.decisions.problem import Floats, Ints, Problem

SAMPLE = 20_000  # users that the first prices are found on: fifty times as fast as on a million
STEPS = 400
TOLERANCE = 1e-7  # of the bound
NUDGE = 1e-7  # of a unit per user, added to what there is
PRECISION = 1e-9  # of a user's gain: a price below is HiGHS's rounding of 0
ACCEPTED, WIDENED = 0.1, 0.5  # shares of a promised fall of the bound


@dataclass(frozen=True)
class Dual:
    """`prices`: (limits + floors,) in the currency of the gains per unit, >= 0. `bound`: what they prove."""

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
    """What makes the master problem's numbers alike: the gain of a user, the units of a user, the highest prices."""

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
    """Move the centre when a step keeps a tenth of its promise; every step adds its cuts either way."""
    master = _Master(ends, scale, pricing.users)
    centre = start
    bound = master.add(pricing, centre)
    for _ in range(STEPS):
        prices, promised, is_inside = master.lowest(centre, radius)
        tolerance = TOLERANCE * max(abs(bound), scale.gain)
        if bound - promised <= tolerance:
            if is_inside:
                break
            radius *= 10.0
            continue
        found = master.add(pricing, prices)
        kept = (bound - found) / (bound - promised)
        if kept > WIDENED and not is_inside:
            radius *= 2.0
        elif kept < 0:
            radius /= 2.0
        if kept >= ACCEPTED:
            centre, bound = prices, found
    return Dual(centre, bound)


class _Master:
    """The cuts so far. Variables: prices, scaled to gain per typical user, then the worth of each group of users."""

    def __init__(self, ends: Floats, scale: _Scale, users: int) -> None:
        self.ends, self.scale, self.users = ends, scale, users
        self.rows: list[Floats] = []
        self.sides: list[Floats] = []

    def add(self, pricing: Pricing, prices: Floats) -> float:
        """Price all users, keep the cuts, and give the bound."""
        worth, use = pricing.columns(prices)
        # A group's worth at any prices is at least what its users earn when they stay with what they took here.
        self.rows.append(np.hstack([-use / self.scale.units, -np.eye(GROUPS)]))
        self.sides.append(-(worth + use @ prices) / self.scale.gain)
        return float(prices @ self.ends + worth.sum())

    def lowest(self, centre: Floats, radius: float) -> tuple[Floats, float, bool]:
        """(prices, bound promised by the cuts, whether the box held nothing back) within a box around a centre."""
        unit = self.scale.gain / self.scale.units
        middle, reach = centre / unit, radius / self.scale.gain
        top = np.minimum(middle + reach, self.scale.highest / unit)
        low = np.maximum(middle - reach, 0.0)
        ends = np.concatenate([self.ends / self.scale.units, np.ones(GROUPS)])
        # Where floors take the last unit any price that is high enough is best; the lowest of them says something.
        costs = ends + np.concatenate([np.full(centre.size, NUDGE * self.users), np.zeros(GROUPS)])
        limits = np.vstack([np.column_stack([low, top]), np.tile([0.0, np.inf], (GROUPS, 1))])
        found = linprog(costs, np.vstack(self.rows), np.concatenate(self.sides), bounds=limits, method="highs-ds")
        if found.x is None:
            return centre, np.inf, True
        scaled = found.x[: centre.size]
        at_top = (scaled >= top - PRECISION * reach) & (top < self.scale.highest / unit)
        at_low = (scaled <= low + PRECISION * reach) & (low > 0)
        scaled = np.clip(np.where(scaled < PRECISION, 0.0, scaled), low, top)
        return scaled * unit, float(ends @ found.x * self.scale.gain), not (at_top | at_low).any()
