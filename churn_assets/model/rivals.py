"""The models of the bake-off, each a function from training rows to a scorer of log-odds.

All are seeded and get the same rows. The order of the rows matters to some of them: sort first.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import replace
from functools import partial

import polars as pl
from sklearn.ensemble import RandomForestClassifier
from sklearn.exceptions import ConvergenceWarning
from sklearn.neural_network import MLPClassifier
from sklearn.preprocessing import StandardScaler
from sklearn.svm import LinearSVC
from sklearn.tree import DecisionTreeClassifier

from churn_assets.model.boosting import fit_boosting
from churn_assets.model.calibration import fit_calibrator
from churn_assets.model.expected import EXPECTED_PURCHASES
from churn_assets.model.inputs import Inputs
from churn_assets.model.piped import FittedPipeline, Scorer
from churn_assets.model.rfm import fit_rfm

Fit = Callable[[pl.DataFrame], Scorer]

# See blend.py. No weight is learned, so nothing can leak into one.
BLEND, BLENDED = "blend", ("catboost", "logistic")
NETWORK_BATCH, NETWORK_ROUNDS = 256, 8
TREE_ROWS = 20_000  # sampled for each tree of the forest at most: else the forest takes most of the run time


def rivals(inputs: Inputs, rows: pl.DataFrame) -> dict[str, Fit]:
    """Name -> fit. `bg_nbd` only where all `rows` have expected purchases (none has where no user bought twice)."""
    fits: dict[str, Fit] = {
        "recency": partial(fit_rfm, columns=("recency_days",)),
        "logistic_rfm": fit_rfm,
        "logistic": inputs.logistic,
        "bg_nbd": partial(fit_rfm, columns=(EXPECTED_PURCHASES.name,)),
        "decision_tree": partial(_tree, inputs),
        "random_forest": partial(_forest, inputs),
        "linear_svm": partial(_linear_svm, inputs),
        "neural_network": partial(_network, inputs),
        "catboost": lambda training: fit_boosting(training, inputs.columns(training), inputs.settings),
    }
    if EXPECTED_PURCHASES.name not in rows.columns or rows[EXPECTED_PURCHASES.name].null_count():
        del fits["bg_nbd"]
    return fits


def _tree(inputs: Inputs, rows: pl.DataFrame) -> FittedPipeline:
    tree = DecisionTreeClassifier(max_depth=6, min_samples_leaf=50, random_state=inputs.settings.seed)
    return inputs.fit(rows, tree, takes_gaps=True)


def _forest(inputs: Inputs, rows: pl.DataFrame) -> FittedPipeline:
    forest = RandomForestClassifier(
        200, min_samples_leaf=20, max_samples=min(TREE_ROWS, rows.height), n_jobs=-1, random_state=inputs.settings.seed
    )
    fitted = inputs.fit(rows, forest, takes_gaps=True)
    forest.set_params(n_jobs=1)  # threads sum the trees in any order, which changes the last digits
    return fitted


def _linear_svm(inputs: Inputs, rows: pl.DataFrame) -> FittedPipeline:
    """Decision values, scaled to log-odds (Platt 1999) on the training rows: a linear model hardly overfits them."""
    svm = LinearSVC(C=0.01, dual=False, tol=1e-3, random_state=inputs.settings.seed)
    fitted = inputs.fit(rows, StandardScaler(), svm, takes_gaps=False)
    return replace(fitted, scale=fit_calibrator(rows["is_churned"].to_numpy(), fitted.decisions(rows)))


def _network(inputs: Inputs, rows: pl.DataFrame) -> FittedPipeline:
    """Small, with a fixed number of epochs: early stopping would split rows at random."""
    network = MLPClassifier(
        (32,), alpha=0.1, batch_size=min(NETWORK_BATCH, rows.height), learning_rate_init=5e-4,
        max_iter=NETWORK_ROUNDS, random_state=inputs.settings.seed,
    )  # fmt: skip
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # the epochs are fixed, so it never converges
        return inputs.fit(rows, StandardScaler(), network, takes_gaps=False)
