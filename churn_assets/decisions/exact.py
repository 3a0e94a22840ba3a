"""The optimal choice, by branch and bound (HiGHS through scipy): for problems of a few hundred users.

Floors come before profit: first the fewest members missing, then the most profit among those choices. Two solves are
equivalent to one with a penalty per missing member, without a penalty so large that the gains are lost in rounding.
"""

from __future__ import annotations

import numpy as np
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.sparse import csr_array, hstack, vstack

from churn_assets.decisions.problem import NOTHING, Floats, Ints, Problem

NODES = 300  # a count and not a time: the same input has to give the same choice on any machine
SCALE = 1_000.0  # of the largest gain: HiGHS stops at an absolute gap of 1e-6


def exact(problem: Problem, gains: Floats) -> Ints | None:
    """The optimal choice at these gains, (users,), or None when optimality is not proven within NODES nodes."""
    is_needed = np.logical_or.reduce(problem.members, axis=0)[:, None]
    users, options = np.nonzero((gains > 0) | ((gains > -np.inf) & is_needed))
    choice = np.full(len(gains), NOTHING)
    if not users.size:
        return choice
    units = np.maximum(np.gcd.reduce(problem.use, axis=1, initial=0), 1)  # dividing by them tightens the limits
    per_user = csr_array((np.ones(users.size), (users, np.arange(users.size))), shape=(len(gains), users.size))
    rows = vstack(
        [per_user, csr_array(problem.use[:, options] // units[:, None]), csr_array(-1.0 * problem.members[:, users])]
    )
    floors = len(problem.floors)
    missing = np.vstack([np.zeros((rows.shape[0] - floors, floors)), -np.eye(floors), np.ones((1, floors))])
    rows = hstack([vstack([rows, csr_array((1, users.size))]), csr_array(missing)]).tocsr()
    most = np.concatenate([np.ones(len(gains)), problem.most // units, -problem.least.astype(np.float64), [np.inf]])
    largest = max(float(np.abs(gains[users, options]).max()), np.finfo(float).tiny)
    earned = np.append(gains[users, options] / largest * SCALE, np.zeros(floors))
    if floors:
        fewest = _solved(np.append(np.zeros(users.size), -np.ones(floors)), rows, most)
        if fewest is None:
            return None
        most[-1] = fewest[users.size :].sum()
    solution = _solved(earned, rows, most)
    if solution is None:
        return None
    taken = solution[: users.size] > 0
    choice[users[taken]] = options[taken]
    # HiGHS meets rows within a tolerance, which is whole units where the use of one user is millions.
    return choice if (problem.used(choice) <= problem.most).all() else None


def _solved(earned: Floats, rows: csr_array, most: Floats) -> Ints | None:
    """Whole numbers >= 0 that earn most, each user's summing to 1 at most."""
    result = milp(
        -earned,
        integrality=np.ones(earned.size),
        bounds=Bounds(0.0, np.inf),
        constraints=LinearConstraint(rows, -np.inf, most),
        options={"mip_rel_gap": 0.0, "node_limit": NODES},
    )
    return np.rint(result.x).astype(np.int64) if result.status == 0 else None
