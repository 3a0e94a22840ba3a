"""Which option each user gets under shared limits, and a bound on what is missed.

Lagrangian relaxation of the limits and floors (Fisher 1981; Kellerer, Pferschy, Pisinger, Knapsack Problems, 2004,
ch. 11): at the right prices almost every user's best option is clear, and repair and filling settle the few others.
They miss what a few users are worth, which is little of many and much of few: the best choice itself where it is cheap.
"""

from __future__ import annotations

import numpy as np

from churn_assets.decisions.dual import dual
from churn_assets.decisions.exact import exact
from churn_assets.decisions.moves import Moves
from churn_assets.decisions.pricing import Pricing
from churn_assets.decisions.problem import NOTHING, Choice, Floats, Ints, Problem

# By prices alone 660 random problems of 2 to 30 users missed 0.1 to 4 % of the best on average (19 % where losing
# options serve floors) and up to 93 %, 2 of them a floor that can be met. From 300 users on they miss 0.001 to 0.04
# %; users alike under floors 1 %, and of 24 such plans one missed 12 members. Exact with 4,000 cells, users alike
# took 9 s.
EXACT_CELLS = 1_000
BLOCK = 100_000  # users priced at a time


def optimise(problem: Problem, *, exact_cells: int = EXACT_CELLS) -> Choice:
    """Choose one option per user at most, for the most profit within the limits.

    Up to `exact_cells` users times options the choice is the best there is, as far as branch and bound proves one;
    else it comes with a bound that no choice as little short of the floors exceeds. Floors that the limits do not let
    be met are met as far as repair finds. Of users alike the lower ones come first; the same problem gives the same
    choice. The time grows with users times options, the memory beside the gains by a copy. Raises nothing: a valid
    problem has at least the choice of nothing.
    """
    pricing = Pricing(problem)
    best = exact(problem, pricing.gains.T) if problem.gains.size <= exact_cells else None
    if best is not None:
        priced = dual(problem, pricing, problem.least - problem.short(best))
        moves = _moves(problem, pricing, priced.prices, best)
        moves.fill()  # takes away what earns nothing and no floor needs
        return _choice(problem, moves.options, priced.prices, None)
    allowed = (pricing.gains > -np.inf).any(axis=0)
    least = np.minimum(problem.least, (problem.members & allowed).sum(axis=1))
    priced = dual(problem, pricing, least)
    options = _settled(problem, pricing, priced.prices)
    short = problem.short(options)
    if (problem.least - short < least).any():  # prices of floors that cannot be met say nothing
        priced = dual(problem, pricing, problem.least - short, is_sampled=False)
        again = _settled(problem, pricing, priced.prices)
        if (problem.short(again) <= short).all() and _rank(problem, again) > _rank(problem, options):
            options = again
    return _choice(problem, options, priced.prices, priced.bound)


def _settled(problem: Problem, pricing: Pricing, prices: Floats) -> Ints:
    """What every user takes at these prices, brought within the limits and up to the floors; then what still fits."""
    taken = [pricing.taken(prices, start, start + BLOCK)[0] for start in range(0, pricing.users, BLOCK)]
    moves = _moves(problem, pricing, prices, np.concatenate([np.zeros(0, np.int64), *taken]))
    moves.reach(is_within=False)
    moves.repair()
    moves.reach(is_within=True)
    moves.fill()
    return moves.options


def _moves(problem: Problem, pricing: Pricing, prices: Floats, options: Ints) -> Moves:
    return Moves(problem, pricing, prices, np.where(options == NOTHING, len(pricing.gains), options))


def _rank(problem: Problem, options: Ints) -> tuple[int, float]:
    return -int(problem.short(options).sum()), problem.profit(options)


def _choice(problem: Problem, options: Ints, prices: Floats, bound: float | None) -> Choice:
    """`bound`: None where the options are proven to be the best."""
    profit = problem.profit(options)
    of_limits, of_floors = np.split(prices, [len(problem.limits)])
    return Choice(
        options, profit, profit if bound is None else max(bound, profit), of_limits, of_floors,
        is_exact=bound is None, short=problem.short(options),
    )  # fmt: skip
