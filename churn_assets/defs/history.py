"""Past snapshots that a run builds besides its own: the slices that training reads and that are not built yet.

A tag of the run lists these slices, so that all its steps build the same ones. Tables with rows by snapshot show them
as materialised.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

import dagster as dg

from churn_assets.defs.partitions import snapshots_of
from churn_assets.stages import Stage
from churn_assets.warehouse.history import missing_history
from churn_assets.workplace import Workplace

HISTORY_TAG = "churn/history"
Context = dg.AssetExecutionContext | dg.AssetCheckExecutionContext
TABLES_BY_SNAPSHOT = (
    (Stage.MARTS, "dim_snapshots"), (Stage.FEATURES, "user_statuses"), (Stage.FEATURES, "user_features"),
    (Stage.FEATURES, "churn_labels"),
)  # fmt: skip


def history_tag(days: Sequence[date]) -> dict[str, str]:
    return {HISTORY_TAG: " ".join(day.isoformat() for day in days)}


def tagged_history(context: Context) -> list[date] | None:
    """The past snapshots in the tag of the run, ascending; None without the tag."""
    run = context.instance.get_run_by_id(context.run.run_id)
    if run is None or HISTORY_TAG not in run.tags:
        return None
    return [date.fromisoformat(day) for day in run.tags[HISTORY_TAG].split()]


def history_of(context: dg.AssetExecutionContext, workplace: Workplace) -> list[date]:
    """The past snapshots that the run builds, ascending; the first step writes the tag for the others."""
    history = tagged_history(context)
    if history is None:
        history = missing_history(workplace, snapshots_of(context))
        context.instance.add_run_tags(context.run.run_id, history_tag(history))
    return history


def log_history(context: dg.AssetExecutionContext, history: Sequence[date]) -> None:
    """Log a materialisation for each past snapshot that the assets of a step hold now."""
    for key in sorted(context.selected_asset_keys):
        if tuple(key.path) in TABLES_BY_SNAPSHOT:
            for day in history:
                context.log_event(
                    dg.AssetMaterialization(key, partition=day.isoformat(), metadata={"built for": "training"})
                )
