"""Who of the users indifferent at the prices takes what: without this, all of them would take the same.

At the best prices the relaxation gives users only options that are worth most to them (complementary slackness). Of
several such options it does not matter who takes which, only how many do: a linear programme over groups of users with
the same options tied and the same floors, whose corner solutions split few users (Dantzig, Wolfe 1960).
"""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.optimize import linprog
from scipy.sparse import coo_array

from churn_assets.decisions.moves import Moves
from churn_assets.decisions.problem import Ints

TIED = 1e-7  # of a typical gain: worth this much less is worth the same


def spread(moves: Moves) -> None:
    """Spread tied users over their options within the limits, the lower users first and over the lower options first.

    Changes `moves.own`. Fractions are cut off, so that somebody may be left with nothing; limits may stay exceeded
    where too few users are tied.
    """
    users, tied = _tied(moves)
    if not users.size or not moves.prices.size:
        return
    flags = np.vstack([tied, moves.problem.members[:, users]])
    kinds, kind_of = np.unique(np.packbits(flags, axis=0).T, axis=0, return_inverse=True)
    order = np.argsort(kind_of.ravel(), kind="stable")
    sizes = np.bincount(kind_of.ravel(), minlength=len(kinds))
    starts = np.cumsum(sizes) - sizes
    first = order[starts]
    counts = _counts(moves, users, sizes, flags[:, first])
    for start, size, row in zip(starts, sizes, counts, strict=True):
        members = users[order[start : start + size]]
        given = np.repeat(np.arange(moves.none), row[:-1])[:size]
        moves.own[members] = moves.none
        moves.own[members[: given.size]] = given


def _tied(moves: Moves) -> tuple[Ints, Any]:
    """(users, (options + none, users) flags of the options that are worth most to them), with two flags or more."""
    gains, found = moves.pricing.gains, []
    typical = gains.max(axis=0, initial=0.0)
    slack = TIED * float(typical[typical > 0].mean()) if (typical > 0).any() else 0.0
    for start in range(0, moves.own.size, 100_000):
        block = slice(start, start + 100_000)
        worth = gains[:, block] - moves.paid[:-1, None] + moves.bonus[block]
        worth = np.vstack([worth, np.zeros(worth.shape[1])])
        tied = worth >= worth.max(axis=0) - slack
        some = np.flatnonzero(tied.sum(axis=0) > 1)
        found.append((some + start, tied[:, some]))
    if not found:
        return np.zeros(0, np.int64), np.zeros((moves.none + 1, 0), np.bool_)
    return np.concatenate([users for users, _ in found]), np.hstack([tied for _, tied in found])


def _counts(moves: Moves, users: Ints, sizes: Ints, flags: Any) -> Ints:
    """(kinds, options + none) how many users of a kind take what: least loss, overuse and missing members at a fine."""
    problem, limits, floors = moves.problem, len(moves.problem.limits), len(moves.problem.floors)
    kinds, options = np.nonzero(flags[: moves.none + 1].T)
    is_given = options != moves.none
    left = moves.left + moves.use[:, moves.own[users]].sum(axis=1)
    spare = moves.spare - (problem.members[:, users] & (moves.own[users] != moves.none)).sum(axis=1)
    members = flags[moves.none + 1 :][:, kinds] & is_given
    prices = moves.prices
    scale = np.concatenate([np.maximum(problem.use.max(axis=1, initial=1), 1), np.ones(floors)])
    rows = np.vstack([moves.use[:, options], -members.astype(np.int64)]) / scale[:, None]
    rows = np.hstack([rows, -np.eye(limits + floors)])
    # Worth is equal within a kind, so what an option earns more than another is what it costs more at the prices.
    earned = moves.paid[options] - prices[limits:] @ members
    fines = 10.0 * (prices * scale + max(float(np.abs(earned).max()), np.finfo(float).tiny))
    one = coo_array(
        (np.ones(kinds.size), (kinds, np.arange(kinds.size))), shape=(sizes.size, kinds.size + limits + floors)
    )
    found = linprog(
        np.concatenate([-earned, fines]) / fines.max(),
        A_ub=rows,
        b_ub=np.concatenate([left, spare]) / scale,
        A_eq=one,
        b_eq=sizes,
        method="highs-ds",
    )
    counts = np.zeros((sizes.size, moves.none + 1), np.int64)
    if found.x is not None:
        counts[kinds, options] = np.floor(found.x[: kinds.size] + 1e-6)
    return counts
