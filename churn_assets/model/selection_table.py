"""The table feature_selections: importance of each feature, and why it was kept or dropped."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from churn_assets.contracts.feature_selections import FeatureSelections
from churn_assets.model.slices import NothingKept

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from churn_assets.contracts.feature import Feature
    from churn_assets.model.selection import Selection

SCHEMA = {name: column.dtype.type for name, column in FeatureSelections.to_schema().columns.items()}


def selection_frame(selection: Selection, features: Sequence[Feature], *, snapshot: date) -> pl.DataFrame:
    """One row per candidate, the most important first. Raises NothingKept."""
    if not selection.kept:
        raise NothingKept(
            f"No feature of the training set of {snapshot} is above noise in most of its slices: nothing is recorded. "
            "There may be too few churners to tell; let more history mature, or raise training.slices."
        )
    described = {feature.name: feature for feature in features}
    shap, ranks = selection.importance.mean_shap, selection.importance.ranks
    rows = []
    for place, name in enumerate(selection.importance.features):
        twin, correlation = selection.twins.get(name, (None, None))
        rows.append(
            {
                "snapshot_date": snapshot,
                "feature": name,
                "family": described[name].family,
                "reason_group": described[name].reason_group,
                "slices": len(selection.importance.slices),
                "mean_abs_shap": float(shap[:, place].mean()),
                "rank_mean": float(ranks[:, place].mean()),
                "rank_worst": float(ranks[:, place].max()),
                "rank_spread": float(ranks[:, place].std()),
                "above_noise_share": selection.hits.get(name),
                "is_kept": name in selection.kept,
                "why_dropped": _why(selection, name),
                "redundant_with": twin,
                "correlation": correlation,
            }
        )
    return pl.DataFrame(rows, schema=SCHEMA).sort("mean_abs_shap", "feature", descending=[True, False])


def _why(selection: Selection, name: str) -> str | None:
    if name in selection.kept:
        return None
    if name in selection.twins:
        return "redundant"
    return {None: "unusable", 0.0: "noise"}.get(selection.hits.get(name), "unstable")
