"""A figure with its 95 % interval, and how the rows of effects give one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import polars as pl

from churn_assets.contracts.arm_effects import ALL


@dataclass(frozen=True)
class Estimate:
    value: float
    low: float
    high: float

    @classmethod
    def of(cls, row: Mapping[str, Any] | None) -> Estimate | None:
        """Of a row with an effect; None where there is no row or no interval."""
        if row is None or row["effect_low"] is None:
            return None
        return cls(row["effect"], row["effect_low"], row["effect_high"])

    def times(self, factor: float) -> Estimate:
        return Estimate(self.value * factor, self.low * factor, self.high * factor)

    @property
    def is_above_zero(self) -> bool:
        return self.low > 0


def by_treatment(effects: pl.DataFrame) -> Iterator[tuple[str, dict[str, dict[str, Any]]]]:
    """(treatment, its rows over everybody by metric), where retention was measured. `effects`: effects.arm_effects."""
    for rows in effects.filter(pl.col("dimension") == ALL).partition_by("treatment", maintain_order=True):
        by_metric = {row["metric"]: row for row in rows.iter_rows(named=True)}
        if "retained" in by_metric:
            yield rows.item(0, "treatment"), by_metric
