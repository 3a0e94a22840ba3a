"""The best choice itself, by branch and bound (HiGHS through scipy): for problems of a few thousand cells.

Floors come before profit: first the fewest members missing, then the most profit among those choices. Two solves say
the same as one with a penalty per missing member, without a penalty so large that it drowns the gains.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from scipy.optimize import Bounds, LinearConstraint, linprog, milp
from scipy.sparse import csr_array, hstack, vstack

from churn_assets.decisions.problem import NOTHING, Choice, Floats, Ints, Problem
from churn_assets.decisions.ties import earliest

NODES = 300  # a count and not a time: the same input has to give the same choice on any machine
INFEASIBLE = 2  # scipy's status
SCALE = 1_000.0  # of the largest gain: HiGHS stops at an absolute gap of 1e-6
ROUNDING = 1e-9  # a dual below is HiGHS's 0


def exact(problem: Problem, *, nodes: int = NODES) -> Choice | None:
    """Give the best choice, or None when it is not proven within so many nodes of the search tree.

    Ties: the lower user, then the lower option, as far as two users can be exchanged. Prices are the duals of the
    relaxation of the same matrix, with the floors lowered to what is met.
    """
    found = incumbent(problem, nodes=nodes)
    if found is None or not found[1]:
        return None
    options = earliest(problem, found[0])
    profit, short = problem.profit(options), problem.short(options)
    prices, floor_prices = np.split(_Matrix(problem).prices(problem.least - short), [len(problem.limits)])
    return Choice(options, profit, profit, prices, floor_prices, is_exact=True, short=short)


def incumbent(problem: Problem, *, nodes: int) -> tuple[Ints, bool] | None:
    """Give the best choice found within so many nodes, (users,), and whether it is proven; None when there is none."""
    matrix = _Matrix(problem)
    if not matrix.users.size:
        return np.full(problem.gains.shape[0], NOTHING), True
    found, is_proven = matrix.solve(problem.least, None, nodes)
    if found is None:
        if is_proven is False:
            return None
        fewest, is_fewest = matrix.fewest_missing(nodes)
        if fewest is None:
            return None
        found, is_proven = matrix.solve(problem.least, fewest, nodes)
        if found is None:
            return None
        is_proven = bool(is_proven) and is_fewest
    # HiGHS holds rows to a tolerance, which is whole units where the use of one user is millions.
    return (found, bool(is_proven)) if (problem.used(found) <= problem.most).all() else None


@dataclass(frozen=True)
class _Matrix:
    """Columns: the cells that may be chosen, in order of users, then options. Rows: users, limits, floors."""

    problem: Problem

    @cached_property
    def cells(self) -> tuple[Ints, Ints]:
        gains = self.problem.gains
        is_needed = np.logical_or.reduce(self.problem.members, axis=0)[:, None]
        users, options = np.nonzero((gains > 0) | ((gains > -np.inf) & is_needed))
        return users, options

    @property
    def users(self) -> Ints:
        return self.cells[0]

    @cached_property
    def costs(self) -> Floats:
        gains: Floats = self.problem.gains[self.cells]
        return -gains * (SCALE / max(float(np.abs(gains).max()), np.finfo(float).tiny))

    @cached_property
    def rows(self) -> Any:
        users = self.users
        cells = np.arange(users.size)
        one = csr_array((np.ones(users.size), (users, cells)), shape=(self.problem.gains.shape[0], users.size))
        return vstack([one, csr_array(self._common)]).tocsr()

    @property
    def _common(self) -> Floats:
        """Limits over their greatest common divisors, which tightens them; then floors, turned to at most."""
        users, options = self.cells
        used = self.problem.use[:, options] // self._units[:, None]
        return np.vstack([used.astype(np.float64), -self.problem.members[:, users].astype(np.float64)])

    @cached_property
    def _units(self) -> Ints:
        units: Ints = np.maximum(np.gcd.reduce(self.problem.use, axis=1, initial=0), 1)
        return units

    def _most(self, least: Ints) -> Floats:
        one = np.ones(self.problem.gains.shape[0])
        return np.concatenate([one, self.problem.most // self._units, -least.astype(np.float64)])

    def solve(self, least: Ints, missing: int | None, nodes: int) -> tuple[Ints | None, bool | None]:
        """Most profit with so many missing over all floors, None: nobody. (None, True) where no choice does that."""
        rows, costs, most = self.rows, self.costs, self._most(least)
        if missing is not None:
            rows, costs, most = self._with_missing(rows, costs, most, missing)
        return self._branch(rows, costs, most, nodes)

    def fewest_missing(self, nodes: int) -> tuple[int | None, bool]:
        rows, costs, most = self._with_missing(
            self.rows, np.zeros(self.users.size), self._most(self.problem.least), None
        )
        costs[self.users.size :] = 1.0
        options, is_proven = self._branch(rows, costs, most, nodes)
        return (None if options is None else int(self.problem.short(options).sum())), bool(is_proven)

    def _with_missing(self, rows: Any, costs: Floats, most: Floats, missing: int | None) -> tuple[Any, Floats, Floats]:
        floors = len(self.problem.floors)
        slack = np.zeros((rows.shape[0], floors))
        slack[rows.shape[0] - floors :] = -np.eye(floors)
        rows, costs = hstack([rows, csr_array(slack)]), np.append(costs, np.zeros(floors))
        if missing is not None:
            total = np.append(np.zeros(self.users.size), np.ones(floors))
            rows, most = vstack([rows, csr_array(total[None, :])]), np.append(most, float(missing))
        return rows.tocsr(), costs, most

    def _branch(self, rows: Any, costs: Floats, most: Floats, nodes: int) -> tuple[Ints | None, bool | None]:
        cells = self.users.size
        upper = np.append(np.ones(cells), np.full(costs.size - cells, np.inf))
        integral = np.append(np.ones(cells), np.zeros(costs.size - cells))
        result = milp(
            costs,
            integrality=integral,
            bounds=Bounds(0.0, upper),
            constraints=LinearConstraint(rows, -np.inf, most),
            options={"mip_rel_gap": 0.0, "node_limit": nodes},
        )
        if result.x is None:
            return None, result.status == INFEASIBLE
        users, options = self.cells
        taken = result.x[:cells] > 0.5  # noqa: PLR2004 - 0 or 1 within a tolerance
        choice = np.full(self.problem.gains.shape[0], NOTHING)
        choice[users[taken]] = options[taken]
        return choice, result.status == 0

    def prices(self, least: Ints) -> Floats:
        """(limits + floors,) duals of the relaxation, in the currency of the gains per unit."""
        prices = np.zeros(len(self.problem.limits) + len(self.problem.floors))
        if not self.users.size or not prices.size:
            return prices
        result = linprog(self.costs, A_ub=self.rows, b_ub=self._most(least), bounds=(0, None), method="highs")
        if result.ineqlin is None or result.x is None:  # a floor met to the last unit may fail by HiGHS's tolerance
            return prices
        scale = max(float(np.abs(self.problem.gains[self.cells]).max()), np.finfo(float).tiny) / SCALE
        duals = -result.ineqlin.marginals[-prices.size :]
        duals = np.where(duals > ROUNDING, duals * scale, 0.0)
        duals[: len(self.problem.limits)] /= self._units
        return duals
