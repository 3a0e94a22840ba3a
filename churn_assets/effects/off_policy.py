"""Off-policy evaluation: what a policy would have earned, from users who were given an option by chance.

Whoever drew what a policy would have given speaks for that policy, with weight w = 1 / p, p being the known chance of
what was drawn; the others do not (w = 0). With Y the outcome, A what was drawn, and q(x, a) a forecast of Y by users of
other folds, the doubly robust value of a policy is the mean of

    q(x, policy) + w (Y - q(x, A)),

right whatever q is, since p is known, and the more precise the better q is (Dudik, Langford and Li, ICML 2011). The
difference between two policies is the mean of differences user by user. Errors add up each user's weeks first, as in
`pooled`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import polars as pl
from scipy import stats

from churn_assets.contracts.decision_ledger import NO_ARM
from churn_assets.contracts.random_options import POLICIES
from churn_assets.effects.pooled import CONFIDENCE, Floats, numbered
from churn_assets.effects.user_effects import COVARIATES, FOLDS

EVERYBODY = "all:"


@dataclass(frozen=True)
class Robust:
    """By policy: `weights` (1 / p of whoever drew what it gives, else 0) and `scores`, whose mean is its value."""

    outcome: Floats
    weights: Mapping[str, Floats]
    scores: Mapping[str, Floats]

    @property
    def has_one_outcome(self) -> bool:
        """Whether all users have the same outcome, of which nothing can be told: what errors are left is rounding."""
        return bool(self.outcome.min() == self.outcome.max())

    def effective_users(self, policy: str) -> float:
        """As many equally weighted users would tell as much about this policy."""
        own = self.weights[policy]
        return float(own.sum() ** 2 / (own**2).sum()) if own.any() else 0.0


@dataclass(frozen=True)
class Mean:
    """A mean over rows with its 95 % interval, each user's rows added up first. `error`: its standard error;
    `largest_share`: of its variance, that of one user.
    """

    value: float
    low: float
    high: float
    error: float
    largest_share: float


def robust(drawn: pl.DataFrame, metric: str, choices: Mapping[str, np.ndarray]) -> Robust:
    """`drawn`: as of `policy_value`. `choices`: what each policy gives to each row (`choices_of`)."""
    taken, outcome = drawn["treatment"].to_numpy(), drawn[metric].cast(pl.Float64).to_numpy()
    weights = {name: (choice == taken) / drawn["propensity"].to_numpy() for name, choice in choices.items()}
    forecasts = _forecasts(drawn, metric)
    of_taken = _picked(forecasts, taken)
    scores = {
        name: _picked(forecasts, choice) + weights[name] * (outcome - of_taken) for name, choice in choices.items()
    }
    return Robust(outcome, weights, scores)


def mean_of(values: Floats, users: np.ndarray) -> Mean:
    """`users`: a number per user, one entry per row."""
    mean = float(values.mean())
    of_users = np.bincount(users, weights=values - mean)
    squares = of_users**2
    error = float(np.sqrt(squares.sum()) / len(values))
    reach = float(stats.norm.ppf((1 + CONFIDENCE) / 2)) * error
    return Mean(mean, mean - reach, mean + reach, error, float(squares.max() / squares.sum()) if error else 0.0)


def choices_of(drawn: pl.DataFrame) -> dict[str, np.ndarray]:
    """What each policy gives to each row, of what was open to it; to whom it is not open, nothing."""
    treatments = sorted(set(drawn["treatments"].explode().drop_nulls()))
    constant = {f"{EVERYBODY}{name}": pl.lit(name) for name in treatments}
    policies: Mapping[str, pl.Expr] = {name: pl.col(name) for name in POLICIES} | constant
    given = {
        name: pl.when(pl.col("treatments").list.contains(choice)).then(choice).otherwise(pl.lit(NO_ARM))
        for name, choice in policies.items()
    }
    frame = drawn.select(**given, **{NO_ARM: pl.lit(NO_ARM)})
    return {name: frame[name].to_numpy() for name in frame.columns}


def _forecasts(drawn: pl.DataFrame, metric: str) -> dict[str, Floats]:
    """Per option the outcome forecast for every row, by a line of users of other folds: a level per option, and slopes
    of what was there before that all options share.
    """
    options = sorted({NO_ARM, *drawn["treatment"], *drawn["treatments"].explode().drop_nulls()})
    taken, outcome = drawn["treatment"].to_numpy(), drawn[metric].cast(pl.Float64).to_numpy()
    before = drawn.select(pl.col(list(COVARIATES)).cast(pl.Float64)).to_numpy()
    before = (before - before.mean(axis=0)) / np.maximum(before.std(axis=0), 1e-12)
    levels = np.column_stack([taken == option for option in options]).astype(np.float64)
    folds = numbered(drawn["user_id"]) % FOLDS
    forecasts = {option: np.zeros(drawn.height) for option in options}
    for fold in np.unique(folds):
        others, here = folds != fold, folds == fold
        line = np.linalg.lstsq(np.column_stack([levels, before])[others], outcome[others], rcond=None)[0]
        for number, option in enumerate(options):
            forecasts[option][here] = line[number] + before[here] @ line[len(options) :]
    return forecasts


def _picked(forecasts: Mapping[str, Floats], choice: np.ndarray) -> Floats:
    picked = np.zeros(len(choice))
    for option, values in forecasts.items():
        is_it = choice == option
        picked[is_it] = values[is_it]
    return picked
