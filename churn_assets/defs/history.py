"""What a run builds of the past besides its own snapshots: the slices that training reads and nobody has built yet.

They are told by a tag of the run, so that each step of it means the same ones, and shown as materialised in the
calendar of those tables that hold rows by snapshot.
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
KEPT_BY_SNAPSHOT = (
    (Stage.MARTS, "dim_snapshots"), (Stage.FEATURES, "user_statuses"), (Stage.FEATURES, "user_features"),
    (Stage.FEATURES, "churn_labels"),
)  # fmt: skip


def history_tag(days: Sequence[date]) -> dict[str, str]:
    return {HISTORY_TAG: " ".join(day.isoformat() for day in days)}


def told_history(context: Context) -> list[date] | None:
    """The past that this run builds too, ascending; None where nothing has been said of it."""
    run = context.instance.get_run_by_id(context.run.run_id)
    if run is None or HISTORY_TAG not in run.tags:
        return None
    return [date.fromisoformat(day) for day in run.tags[HISTORY_TAG].split()]


def history_of(context: dg.AssetExecutionContext, workplace: Workplace) -> list[date]:
    """The same; worked out, and told to the steps that follow, where nothing has been said of it."""
    told = told_history(context)
    if told is None:
        told = missing_history(workplace, snapshots_of(context))
        context.instance.add_run_tags(context.run.run_id, history_tag(told))
    return told


def log_history(context: dg.AssetExecutionContext, history: Sequence[date]) -> None:
    """Tell Dagster which snapshots of the past the assets of a step hold now."""
    for key in sorted(context.selected_asset_keys):
        if tuple(key.path) in KEPT_BY_SNAPSHOT:
            for day in history:
                context.log_event(
                    dg.AssetMaterialization(key, partition=day.isoformat(), metadata={"built_for": "training"})
                )
