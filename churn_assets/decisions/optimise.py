"""Which option each user gets under shared limits: exactly where that is cheap, else with a bound on what is missed."""

from __future__ import annotations

from churn_assets.decisions.exact import exact
from churn_assets.decisions.lagrangian import lagrangian
from churn_assets.decisions.problem import Choice, Problem


def optimise(problem: Problem, *, exact_cells: int = 4_000) -> Choice:
    """Choose one option per user at most, for the most profit within the limits.

    Up to `exact_cells` users times options the choice is the best there is, as long as branch and bound proves one;
    above, and where it does not, the Lagrangian choice with its gap. The same problem gives the same choice.
    """
    if problem.gains.size <= exact_cells:
        best = exact(problem)
        if best is not None:
            return best
    return lagrangian(problem)
