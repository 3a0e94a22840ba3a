"""The figures of the bake-off for one slice: a row per model and segment of its users (contract ModelBakeoffs)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from churn_assets.model.bakeoff_figures import Judged, figures_of
from churn_assets.model.segments import segments_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import date

    from churn_assets.model.walk_forward import Walked
    from churn_assets.settings import Profit

FEWEST = 50  # of either outcome: with fewer, the interval of an AUC is wider than models differ


def slice_rows(
    walked: Walked, judged: Mapping[str, Judged], *, snapshot: date, seed: int, profit: Profit
) -> Iterator[dict[str, object]]:
    """One row per model and segment with FEWEST rows of either outcome; `all` is always there."""
    everybody = np.ones(walked.test.height, dtype=bool)
    for segment, chosen in (("all", everybody), *segments_of(walked.test)):
        test = walked.test.filter(chosen)
        churners = int(test["is_churned"].sum())
        if segment != "all" and min(churners, test.height - churners) < FEWEST:
            continue
        inside = {name: Judged(each.churn_probability[chosen], each.threshold) for name, each in judged.items()}
        for name, told in figures_of(test, inside, seed, profit).items():
            yield {
                "snapshot_date": snapshot,
                "model": name,
                "slice_date": walked.split.test,
                "segment": segment,
                "rows": test.height,
                "churners": churners,
                "training_rows": walked.training_rows,
                **told,
                "fit_seconds": walked.predicted[name].fit_seconds,
                "predict_seconds": walked.predicted[name].predict_seconds,
            }
