"""From a training set to the model that is shipped, and the comparison it was chosen by. No live user is scored here.

The test is out of time: every rival learns from the slices matured by the newest slice (of very many rows, from a part
of each: it costs a second fit) and is tested on the newest; no row is split at random between learning and testing. The
shipped kind is then fitted again on all slices with the same parameters. Its calibrator has the slope fitted on the
out-of-time predictions for the newest slice, and the intercept at which the mean probability is the churn rate of that
slice.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import polars as pl
from scipy.special import expit, logit

from churn_assets.model.artifact import ChurnModel
from churn_assets.model.blend import Blend, learned_share
from churn_assets.model.boosting import BoostedTrees, fit_boosting
from churn_assets.model.calibration import Calibrator, fit_calibrator
from churn_assets.model.comparison import (
    COMPARISON_SCHEMA,
    SHIPPABLE,
    Fit,
    Fitted,
    comparison_frame,
    out_of_time_log_odds,
)
from churn_assets.model.expected import EXPECTED_PURCHASES
from churn_assets.model.gate import Gate, data_gate, tested_slice
from churn_assets.model.logistic import Logistic, fit_logistic
from churn_assets.model.matrix import usable_columns
from churn_assets.model.rfm import fit_rfm
from churn_assets.model.slices import assert_matured, out_of_time_split
from churn_assets.model.splits import thinned

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date

    import numpy.typing as npt

    from churn_assets.contracts.feature import Feature
    from churn_assets.contracts.treatment import Treatment
    from churn_assets.model.matrix import Floats
    from churn_assets.settings import Training

SMALLEST_SHARE = 1e-15  # log-odds of a probability that was rounded to 0 or 1 are finite


@dataclass(frozen=True)
class TrainedModel:
    """The result of training.

    `model` is None where the gate is `none`. `comparison`: table model_comparison, one row per rival. `out_of_time`:
    one row per user of the newest slice: user_id, is_churned, and the raw probability under each rival's name. Both are
    empty when no out-of-time test is possible. `reason`: why this kind is shipped, or why none is. `dropped`: feature
    columns that were null or constant in every training row, or unknown in too many.
    """

    model: ChurnModel | None
    comparison: pl.DataFrame
    out_of_time: pl.DataFrame
    gate: Gate
    reason: str
    dropped: tuple[str, ...]

    def tested_log_odds(self, model: str) -> Floats:
        """Raw log-odds of the users of `out_of_time`, in their order, by the rival of that name."""
        return np.asarray(logit(np.clip(self.out_of_time[model].to_numpy(), SMALLEST_SHARE, 1 - SMALLEST_SHARE)))


def train(
    training: pl.DataFrame,
    features: Sequence[Feature],
    treatments: Mapping[str, Treatment],
    *,
    snapshot: date,
    gap_days: int,
    horizon_days: int,
    settings: Training,
    max_missing_share: float = 1.0,
    season: float = 0.0,
    matured_slices: int = 0,
) -> TrainedModel:
    """Train on one row per eligible user and slice matured by `snapshot`; may be empty: then the gate is `none`.

    Which kind is shipped: see `comparison`. Features null in a larger share of rows than `max_missing_share` are left
    out like constant ones. `season`: log-odds by which this time of year is above that of the newest slice (season.py).
    `matured_slices`: see `data_gate`.
    Raises LeakingSplit on a slice that has not matured by `snapshot`,
    ValueError on labels of another gap or horizon and on a feature missing from the frame.
    """
    rows = training.sort("snapshot_date", "user_id")
    slices = rows["snapshot_date"].unique().sort().to_list()
    assert_matured(slices, snapshot, gap_days=gap_days, horizon_days=horizon_days)
    _assert_labels(rows, gap_days + horizon_days)
    gate = data_gate(rows, settings, slices=matured_slices)
    if gate.level == "none":
        return _untested(None, gate, ())

    columns, dropped = usable_columns(
        rows, features, admit_protected=settings.admit_protected, max_missing_share=max_missing_share
    )

    def usable(frame: pl.DataFrame) -> list[Feature]:
        used, _ = usable_columns(frame.select(columns), chosen)  # what is constant in older slices teaches nothing
        return [feature for feature in chosen if feature.name in used]

    chosen = [feature for feature in features if feature.name in columns]
    rivals: dict[str, Fit] = {
        "catboost": lambda frame: fit_boosting(frame, columns, settings),
        "logistic": lambda frame: fit_logistic(frame, usable(frame), treatments),
        "logistic_rfm": fit_rfm,
        "recency": lambda frame: fit_rfm(frame, ("recency_days",)),
    }
    if EXPECTED_PURCHASES.name in rows.columns and not rows[EXPECTED_PURCHASES.name].null_count():
        rivals["bg_nbd"] = lambda frame: fit_rfm(frame, (EXPECTED_PURCHASES.name,))
    if gate.level == "baseline":
        del rivals["catboost"], rivals["logistic"]
    label = (tuple(slices), gap_days, horizon_days)
    if not gate.is_comparable:
        return _untested(ChurnModel(fit_rfm(rows), Calibrator(), *label), gate, dropped)

    up_to_test = [day for day in slices if day <= tested_slice(rows)]
    older_slices, test = out_of_time_split(up_to_test, gap_days=gap_days, horizon_days=horizon_days)
    newest = rows.filter(pl.col("snapshot_date") == test)
    older = thinned(rows.filter(pl.col("snapshot_date").is_in(older_slices)), settings.test_rows)
    log_odds = out_of_time_log_odds(rivals, older, newest)
    comparison = comparison_frame(newest, log_odds, snapshot=snapshot, seed=settings.seed)
    shipped = str(comparison.filter("is_shipped")["model"].item())
    is_churned = newest["is_churned"].to_numpy()
    fitted = _fit_again(shipped, rivals, rows, is_churned, log_odds)
    fitted_log_odds = fitted.log_odds(newest)
    calibrator = fit_calibrator(is_churned, log_odds[shipped]).with_mean(fitted_log_odds, float(is_churned.mean()))
    return TrainedModel(
        model=ChurnModel(fitted, calibrator.moved(season), *label),
        comparison=comparison,
        out_of_time=newest.select("user_id", "is_churned").with_columns(
            pl.Series(name, expit(z)) for name, z in log_odds.items()
        ),
        gate=gate,
        reason=_reason(gate, comparison),
        dropped=dropped,
    )


def _fit_again(
    shipped: str,
    rivals: Mapping[str, Fit],
    rows: pl.DataFrame,
    is_churned: npt.NDArray[np.bool_],
    log_odds: Mapping[str, Floats],
) -> Fitted:
    """The shipped kind, fitted on all slices with the same parameters; a blend's share from the test out of time."""
    if shipped != "blend":
        return rivals[shipped](rows)
    trees, logistic = rivals["catboost"](rows), rivals["logistic"](rows)
    if not isinstance(trees, BoostedTrees) or not isinstance(logistic, Logistic):
        raise TypeError("a blend is of trees and a logistic regression")
    return Blend(trees, logistic, learned_share(is_churned, log_odds["catboost"], log_odds["logistic"]))


def _untested(model: ChurnModel | None, gate: Gate, dropped: tuple[str, ...]) -> TrainedModel:
    return TrainedModel(model, pl.DataFrame(schema=COMPARISON_SCHEMA), pl.DataFrame(), gate, gate.message, dropped)


def _assert_labels(rows: pl.DataFrame, window_days: int) -> None:
    expected = pl.col("snapshot_date").cast(pl.Datetime("us")) + pl.duration(days=window_days)
    other = rows.filter(pl.col("matures_at") != expected)
    if other.height:
        raise ValueError(
            f"training_set.matures_at: {other.height} rows do not mature {window_days} days (gap + horizon) after "
            f"snapshot_date, the first {other['matures_at'][0]} for {other['snapshot_date'][0]}. "
            "The labels were made for another definition; rebuild churn_labels with the present settings."
        )


def _reason(gate: Gate, comparison: pl.DataFrame) -> str:
    if gate.level == "baseline":
        return gate.message
    losses = dict(comparison.select("model", "log_loss_calibrated").iter_rows())
    shipped, slice_date = comparison.filter("is_shipped").select("model", "slice_date").row(0)
    others = ", ".join(f"{losses[name]:.4f} of {name}" for name in SHIPPABLE if name != shipped)
    return f"{shipped} shipped: calibrated log-loss {losses[shipped]:.4f} against {others} on the slice {slice_date}."
