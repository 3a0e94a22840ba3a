"""One model on the newest matured slices, oldest first: calibrated on the slice before, and fitted only when asked for.

The same splits as the bake-off's (tested.py, splits.py), for a search over many settings of one model.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from churn_assets.model.calibration import Calibrator, fit_calibrator
from churn_assets.model.evaluation import SMALLEST_PROBABILITY, log_loss
from churn_assets.model.splits import sides
from churn_assets.model.tested import tested_splits

if TYPE_CHECKING:
    import numpy.typing as npt

    from churn_assets.model.matrix import Floats
    from churn_assets.model.rivals import Fit
    from churn_assets.settings import Training


@dataclass(frozen=True)
class Prediction:
    """Calibrated probabilities, none of them 0 or 1, of the users of one slice in the order of user_id."""

    slice_date: date
    is_churned: npt.NDArray[np.bool_]
    churn_probability: Floats

    @property
    def log_loss(self) -> float:
        return log_loss(self.is_churned, self.churn_probability)


@dataclass(frozen=True)
class Forward:
    """`rows`: slice -> (training, test) rows. `tested`: (slice, slice that calibrates it, None: raw), ascending."""

    rows: Mapping[date, tuple[pl.DataFrame, pl.DataFrame]]
    tested: tuple[tuple[date, date | None], ...]

    @classmethod
    def of(cls, rows: pl.DataFrame, *, snapshot: date, gap_days: int, horizon_days: int, settings: Training) -> Forward:
        """The newest `bakeoff_slices` slices of a training set. Raises NothingToTest, LeakingSplit."""
        window = {"gap_days": gap_days, "horizon_days": horizon_days}
        pairs = tested_splits(rows, snapshot=snapshot, **window, most=settings.bakeoff_slices)
        needed = {split for pair in pairs for split in pair if split}
        return cls(
            {split.test: sides(rows, split, **window, most_rows=settings.bakeoff_rows) for split in needed},
            tuple((split.test, before.test if before else None) for split, before in pairs),
        )

    def predict(self, fit: Fit) -> Iterator[Prediction]:
        """Lazily, one per tested slice: a caller that stops iterating saves the remaining fits."""
        log_odds: dict[date, Floats] = {}
        for tested_slice, slice_before in self.tested:
            for slice_date in (slice_before, tested_slice):
                if slice_date and slice_date not in log_odds:
                    training, test = self.rows[slice_date]
                    log_odds[slice_date] = fit(training).log_odds(test)
            calibrator = (
                fit_calibrator(self._churned(slice_before), log_odds[slice_before]) if slice_before else Calibrator()
            )
            p = np.clip(calibrator.probability(log_odds[tested_slice]), SMALLEST_PROBABILITY, 1 - SMALLEST_PROBABILITY)
            yield Prediction(tested_slice, self._churned(tested_slice), p)

    def _churned(self, day: date) -> npt.NDArray[np.bool_]:
        return self.rows[day][1]["is_churned"].to_numpy()
