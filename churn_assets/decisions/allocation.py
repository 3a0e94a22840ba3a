"""Who gets what when money and places are short. What suits a user, and who is left alone by chance, comes in.

The plan is made over what every option uses on average once some users are left alone, so it does not depend on
anybody's draw; the limits themselves are met in a walk. Whom a user's own draw leaves alone meets the same limits and
uses none: what a user is meant to get never depends on that draw, which keeps the recorded propensity exact.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from churn_assets.decisions.holdout import treated_share
from churn_assets.decisions.optimise import optimise
from churn_assets.decisions.options import UNITS, Option, Treatment, budget_units
from churn_assets.decisions.problem import Choice, Flags, Floats, Floor, Ints, Limit, Problem

if TYPE_CHECKING:
    from collections.abc import Mapping

    from churn_assets.settings.decisions import Decisions

ROUNDING = 1e-9  # 0.8 of 0.2 of 50 users are 8.000000000000002


@dataclass(frozen=True)
class Allocation:
    """`options`, `shortages`: (users,). What a user is meant to get (-1: nothing) and, where something would have paid
    but did not fit, the number of the limit in `limits`, else -1. `is_left_alone`: of those meant to get something.
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
            mine = np.array([o.arm.arm == arm.arm for o in options], dtype=np.int64)
            limits.append(Limit(f"capacity:{arm.arm}", mine, arm.capacity))
    for channel, places in sorted(settings.channel_capacities.items()):
        mine = np.array([o.arm.channel == channel for o in options], dtype=np.int64)
        limits.append(Limit(f"channel_capacity:{channel}", mine, places))
    for place, option in enumerate(options):
        if option.takes_code:
            mine = (np.arange(len(options)) == place).astype(np.int64)
            limits.append(Limit(f"code_pool:{option.treatment}", mine, codes.get(option.key, 0)))
    return tuple(limits)


def allocate(
    profits: Floats,
    left_alone: Flags,
    options: tuple[Option, ...],
    settings: Decisions,
    groups: Mapping[str, Flags] | None = None,
    codes: Mapping[Treatment, int] | None = None,
) -> Allocation:
    """Choose among `profits` (users, options), -inf where an option is out of the question.

    `left_alone`: (users, options), by the user's own draws. `groups`: members by name, for the fairness floor. `codes`:
    how many are free, by arm and level.
    """
    limits = limits_of(options, settings, codes or {})
    # Where everybody is left alone, what is meant is planned all the same.
    shares = np.array([max(treated_share(option.arm, settings), 1 / UNITS) for option in options])
    planned = tuple(
        Limit(limit.name, np.ceil(limit.use * shares * UNITS).astype(np.int64), limit.most * UNITS) for limit in limits
    )
    problem = Problem(profits * shares, planned)
    choice = optimise(problem)
    if groups and settings.fairness_floor_share:
        floors = _floors(profits, choice, groups, settings.fairness_floor_share)
        problem = Problem(problem.gains, planned, floors)
        choice = optimise(problem)
    chosen, shortages, used = _walk(problem, choice, left_alone, limits)
    is_left_alone = np.zeros(len(chosen), dtype=np.bool_)
    meant = chosen >= 0
    is_left_alone[meant] = left_alone[meant, chosen[meant]]
    return Allocation(chosen, shortages, is_left_alone, limits, used, choice)


def _floors(profits: Floats, choice: Choice, groups: Mapping[str, Flags], share: float) -> tuple[Floor, ...]:
    """Each group's users for whom something pays are to be given it at least `share` times as often as all such are."""
    pays = (profits > 0).any(axis=1)
    rate = (choice.options >= 0).sum() / max(1, pays.sum())
    return tuple(
        Floor(name, members & pays, int(np.ceil(share * rate * (members & pays).sum() - ROUNDING)))
        for name, members in sorted(groups.items())
    )


def _walk(problem: Problem, choice: Choice, left_alone: Flags, limits: tuple[Limit, ...]) -> tuple[Ints, Ints, Ints]:
    """(option, shortage) per user and (used) per limit: the plan first, then, while there is room, whoever is next.

    Who does not fit is skipped and the walk goes on, so something cheaper further down may still fit.
    """
    users = len(choice.options)
    chosen, shortages = choice.options.copy(), np.full(users, -1, dtype=np.int64)
    used = np.zeros(len(limits), dtype=np.int64)
    if not problem.gains.size:
        return chosen, shortages, used
    uses = np.array([limit.use for limit in problem.limits]).T  # (options, limits)
    worth = np.where(problem.gains > 0, problem.gains - uses @ choice.prices, -np.inf)
    # Whom a floor brought in is worth its price, or they would be the first whom chance leaves without a place.
    worth += (choice.floor_prices @ problem.members)[:, None] if problem.floors else 0.0
    best = worth.argmax(axis=1)
    wanted = np.where(chosen >= 0, chosen, best)
    value = worth[np.arange(users), wanted]
    in_question = (chosen >= 0) | (value > -np.inf)
    order = np.lexsort((np.arange(users), -value, chosen < 0))
    real, most = np.array([limit.use for limit in limits]).T.tolist(), [limit.most for limit in limits]
    spent = [0] * len(limits)
    for user in order[in_question[order]].tolist():
        option = int(wanted[user])
        short = next((n for n, use in enumerate(real[option]) if spent[n] + use > most[n]), -1)
        if short >= 0:
            chosen[user], shortages[user] = -1, short
            continue
        chosen[user] = option
        if not left_alone[user, option]:
            spent = [before + use for before, use in zip(spent, real[option], strict=True)]
    used[:] = spent
    return chosen, shortages, used
