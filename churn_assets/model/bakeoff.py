"""The bake-off: every model on the newest matured slices, one after the other, and one row of figures each.

What a model needs beyond its fit is taken from the slice before (the newest that had matured by the one tested), which
the model then has not learned from either: a Platt calibrator, and the threshold that would have earned most there.
Without such a slice probabilities stay as they are, and the threshold is the break-even one of the settings. Nothing is
chosen on the rows tested; only `profit_amount` looks for its thresholds there, as that measure is defined.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import polars as pl

from churn_assets.contracts.model_bakeoffs import ModelBakeoffs
from churn_assets.model.bakeoff_figures import Judged
from churn_assets.model.bakeoff_rows import slice_rows
from churn_assets.model.calibration import Calibrator, fit_calibrator
from churn_assets.model.profit import best_threshold, break_even
from churn_assets.model.splits import sides
from churn_assets.model.tested import tested_splits
from churn_assets.model.walk_forward import Clock, Tell, Walked, walk

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
    tell: Tell,
) -> BakeOff:
    """Of the training set `rows` of `snapshot`, in any order. `clock` gives seconds, `tell` hears of each fit.

    Raises NothingToTest where nothing can be tested, LeakingSplit on a slice that has not matured by `snapshot`.
    """
    window = {"gap_days": gap_days, "horizon_days": horizon_days}
    pairs = tested_splits(rows, snapshot=snapshot, **window, most=settings.bakeoff_slices)
    walked: dict[date, Walked] = {}
    for split in sorted({each for pair in pairs for each in pair if each}, key=lambda each: each.test):
        training, test = sides(rows, split, **window, most_rows=settings.bakeoff_rows)
        walked[split.test] = walk(split, training, test, fits, clock=clock, tell=tell)
    told: list[dict[str, object]] = []
    for split, before in pairs:
        here = walked[split.test]
        judged = _judged(here, walked[before.test] if before else None, profit)
        told += slice_rows(here, judged, snapshot=snapshot, seed=settings.seed, profit=profit)
    newest = here.test.select("user_id", "is_churned").with_columns(
        pl.Series(name, each.churn_probability) for name, each in judged.items()
    )
    table = pl.DataFrame(told, infer_schema_length=None).with_columns(pl.col("precision").cast(pl.Float64))
    return BakeOff(table.select(list(ModelBakeoffs.to_schema().columns)), newest)


def _judged(here: Walked, before: Walked | None, profit: Profit) -> dict[str, Judged]:
    """Each model's probabilities for the slice, with calibrator and threshold from the slice before."""
    judged = {}
    for name, predicted in here.predicted.items():
        calibrator, threshold = Calibrator(), break_even(profit)
        if before is not None:
            churned, earlier = before.test["is_churned"].to_numpy(), before.predicted[name].log_odds
            calibrator = fit_calibrator(churned, earlier)
            threshold = best_threshold(churned, calibrator.probability(earlier), profit)
        judged[name] = Judged(calibrator.probability(predicted.log_odds), threshold)
    return judged
