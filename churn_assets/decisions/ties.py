"""Of choices that earn the same, the one where lower users get lower options. For problems of a few thousand cells."""

from __future__ import annotations

import numpy as np

from churn_assets.decisions.problem import NOTHING, Ints, Problem


def earliest(problem: Problem, options: Ints) -> Ints:
    """Drop what earns nothing and no floor needs, then lower and exchange options where that changes no sum.

    `options`: (users,) a choice within the limits; the result earns as much or more and is as little short.
    Two users are exchanged when their gains add up to the same float either way and both are in the same floors, so
    that users alike are served in order; ties of longer chains of exchanges keep the order of the solver.
    """
    found = options.copy()
    users, count = problem.gains.shape
    gains = np.append(problem.gains, np.zeros((users, 1)), axis=1)
    own = np.where(found == NOTHING, count, found)
    _drop_needless(problem, gains, own)
    _lower(problem, gains, own)
    for user in range(users):
        later = np.arange(user + 1, users)
        theirs = own[later]
        is_neutral = gains[user, theirs] + gains[later, own[user]] == gains[user, own[user]] + gains[later, theirs]
        is_alike = (problem.members[:, later] == problem.members[:, [user]]).all(axis=0)
        better = np.flatnonzero(is_neutral & is_alike & (theirs < own[user]))
        if better.size:
            other = later[better[theirs[better].argmin()]]
            own[user], own[other] = own[other], own[user]
    return np.where(own == count, NOTHING, own)


def _drop_needless(problem: Problem, gains: np.ndarray, own: Ints) -> None:
    count = problem.gains.shape[1]
    spare = (problem.members & (own != count)).sum(axis=1) - problem.least
    for user in np.flatnonzero((gains[np.arange(own.size), own] <= 0) & (own != count))[::-1]:
        is_member = problem.members[:, user]
        if (spare[is_member] > 0).all():
            own[user] = count
            spare[is_member] -= 1


def _lower(problem: Problem, gains: np.ndarray, own: Ints) -> None:
    """Give a lower option of the same gain where it fits."""
    use = np.append(problem.use, np.zeros((len(problem.limits), 1), np.int64), axis=1)
    left = problem.most - use[:, own].sum(axis=1)
    for user in range(own.size):
        for option in np.flatnonzero(gains[user, : own[user]] == gains[user, own[user]]):
            if own[user] < problem.gains.shape[1] and (use[:, option] <= left + use[:, own[user]]).all():
                left += use[:, own[user]] - use[:, option]
                own[user] = option
                break
