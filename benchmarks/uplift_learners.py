"""Learners of effects over CatBoost, out of fold: what the line of churn_assets.effects.uplift is held against.

S: one model with the treatment as a column. T: a model per side. X: each side's effects imputed by the other's model
(Kuenzel 2019). DR: doubly robust pseudo-outcomes (Kennedy 2023), with the known probability of the treatment.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

import numpy as np
import numpy.typing as npt
import polars as pl
from catboost import CatBoostRegressor

from churn_assets.effects.uplift import fit_uplift

Floats = npt.NDArray[np.float64]
FOLDS = 5
TREES = {
    "iterations": 150,
    "depth": 4,
    "learning_rate": 0.05,
    "verbose": False,
    "allow_writing_files": False,
    "thread_count": 2,
}
Learner = Callable[[Floats, Floats, Floats, float, Floats], Floats]


def _model(features: Floats, outcome: Floats, seed: int = 0) -> CatBoostRegressor:
    return CatBoostRegressor(**TREES, random_seed=seed).fit(features, outcome)


def s_learner(features: Floats, treated: Floats, outcome: Floats, _: float, of: Floats) -> Floats:
    model = _model(np.column_stack([features, treated]), outcome)
    sides = (np.column_stack([of, np.full(len(of), side)]) for side in (1.0, 0.0))
    with_it, without = (model.predict(side) for side in sides)
    return np.asarray(with_it - without)


def t_learner(features: Floats, treated: Floats, outcome: Floats, _: float, of: Floats) -> Floats:
    with_it, without = (_model(features[treated == side], outcome[treated == side]) for side in (1, 0))
    return np.asarray(with_it.predict(of) - without.predict(of))


def x_learner(features: Floats, treated: Floats, outcome: Floats, share: float, of: Floats) -> Floats:
    on, off = treated == 1, treated == 0
    with_it, without = _model(features[on], outcome[on]), _model(features[off], outcome[off])
    of_treated = _model(features[on], outcome[on] - without.predict(features[on]))
    of_control = _model(features[off], with_it.predict(features[off]) - outcome[off])
    return np.asarray((1 - share) * of_treated.predict(of) + share * of_control.predict(of))


def dr_learner(features: Floats, treated: Floats, outcome: Floats, share: float, of: Floats) -> Floats:
    half = np.random.default_rng(0).random(len(outcome)) < 1 / 2
    predicted = np.zeros(len(of))
    for nuisance, rest in ((half, ~half), (~half, half)):
        with_it, without = (
            _model(features[nuisance & (treated == side)], outcome[nuisance & (treated == side)]).predict(
                features[rest]
            )
            for side in (1, 0)
        )
        on = treated[rest] == 1
        surprise = outcome[rest] - np.where(on, with_it, without)
        pseudo = with_it - without + np.where(on, surprise / share, -surprise / (1 - share))
        predicted += _model(features[rest], pseudo).predict(of) / 2
    return predicted


def line(features: Floats, treated: Floats, outcome: Floats, share: float, of: Floats) -> Floats:
    names = [f"x{place}" for place in range(features.shape[1])]
    rows = pl.DataFrame(dict(zip(names, features.T, strict=True))).with_columns(
        user_id=pl.int_range(pl.len()).cast(pl.String), stratum=0, propensity=share,
        is_treated=pl.Series(treated == 1), outcome=pl.Series(outcome),
    )  # fmt: skip
    fit = fit_uplift(rows, "outcome", names, always_by_profile=True)
    if fit is None:
        raise ValueError("no line: a side is empty or all outcomes are equal")
    return fit.effects(pl.DataFrame(dict(zip(names, of.T, strict=True))))[0]


LEARNERS: Mapping[str, Learner] = MappingProxyType(
    {"line": line, "T": t_learner, "S": s_learner, "X": x_learner, "DR": dr_learner}
)


def out_of_fold(learner: Learner, features: Floats, treated: Floats, outcome: Floats, share: float) -> Floats:
    """The effect on each user by a learner that has not seen them."""
    folds = np.random.default_rng(1).integers(0, FOLDS, len(outcome))
    predicted = np.zeros(len(outcome))
    for fold in range(FOLDS):
        rest, here = folds != fold, folds == fold
        predicted[here] = learner(features[rest], treated[rest], outcome[rest], share, features[here])
    return predicted


def outcome_out_of_fold(features: Floats, treated: Floats, outcome: Floats) -> Floats:
    """The outcome of each user if left alone."""
    folds = np.random.default_rng(1).integers(0, FOLDS, len(outcome))
    predicted = np.zeros(len(outcome))
    for fold in range(FOLDS):
        rest, here = (folds != fold) & (treated == 0), folds == fold
        predicted[here] = _model(features[rest], outcome[rest]).predict(features[here])
    return predicted
