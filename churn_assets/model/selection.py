"""Feature selection: not redundant with a more important feature, and above noise in most slices.

1. Trees on all usable features, one fit per slice, learned from what had matured by it; ranked by mean |SHAP| there.
2. Of redundant features (redundancy.py) the less important is dropped. First, since they share their importance.
3. Trees on the rest with a shadow of each (Boruta: Kursa and Rudnicki 2010). A hit is an importance above every shadow.
4. Kept are features with hits in MIN_SHARE of the slices (stability selection: Meinshausen and Buehlmann 2010).

No tree learns from the labels of the newest slice, so a test of the selection on that slice is unbiased.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from churn_assets.model.importance import SHADOW, Importance, mean_shap, with_shadows
from churn_assets.model.redundancy import redundant
from churn_assets.model.splits import sides
from churn_assets.model.tested import tested_splits

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import date

    import polars as pl

    from churn_assets.model.inputs import Inputs
    from churn_assets.model.matrix import Floats

MIN_SHARE = 0.8  # 0.6 to 0.9 hardly differ, as Meinshausen and Buehlmann say


@dataclass(frozen=True)
class Selection:
    """`twins`: redundant feature -> (feature kept instead, correlation).

    `hits`: usable feature that is not redundant -> share of slices in which it is above noise.
    """

    importance: Importance
    twins: Mapping[str, tuple[str, float]]
    hits: Mapping[str, float]

    @property
    def kept(self) -> tuple[str, ...]:
        return tuple(name for name, share in self.hits.items() if share >= MIN_SHARE)


def select(
    rows: pl.DataFrame, inputs: Inputs, *, snapshot: date, gap_days: int, horizon_days: int,
    on_fit: Callable[[str, date], object],
) -> Selection:  # fmt: skip
    """From the training set `rows` of `snapshot`; `on_fit` precedes each fit. Raises NothingToTest, LeakingSplit."""
    settings, window = inputs.settings, {"gap_days": gap_days, "horizon_days": horizon_days}
    pairs = tested_splits(rows, snapshot=snapshot, **window, most=settings.selection_slices)
    shap_by_slice = {}
    for split, _ in pairs:
        on_fit("all features", split.test)
        training, test = sides(rows, split, **window, most_rows=settings.bakeoff_rows)
        shap_by_slice[split.test] = mean_shap(training, test, inputs.columns(training), settings)
    candidates = [
        feature.name for feature in inputs.features if not feature.is_withheld(admit_protected=settings.admit_protected)
    ]
    importance = Importance(
        tuple(candidates),
        tuple(shap_by_slice),
        np.array([[shap.get(name, 0.0) for name in candidates] for shap in shap_by_slice.values()]),
    )
    usable = {name for shap in shap_by_slice.values() for name in shap}
    means = dict(zip(candidates, importance.mean_shap.mean(axis=0).tolist(), strict=True))
    twins = redundant(test, {name: means[name] for name in candidates if name in usable})
    rest = [name for name in candidates if name in usable and name not in twins]
    hits_by_slice = []
    for split, _ in pairs:
        on_fit("against noise", split.test)
        training, test = sides(rows, split, **window, most_rows=settings.bakeoff_rows)
        columns = [name for name in inputs.columns(training) if name in rest]
        hits_by_slice.append(_hits(training, test, columns, rest, inputs))
    return Selection(importance, twins, dict(zip(rest, np.mean(hits_by_slice, axis=0).tolist(), strict=True)))


def _hits(training: pl.DataFrame, test: pl.DataFrame, columns: list[str], rest: list[str], inputs: Inputs) -> Floats:
    """1.0 for each of `rest` that is above every shadow, else 0.0, also where it was unusable."""
    shadows = [SHADOW + name for name in columns]
    shap = mean_shap(
        with_shadows(training, columns, inputs.settings.seed),
        with_shadows(test, columns, inputs.settings.seed + 1),
        [*columns, *shadows],
        inputs.settings,
    )
    noise = max(shap[name] for name in shadows)
    return np.array([float(shap.get(name, 0.0) > noise) for name in rest])
