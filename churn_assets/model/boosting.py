"""Gradient-boosted trees: CatBoost, small and regularised, native missing values, the same bytes for the same input.

Nothing about calibration or comparison.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from catboost import CatBoostClassifier, Pool

from churn_assets.model.matrix import Floats, feature_matrix

if TYPE_CHECKING:
    from collections.abc import Sequence

    import polars as pl

    from churn_assets.settings import Training

# CatBoost 1.2.10 fits another model for another number of threads (1, 2, 4 and 8 gave four different sets of
# predictions on 20,000 x 30, 2026-11), so the number must not depend on the machine's cores. Pinned to one
# core, 4 threads still give the same bytes.
THREADS = 4
# 254, the default, takes a fifth longer and predicts no better on CDNOW, Complete Journey and the simulated shop.
BORDERS = 64
# Metadata that CatBoost writes into the binary: a random id and the time.
CHANGING_METADATA = ("model_guid", "train_finish_time")


@dataclass(frozen=True)
class BoostedTrees:
    """A fitted model as CatBoost's own binary format, with the columns in the order it was fitted on."""

    columns: tuple[str, ...]
    cbm: bytes

    def log_odds(self, frame: pl.DataFrame) -> Floats:
        """Log-odds of churn, one per row, before calibration."""
        raw = self._model().predict(feature_matrix(frame, self.columns), prediction_type="RawFormulaVal")
        return np.asarray(raw, dtype=np.float64)

    def contributions(self, frame: pl.DataFrame) -> Floats:
        """(rows, columns) SHAP values in log-odds (Lundberg et al. 2018): with one constant they add up to log_odds."""
        pool = Pool(feature_matrix(frame, self.columns))
        values = self._model().get_feature_importance(pool, type="ShapValues")
        return np.asarray(values, dtype=np.float64)[:, :-1]

    def _model(self) -> CatBoostClassifier:
        return CatBoostClassifier().load_model(blob=self.cbm)


def fit_boosting(training: pl.DataFrame, columns: Sequence[str], settings: Training) -> BoostedTrees:
    """Fit on rows with `is_churned` and `columns` (null is unknown). The order of the rows matters: sort them first."""
    model = CatBoostClassifier(
        iterations=settings.iterations,
        depth=settings.depth,
        learning_rate=settings.learning_rate,
        l2_leaf_reg=settings.l2_leaf_reg,
        border_count=BORDERS,
        random_seed=settings.seed,
        thread_count=THREADS,
        logging_level="Silent",
        allow_writing_files=False,
    )
    model.fit(feature_matrix(training, columns), training["is_churned"].cast(int).to_numpy())
    metadata = model.get_metadata()
    for key in CHANGING_METADATA:
        del metadata[key]
    # The public save_model writes a file and nothing else; this is what it writes there, and what pickle uses.
    return BoostedTrees(tuple(columns), bytes(model._serialize_model()))  # noqa: SLF001
