"""A long short-term memory network (Hochreiter and Schmidhuber 1997) over daily activity, a rival in the bake-off.

Keras on JAX, both an extra. Small, with a fixed number of epochs: early stopping would split rows at random.
The same rows and seed give the same model on one machine.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Any

import numpy as np

from churn_assets.model.activity import CHANNELS, DAYS, Activity

if TYPE_CHECKING:
    import polars as pl

    from churn_assets.model.matrix import Floats

LSTM = "lstm"
UNITS, BATCH, ROUNDS, RATE = 24, 256, 6, 3e-3
PREDICTED_AT_ONCE = 4_096


@dataclass(frozen=True)
class SequenceModel:
    """A fitted network, and the daily activity it reads."""

    network: Any
    activity: Activity

    def log_odds(self, frame: pl.DataFrame) -> Floats:
        """Log-odds of churn, one per row, before calibration."""
        predictions = self.network.predict(self.activity.series(frame), batch_size=PREDICTED_AT_ONCE, verbose=0)
        return np.asarray(predictions, dtype=np.float64)[:, 0]


def fit_sequence(training: pl.DataFrame, activity: Activity, seed: int) -> SequenceModel:
    """Fit on rows with `is_churned`, sorted beforehand. Needs the extra `sequence`."""
    keras: Any = import_module("keras")  # seconds to import, and an extra

    keras.utils.set_random_seed(seed)
    series = activity.series(training)
    scale = keras.layers.Normalization(mean=[0.0] * len(CHANNELS), variance=_spread(series))
    network = keras.Sequential(
        [keras.Input((DAYS, len(CHANNELS))), scale, keras.layers.LSTM(UNITS), keras.layers.Dense(1)]
    )
    network.compile(keras.optimizers.Adam(RATE, clipnorm=1.0), keras.losses.BinaryCrossentropy(from_logits=True))
    labels = training["is_churned"].to_numpy().astype(np.float32)
    network.fit(series, labels, batch_size=min(BATCH, training.height), epochs=ROUNDS, verbose=0)
    return SequenceModel(network, activity)


def _spread(series: Any) -> list[float]:
    """Mean square per channel; 1 where there is no activity and nothing to scale."""
    squares = np.square(series, dtype=np.float64).mean(axis=(0, 1))
    return [float(value) if value > 0 else 1.0 for value in squares]
