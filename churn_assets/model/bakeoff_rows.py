"""The metrics of the bake-off on one slice: a row per model and segment of its users (contract ModelBakeoffs)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from churn_assets.model.bakeoff_figures import CalibratedScores, figures_of
from churn_assets.model.segments import segments_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import date

    from churn_assets.model.walk_forward import SlicePredictions
    from churn_assets.settings import Profit

FEWEST = 50  # rows of either outcome: with fewer, the interval of an AUC is wider than models differ


def slice_rows(
    predictions: SlicePredictions, scores: Mapping[str, CalibratedScores], *, snapshot: date, seed: int, profit: Profit
) -> Iterator[dict[str, object]]:
    """One row per model and segment with FEWEST rows of either outcome; `all` is always there."""
    everybody = np.ones(predictions.test.height, dtype=bool)
    for segment, is_inside in (("all", everybody), *segments_of(predictions.test)):
        test = predictions.test.filter(is_inside)
        churners = int(test["is_churned"].sum())
        if segment != "all" and min(churners, test.height - churners) < FEWEST:
            continue
        segment_scores = {
            name: CalibratedScores(score.churn_probability[is_inside], score.threshold)
            for name, score in scores.items()
        }
        for name, metrics in figures_of(test, segment_scores, seed, profit).items():
            yield {
                "snapshot_date": snapshot,
                "model": name,
                "slice_date": predictions.split.test,
                "segment": segment,
                "rows": test.height,
                "churners": churners,
                "training_rows": predictions.training_rows,
                **metrics,
                "fit_seconds": predictions.by_model[name].fit_seconds,
                "predict_seconds": predictions.by_model[name].predict_seconds,
            }
