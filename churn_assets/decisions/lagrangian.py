"""A good choice for any number of users, and a bound on the best one: prices, repair, and the doubtful users solved.

Lagrangian relaxation of the limits and floors (Fisher 1981; Kellerer, Pferschy, Pisinger, Knapsack Problems, 2004,
ch. 11): at the right prices almost every user's best option is clear. What the few others get is settled by branch and
bound among the most doubtful ones, the core (Balas, Zemel, An algorithm for large zero-one knapsack problems,
Operations Research 1980).
"""

from __future__ import annotations

import numpy as np

from churn_assets.decisions.dual import Dual, dual
from churn_assets.decisions.exact import incumbent
from churn_assets.decisions.moves import Moves
from churn_assets.decisions.pricing import Pricing
from churn_assets.decisions.problem import NOTHING, Choice, Floats, Floor, Ints, Limit, Problem
from churn_assets.decisions.tied import spread

CORE = 300  # users settled exactly: the gap is that of a few users, whatever the number of users
CORE_NODES = 30
ROUNDING = 1e-12  # sums of the same gains in another order


def lagrangian(problem: Problem) -> Choice:
    """Give a choice within all limits, with prices and a bound that no choice as little short of the floors exceeds.

    Floors that the limits do not let be met are met as far as repair finds; the bound is then of the problem with the
    floors lowered to what is met. The time grows with users times options, the memory beside the gains by a copy.
    Raises nothing: a valid problem has at least the choice of nothing.
    """
    pricing = Pricing(problem)
    allowed = (pricing.gains > -np.inf).any(axis=0)
    reachable = np.minimum(problem.least, (problem.members & allowed).sum(axis=1))
    priced = dual(problem, pricing, reachable.astype(np.float64))
    options = _settled(problem, pricing, priced.prices)
    short = problem.short(options)
    if (problem.least - short < reachable).any():  # prices of floors that cannot be met say nothing
        priced = dual(problem, pricing, (problem.least - short).astype(np.float64), is_sampled=False)
        again = _settled(problem, pricing, priced.prices)
        if (problem.short(again) <= short).all() and _rank(problem, again) > _rank(problem, options):
            options = again
            if (problem.short(options) < short).any():
                short = problem.short(options)
                priced = dual(problem, pricing, (problem.least - short).astype(np.float64), is_sampled=False)
    return _choice(problem, options, priced)


def _choice(problem: Problem, options: Ints, priced: Dual) -> Choice:
    profit = problem.profit(options)
    prices, floor_prices = np.split(priced.prices, [len(problem.limits)])
    largest = max(abs(priced.bound), float(problem.gains.max(initial=0.0)))
    is_exact = priced.bound - profit <= ROUNDING * largest
    bound = profit if is_exact else priced.bound
    return Choice(options, profit, bound, prices, floor_prices, is_exact=is_exact, short=problem.short(options))


def _rank(problem: Problem, options: Ints) -> tuple[int, float]:
    return -int(problem.short(options).sum()), problem.profit(options)


def _settled(problem: Problem, pricing: Pricing, prices: Floats) -> Ints:
    taken = [pricing.taken(prices, start, start + 100_000)[0] for start in range(0, pricing.users, 100_000)]
    options = np.concatenate([np.zeros(0, np.int64), *taken])
    moves = Moves(problem, pricing, prices, np.where(options == NOTHING, len(pricing.gains), options))
    spread(moves)
    moves.reach(is_within=False)
    moves.repair()
    moves.reach(is_within=True)
    moves.fill()
    better = _core(moves)
    if better is not None:
        moves.own = np.where(better == NOTHING, moves.none, better)
        moves.fill()
    return moves.options


def _core(moves: Moves) -> Ints | None:
    """Solve the most doubtful users again with what the others leave; None where that is no better."""
    problem, options = moves.problem, moves.options
    users = _doubtful(moves)
    rest = options.copy()
    rest[users] = NOTHING
    left, missing = problem.most - problem.used(rest), problem.short(rest)
    limits = [Limit(limit.name, limit.use, int(most)) for limit, most in zip(problem.limits, left, strict=True)]
    floors = [
        Floor(floor.name, floor.members[users], int(least))
        for floor, least in zip(problem.floors, missing, strict=True)
    ]
    found = incumbent(Problem(problem.gains[users], tuple(limits), tuple(floors)), nodes=CORE_NODES)
    if found is None:
        return None
    rest[users] = found[0]
    return rest if _rank(problem, rest) > _rank(problem, options) else None


def _doubtful(moves: Moves) -> Ints:
    """The users whose next best option costs them least at these prices, in order of users."""
    rows = np.arange(moves.own.size)
    worth = np.vstack([moves.pricing.gains + moves.bonus, np.zeros(rows.size)]) - moves.paid[:, None]
    own = worth[moves.own, rows]
    worth[moves.own, rows] = -np.inf
    regret = own - worth.max(axis=0)
    return np.sort(np.argsort(regret, kind="stable")[:CORE])
