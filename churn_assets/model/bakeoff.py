"""The bake-off: every model on the newest matured slices, oldest first, and one row of metrics each.

What a model needs beyond its fit comes from the slice before (the newest that had matured by the tested slice), which
the model has not learned from either: a Platt calibrator, and the threshold with the highest profit on that slice.
Without such a slice probabilities stay uncalibrated, and the threshold is the break-even one of the settings. No
threshold is chosen on the tested rows; only `profit_amount` looks for its thresholds there, as that measure is defined.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import polars as pl

from churn_assets.contracts.model_bakeoffs import ModelBakeoffs
from churn_assets.model.bakeoff_figures import CalibratedScores
from churn_assets.model.bakeoff_rows import slice_rows
from churn_assets.model.calibration import Calibrator, fit_calibrator
from churn_assets.model.profit import best_threshold, break_even
from churn_assets.model.splits import sides
from churn_assets.model.tested import tested_splits
from churn_assets.model.walk_forward import Clock, OnFit, SlicePredictions, fit_and_predict

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date

    from churn_assets.model.rivals import Fit
    from churn_assets.settings import Profit, Training


@dataclass(frozen=True)
class BakeOff:
    """`table`: see bakeoff_rows. `newest`: user_id, is_churned and each model's probability on the newest slice."""

    table: pl.DataFrame
    newest: pl.DataFrame


def bake_off(
    rows: pl.DataFrame,
    fits: Mapping[str, Fit],
    *,
    snapshot: date,
    gap_days: int,
    horizon_days: int,
    settings: Training,
    profit: Profit,
    clock: Clock,
    on_fit: OnFit,
) -> BakeOff:
    """Run the bake-off on the training set `rows` of `snapshot`, in any order.

    `clock` gives seconds, `on_fit` is called with model and slice before each fit.
    Raises NothingToTest where nothing can be tested, LeakingSplit on a slice that has not matured by `snapshot`.
    """
    window = {"gap_days": gap_days, "horizon_days": horizon_days}
    splits = tested_splits(rows, snapshot=snapshot, **window, most=settings.bakeoff_slices)
    by_slice: dict[date, SlicePredictions] = {}
    for split in sorted({split for pair in splits for split in pair if split}, key=lambda split: split.test):
        training, test = sides(rows, split, **window, most_rows=settings.bakeoff_rows)
        by_slice[split.test] = fit_and_predict(split, training, test, fits, clock=clock, on_fit=on_fit)
    table_rows: list[dict[str, object]] = []
    for split, before in splits:
        tested_slice = by_slice[split.test]
        scores = _calibrated_scores(tested_slice, by_slice[before.test] if before else None, profit)
        table_rows += slice_rows(tested_slice, scores, snapshot=snapshot, seed=settings.seed, profit=profit)
    newest = tested_slice.test.select("user_id", "is_churned").with_columns(
        pl.Series(name, score.churn_probability) for name, score in scores.items()
    )
    table = pl.DataFrame(table_rows, infer_schema_length=None).with_columns(pl.col("precision").cast(pl.Float64))
    return BakeOff(table.select(list(ModelBakeoffs.to_schema().columns)), newest)


def _calibrated_scores(
    tested_slice: SlicePredictions, slice_before: SlicePredictions | None, profit: Profit
) -> dict[str, CalibratedScores]:
    """Scores per model, with calibrator and threshold from the slice before."""
    scores = {}
    for name, prediction in tested_slice.by_model.items():
        calibrator, threshold = Calibrator(), break_even(profit)
        if slice_before is not None:
            churned, log_odds_before = slice_before.test["is_churned"].to_numpy(), slice_before.by_model[name].log_odds
            calibrator = fit_calibrator(churned, log_odds_before)
            threshold = best_threshold(churned, calibrator.probability(log_odds_before), profit)
        scores[name] = CalibratedScores(calibrator.probability(prediction.log_odds), threshold)
    return scores
