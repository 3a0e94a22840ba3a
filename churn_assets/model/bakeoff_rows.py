"""The figures of the bake-off for one slice: a row per model and segment of its users (contract ModelBakeoffs)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from churn_assets.model.bakeoff_figures import Judged, figures_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import date

    from churn_assets.model.walk_forward import Walked
    from churn_assets.settings import Profit

NEW_DAYS = 90  # a quarter: until then the longer windows say little about a user
FEWEST = 50  # of either outcome: with fewer, the interval of an AUC is wider than models differ
SEGMENTS = {
    "all": pl.lit(value=True),
    "new": pl.col("tenure_days") <= NEW_DAYS,
    "established": pl.col("tenure_days") > NEW_DAYS,
    "bought_once": pl.col("purchase_days_count") == 1,
    "bought_again": pl.col("purchase_days_count") > 1,
}


def slice_rows(
    walked: Walked, judged: Mapping[str, Judged], *, snapshot: date, seed: int, profit: Profit
) -> Iterator[dict[str, object]]:
    """One row per model and segment with FEWEST rows of either outcome; `all` is always there."""
    for segment, condition in SEGMENTS.items():
        chosen = walked.test.with_columns(chosen=condition.fill_null(value=False))["chosen"].to_numpy()
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
