"""What users did day by day before a snapshot, as arrays: the input of a sequence model. No model is fitted here."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

if TYPE_CHECKING:
    import numpy.typing as npt

DAYS = 91
CHANNELS = ("orders", "spent_amount", "sessions", "events")


@dataclass(frozen=True)
class Activity:
    """`cells`: one row per user, snapshot and day with any activity: user_id, snapshot_date, days_ago, CHANNELS."""

    cells: pl.DataFrame

    def series(self, frame: pl.DataFrame) -> npt.NDArray[np.float32]:
        """(rows of `frame`, DAYS, channels), oldest day first, log(1 + value); zero where nothing happened."""
        key = ["user_id", "snapshot_date"]
        active_days = frame.select(key).with_row_index("row").join(self.cells, on=key)
        array = np.zeros((frame.height, DAYS, len(CHANNELS)), dtype=np.float32)
        values = active_days.select(CHANNELS).to_numpy().astype(np.float32)
        array[active_days["row"].to_numpy(), DAYS - active_days["days_ago"].to_numpy()] = np.log1p(
            np.maximum(values, 0)
        )
        return array
