"""Whether amounts of the newest week are in the unit of the weeks before: cents for euros, one currency for another.

Drift of features sees such a change where many users buy every week. Of 23,570 users of CDNOW 1 % bought in a week of
1998: amounts a hundred times as large moved no feature (2026-11). So amounts themselves are compared: the quartiles of
their logarithm in the newest seven days with the same of up to 26 weeks before. All of this has to hold:

- Size. A quartile is three times as large as it usually is, or a third of it. A sale, a price list or Christmas moves
  what people pay by less.
- Past. It moved by more than five times what weeks usually differ by, chance in the newest week included.
- Rows. The newest week, and at least four before it, have twenty rows each.

Three quartiles, because part of the rows may have changed (one of two channels): the middle one alone sees it from half
of the rows on.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import exp, log, sqrt

import pandera.polars as pa
import polars as pl

WEEKS, FEWEST_WEEKS, FEWEST_ROWS = 27, 4, 20
TIMES, ERRORS = 3.0, 5.0
QUARTILES = ("low", "middle", "high")
MAD_TO_DEVIATION, IQR_TO_DEVIATION = 1.4826, 1.349  # of normal values
QUARTILE_ERROR = 1.36  # deviations by the root of rows: of a quartile of normal values; of the median 1.25


class WeeklyAmounts(pa.DataFrameModel):
    """One row per column of money and week before a snapshot: quartiles of the logarithm of amounts above zero."""

    table: pl.String
    column: pl.String
    week: int = pa.Field(ge=0, coerce=True, description="0: the seven days before the snapshot.")
    rows: int = pa.Field(ge=1, coerce=True)
    low: float
    middle: float
    high: float


@dataclass(frozen=True)
class ChangedUnit:
    """A column whose newest amounts are `times` as large as usual, by one of its quartiles."""

    table: str
    column: str
    times: float
    usual: float
    now: float

    @property
    def sentence(self) -> str:
        how = f"{self.times:,.3g} times" if self.times > 1 else f"1/{1 / self.times:,.3g} of"
        return (
            f"{self.table}.{self.column} of the newest week is {how} what was usual ({self.now:,.4g} against "
            f"{self.usual:,.4g}): another unit or currency? Correct the export, and deliver those rows again."
        )


def changed_units(weeks: pl.DataFrame) -> list[ChangedUnit]:
    """The columns in `weeks` (WeeklyAmounts) whose newest week is in another unit, by name."""
    parts = weeks.partition_by("table", "column", maintain_order=True)
    changed = (max(_changed(part), key=lambda each: abs(log(each.times)), default=None) for part in parts)
    return sorted((each for each in changed if each), key=lambda each: (each.table, each.column))


def _changed(weeks: pl.DataFrame) -> Iterator[ChangedUnit]:
    newest = weeks.filter(pl.col("week") == 0, pl.col("rows") >= FEWEST_ROWS)
    past = weeks.filter(pl.col("week").is_between(1, WEEKS - 1), pl.col("rows") >= FEWEST_ROWS)
    if newest.is_empty() or past.height < FEWEST_WEEKS:
        return
    now = newest.row(0, named=True)
    widths = (past["high"] - past["low"]).to_list()
    deviation = sorted(widths)[len(widths) // 2] / IQR_TO_DEVIATION
    chance = QUARTILE_ERROR * deviation / sqrt(now["rows"])
    for name in QUARTILES:
        usual = float(past[name].median())  # type: ignore[arg-type]  # of numbers it is one
        spread = MAD_TO_DEVIATION * float((past[name] - usual).abs().median())  # type: ignore[arg-type]
        shift = now[name] - usual
        if abs(shift) >= log(TIMES) and abs(shift) > ERRORS * sqrt(spread**2 + chance**2):
            yield ChangedUnit(now["table"], now["column"], exp(shift), exp(usual), exp(now[name]))
