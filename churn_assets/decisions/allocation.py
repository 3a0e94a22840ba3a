"""Allocation of options to users under limits. Profits of the options and random draws are inputs.

The plan uses the average use of every option once some users are left alone, so it does not depend on any user's draw;
a greedy pass then meets the limits themselves. A user whom the draw leaves alone meets the same limits and uses none:
the intended option never depends on the user's own draw, which keeps the recorded propensity exact.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from churn_assets.decisions.optimise import optimise
from churn_assets.decisions.options import UNITS, Option, Treatment, budget_units
from churn_assets.decisions.problem import Choice, Flags, Floats, Floor, Ints, Limit, Problem

if TYPE_CHECKING:
    from collections.abc import Mapping

    from churn_assets.settings.decisions import Decisions

ROUNDING = 1e-9  # 0.8 of 0.2 of 50 users are 8.000000000000002


@dataclass(frozen=True)
class Allocation:
    """`options`, `shortages`: (users,). The intended option (-1: none) and, where an option would have paid but did not
    fit, the number of the limit in `limits`, else -1. `is_left_alone`: by chance, among users with an intended option.
    """

    options: Ints
    shortages: Ints
    is_left_alone: Flags
    limits: tuple[Limit, ...]
    used: Ints
    choice: Choice


def limits_of(options: tuple[Option, ...], settings: Decisions, codes: Mapping[Treatment, int]) -> tuple[Limit, ...]:
    """Budget (in 1/10,000 of the currency), places per arm and per channel as far as they are limited, free codes."""
    limits = [Limit("budget", np.array([o.cost_units for o in options], dtype=np.int64), budget_units(settings))]
    for arm in settings.arms:
        if arm.capacity is not None:
            use = np.array([o.arm.arm == arm.arm for o in options], dtype=np.int64)
            limits.append(Limit(f"capacity:{arm.arm}", use, arm.capacity))
    for channel, places in sorted(settings.channel_capacities.items()):
        use = np.array([o.arm.channel == channel for o in options], dtype=np.int64)
        limits.append(Limit(f"channel_capacity:{channel}", use, places))
    for number, option in enumerate(options):
        if option.takes_code:
            use = (np.arange(len(options)) == number).astype(np.int64)
            limits.append(Limit(f"code_pool:{option.treatment}", use, codes.get(option.key, 0)))
    return tuple(limits)


def allocate(
    profits: Floats,
    left_alone: Flags,
    whole: tuple[Limit, ...],
    taken: Ints,
    treated_shares: Floats,
    settings: Decisions,
    groups: Mapping[str, Flags],
) -> Allocation:
    """Choose among `profits` (users, options), -inf where an option is not allowed.

    `left_alone`: (users, options), by the user's own draws. `whole`: the limits (`limits_of`), of each of which `taken`
    is used by others. `treated_shares`: (options,), how many of those meant for each are not left alone. `groups`:
    members by name, for the fairness floor.
    """
    limits = tuple(
        Limit(limit.name, limit.use, limit.most - int(gone)) for limit, gone in zip(whole, taken, strict=True)
    )
    # Where everybody is left alone, intended options are planned all the same.
    shares = np.maximum(treated_shares, 1 / UNITS)
    planned = tuple(
        Limit(limit.name, np.ceil(limit.use * shares * UNITS).astype(np.int64), limit.most * UNITS) for limit in limits
    )
    problem = Problem(profits * shares, planned)
    choice = optimise(problem)
    if groups and settings.fairness_floor_share:
        floors = _floors(profits, choice, groups, settings.fairness_floor_share)
        problem = Problem(problem.gains, planned, floors)
        choice = optimise(problem)
    intended, shortages, used = _greedy_pass(problem, choice, left_alone, limits)
    is_left_alone = np.zeros(len(intended), dtype=np.bool_)
    is_intended = intended >= 0
    is_left_alone[is_intended] = left_alone[is_intended, intended[is_intended]]
    return Allocation(intended, shortages, is_left_alone, whole, used + taken, choice)


def _floors(profits: Floats, choice: Choice, groups: Mapping[str, Flags], share: float) -> tuple[Floor, ...]:
    """Floors: users of each group for whom an option pays get one at least `share` times as often as all such users."""
    pays = (profits > 0).any(axis=1)
    rate = (choice.options >= 0).sum() / max(1, pays.sum())
    return tuple(
        Floor(name, members & pays, int(np.ceil(share * rate * (members & pays).sum() - ROUNDING)))
        for name, members in sorted(groups.items())
    )


def _greedy_pass(
    problem: Problem, choice: Choice, left_alone: Flags, limits: tuple[Limit, ...]
) -> tuple[Ints, Ints, Ints]:
    """(option, shortage) per user and (used) per limit: planned users first, then the others, by worth.

    A user who does not fit is skipped, so a cheaper option of a later user may still fit.
    """
    users = len(choice.options)
    intended, shortages = choice.options.copy(), np.full(users, -1, dtype=np.int64)
    used = np.zeros(len(limits), dtype=np.int64)
    if not problem.gains.size:
        return intended, shortages, used
    planned_use = np.array([limit.use for limit in problem.limits]).T  # (options, limits)
    worth = np.where(problem.gains > 0, problem.gains - planned_use @ choice.prices, -np.inf)
    # The price of a floor counts for its members, or they would be the last to get a place.
    worth += (choice.floor_prices @ problem.members)[:, None] if problem.floors else 0.0
    best_options = worth.argmax(axis=1)
    candidates = np.where(intended >= 0, intended, best_options)
    candidate_worth = worth[np.arange(users), candidates]
    is_candidate = (intended >= 0) | (candidate_worth > -np.inf)
    order = np.lexsort((np.arange(users), -candidate_worth, intended < 0))
    unit_use, most = np.array([limit.use for limit in limits]).T.tolist(), [limit.most for limit in limits]
    spent = [0] * len(limits)
    for user in order[is_candidate[order]].tolist():
        option = int(candidates[user])
        exceeded = next((n for n, use in enumerate(unit_use[option]) if spent[n] + use > most[n]), -1)
        if exceeded >= 0:
            intended[user], shortages[user] = -1, exceeded
            continue
        intended[user] = option
        if not left_alone[user, option]:
            spent = [before + use for before, use in zip(spent, unit_use[option], strict=True)]
    used[:] = spent
    return intended, shortages, used
