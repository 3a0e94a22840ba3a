"""The contest of champion, challenger and baseline on the newest matured slice that is large enough to test on."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from churn_assets.model.calibration import cross_calibrated, ece
from churn_assets.model.comparison import baseline_of
from churn_assets.model.duel import Gain, paired_gain, worst_segment
from churn_assets.model.gate import tested_slice

if TYPE_CHECKING:
    import numpy.typing as npt

    from churn_assets.model.artifact import ChurnModel
    from churn_assets.model.matrix import Floats
    from churn_assets.model.training import TrainedModel
    from churn_assets.settings import Training


@dataclass(frozen=True)
class Figures:
    """The challenger against the champion and the baseline (None: it is the baseline) on the slice, calibrated."""

    slice_date: date
    gain: Gain
    gain_over_baseline: Gain | None
    ece_calibrated: float
    worst_segment: str | None
    worst_segment_gain: Gain | None


@dataclass(frozen=True)
class Contest:
    """The newest matured slice, sorted by user, and each contender's raw log-odds on it."""

    rows: pl.DataFrame
    log_odds: dict[str, Floats]
    is_honest: bool

    @classmethod
    def of(cls, trained: TrainedModel, training: pl.DataFrame, champion: ChurnModel) -> Contest | None:
        if trained.out_of_time.is_empty() or trained.model is None:
            return None
        newest = tested_slice(training)
        if newest is None:
            return None
        rows = training.filter(pl.col("snapshot_date") == newest).sort("user_id")
        log_odds = {"champion": champion.fitted.log_odds(rows)}
        for name, column in (
            ("challenger", trained.model.kind),
            ("baseline", baseline_of(trained.out_of_time.columns)),
        ):
            log_odds[name] = trained.tested_log_odds(column)
        window = timedelta(days=champion.gap_days + champion.horizon_days)
        return cls(rows, log_odds, is_honest=max(champion.slices) + window <= newest)

    @property
    def slice_date(self) -> date:
        return date.fromisoformat(str(self.rows.item(0, "snapshot_date")))

    @property
    def is_churned(self) -> npt.NDArray[np.bool_]:
        return self.rows["is_churned"].to_numpy()

    def verdict(self, settings: Training, *, is_due: bool = False) -> tuple[Figures, list[str]]:
        """(figures, conditions that fail). Log-losses are of probabilities cross-fitted over users.

        A champion that `is_due` for renewal need not be beaten, and no segment of users speaks for it: the challenger
        must only not be significantly worse.
        """
        y, ids = self.is_churned, self.rows["user_id"].to_numpy().astype(np.str_)
        p = {name: cross_calibrated(y, log_odds, ids) for name, log_odds in self.log_odds.items()}
        over_champion = paired_gain(y, p["challenger"], p["champion"])
        is_baseline = np.array_equal(self.log_odds["challenger"], self.log_odds["baseline"])
        over_baseline = None if is_baseline else paired_gain(y, p["challenger"], p["baseline"])
        segment, worst = worst_segment(self.rows, y, p["challenger"], p["champion"])
        ece_calibrated = ece(y, p["challenger"])
        is_failed = over_champion.high < 0 if is_due else over_champion.low <= 0
        failed = [_not_won("the champion", over_champion)] if is_failed else []
        if over_baseline and over_baseline.low <= 0:
            failed.append(_not_won("the logistic regression", over_baseline))
        if ece_calibrated > settings.max_ece:
            failed.append(f"its calibration error {ece_calibrated:.3f} is above training.max_ece {settings.max_ece}")
        if worst and worst.high < 0 and not is_due:
            failed.append(f"it is worse in the segment {segment} ({worst})")
        return Figures(
            slice_date=self.slice_date,
            gain=over_champion,
            gain_over_baseline=over_baseline,
            ece_calibrated=ece_calibrated,
            worst_segment=segment,
            worst_segment_gain=worst,
        ), failed


def _not_won(over: str, gain: Gain) -> str:
    return f"no proven win of the challenger over {over} ({gain})"
