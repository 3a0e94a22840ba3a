"""Walk-forward validation over matured slices: learn from what had matured by a slice, predict it, take the next."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date

import polars as pl

from churn_assets.model.blend import EQUAL_SHARE, blended
from churn_assets.model.matrix import Floats
from churn_assets.model.rivals import BLEND, BLENDED, Fit
from churn_assets.model.splits import Split

Clock = Callable[[], float]
OnFit = Callable[[str, date], object]


@dataclass(frozen=True)
class TimedPrediction:
    """Log-odds of one model for the rows of the slice in the order of user_id, and the duration in seconds."""

    log_odds: Floats
    fit_seconds: float
    predict_seconds: float


@dataclass(frozen=True)
class SlicePredictions:
    """A split, its test rows, and the prediction of each model."""

    split: Split
    training_rows: int
    test: pl.DataFrame
    by_model: Mapping[str, TimedPrediction]


def fit_and_predict(
    split: Split, training: pl.DataFrame, test: pl.DataFrame, fits: Mapping[str, Fit], *, clock: Clock, on_fit: OnFit
) -> SlicePredictions:
    """Fit every model on the training side of the split (see `sides`), predict the test side, average for the blend.

    `clock` gives seconds, `on_fit` is called with model and slice before each fit.
    """
    predicted = {name: _predict(name, fit, training, test, clock, on_fit) for name, fit in fits.items()}
    if set(BLENDED) <= set(predicted):
        parts = [predicted[name] for name in BLENDED]
        predicted[BLEND] = TimedPrediction(
            blended(parts[0].log_odds, parts[1].log_odds, EQUAL_SHARE),
            sum(part.fit_seconds for part in parts),
            sum(part.predict_seconds for part in parts),
        )
    return SlicePredictions(split, training.height, test, predicted)


def _predict(
    name: str, fit: Fit, training: pl.DataFrame, test: pl.DataFrame, clock: Clock, on_fit: OnFit
) -> TimedPrediction:
    on_fit(name, test["snapshot_date"][0])
    started = clock()
    fitted = fit(training)
    fitted_at = clock()
    log_odds = fitted.log_odds(test)
    return TimedPrediction(log_odds, fitted_at - started, clock() - fitted_at)
