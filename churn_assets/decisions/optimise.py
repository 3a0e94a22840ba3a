"""Which option each user gets under shared limits: exactly where that is cheap, else with a bound on what is missed."""

from __future__ import annotations

import numpy as np

from churn_assets.decisions.exact import exact
from churn_assets.decisions.lagrangian import lagrangian
from churn_assets.decisions.problem import NOTHING, Choice, Ints, Problem

UNSTOPPED = -1


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


def binding_limits(problem: Problem, choice: Choice) -> Ints:
    """Say which limit stopped each user who got nothing: (users,) index into the limits, -1 where none did.

    Looked at is the user's allowed option of the highest gain above 0. It was stopped by the limit that makes it most
    expensive (price times use); where all prices of it are 0, by the one whose units left cover its use least, if not
    wholly. -1 too for whoever got an option, or has none that gains.
    """
    stopped = np.full(problem.gains.shape[0], UNSTOPPED)
    if not problem.gains.size or not problem.limits:
        return stopped
    by_option = _stopping(problem, choice)
    best = problem.gains.argmax(axis=1)
    is_left = (choice.options == NOTHING) & (problem.gains.max(axis=1) > 0)
    stopped[is_left] = by_option[best[is_left]]
    return stopped


def _stopping(problem: Problem, choice: Choice) -> Ints:
    """(options,) the limit that stops an option."""
    paid = choice.prices[:, None] * problem.use
    left = (problem.most - problem.used(choice.options))[:, None]
    covered = np.where(problem.use > 0, left / np.maximum(problem.use, 1), np.inf)
    scarcest = np.where(covered.min(axis=0) < 1, covered.argmin(axis=0), UNSTOPPED)
    return np.where(paid.max(axis=0) > 0, paid.argmax(axis=0), scarcest)
