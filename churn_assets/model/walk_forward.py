"""Walking forward over matured slices: learn from what had matured by a slice, predict it, go on to the next."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date

import polars as pl

from churn_assets.model.blend import blended
from churn_assets.model.matrix import Floats
from churn_assets.model.rivals import BLEND, BLENDED, Fit
from churn_assets.model.splits import Split

Clock = Callable[[], float]
Tell = Callable[[str, date], object]


@dataclass(frozen=True)
class Predicted:
    """Log-odds for the rows of the slice in the order of user_id, and what it took, in seconds."""

    log_odds: Floats
    fit_seconds: float
    predict_seconds: float


@dataclass(frozen=True)
class Walked:
    """A split, its rows as used, and what each model made of it."""

    split: Split
    training_rows: int
    test: pl.DataFrame
    predicted: Mapping[str, Predicted]


def walk(
    split: Split, training: pl.DataFrame, test: pl.DataFrame, fits: Mapping[str, Fit], *, clock: Clock, tell: Tell
) -> Walked:
    """Fit every model on the one side of the split (see `sides`), predict the other; the blend follows from its parts.

    `clock` gives seconds, `tell` hears of each model and slice before it is fitted.
    """
    predicted = {name: _predict(name, fit, training, test, clock, tell) for name, fit in fits.items()}
    if set(BLENDED) <= set(predicted):
        parts = [predicted[name] for name in BLENDED]
        predicted[BLEND] = Predicted(
            blended(*(part.log_odds for part in parts)),
            sum(part.fit_seconds for part in parts),
            sum(part.predict_seconds for part in parts),
        )
    return Walked(split, training.height, test, predicted)


def _predict(name: str, fit: Fit, training: pl.DataFrame, test: pl.DataFrame, clock: Clock, tell: Tell) -> Predicted:
    tell(name, test["snapshot_date"][0])
    started = clock()
    fitted = fit(training)
    learned = clock()
    log_odds = fitted.log_odds(test)
    return Predicted(log_odds, learned - started, clock() - learned)
