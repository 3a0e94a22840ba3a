"""scikit-learn models on treated features, as something that gives log-odds for a frame.

Results do not depend on the number of cores: linear algebra runs on one thread, since another order of summation gives
another network after a few epochs.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import numpy as np
from scipy.special import logit
from sklearn.pipeline import Pipeline
from threadpoolctl import threadpool_limits

from churn_assets.model.calibration import Calibrator
from churn_assets.model.evaluation import SMALLEST_PROBABILITY
from churn_assets.model.matrix import Floats

if TYPE_CHECKING:
    import polars as pl


class Scorer(Protocol):
    def log_odds(self, frame: pl.DataFrame) -> Floats:
        """Log-odds of churn, one per row."""


@dataclass(frozen=True)
class FittedPipeline:
    """`scale` maps the decision function to log-odds; None: log-odds come from the predicted probability."""

    pipeline: Pipeline
    scale: Calibrator | None = None

    def log_odds(self, frame: pl.DataFrame) -> Floats:
        if self.scale is not None:
            return self.scale.slope * self.decisions(frame) + self.scale.intercept
        with one_thread():
            p = np.asarray(self.pipeline.predict_proba(frame)[:, 1], dtype=np.float64)
        return np.asarray(logit(np.clip(p, SMALLEST_PROBABILITY, 1 - SMALLEST_PROBABILITY)))

    def decisions(self, frame: pl.DataFrame) -> Floats:
        """The decision function, in units of its own."""
        with one_thread():
            return np.asarray(self.pipeline.decision_function(frame), dtype=np.float64)


def one_thread() -> threadpool_limits:
    """A context manager: linear algebra runs on one thread inside."""
    return threadpool_limits(1, user_api="blas")
