"""Columns of the tables that Python makes, and the columns they come from, where that is known.

What dbt makes has its lineage from its SQL (dbt/metadata.py). A column that is not named here is made of much.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

import dagster as dg

from churn_assets.contracts.training_set import LABEL_COLUMNS
from churn_assets.stages import Stage
from churn_assets.warehouse.features import MADE_IN_PYTHON

Origin = tuple[str, str, str]  # stage, table, column
Origins = Mapping[str, Sequence[Origin]]
FEATURES = (Stage.FEATURES, "user_features")
CARRIED_FROM_LABELS = ("matures_at", "is_churned")
CARRIED_FROM_STATUSES = ("user_id", "snapshot_date", "status")
CARRIED_FROM_SCORES = ("user_id", "snapshot_date", "churn_probability", "value_at_risk_amount")
CARRIED_FROM_LEDGER = ("decision_id", "user_id", "channel")


def carried(stage: str, table: str, columns: Collection[str]) -> Origins:
    """Columns that have the values of the columns of the same name of `stage.table`."""
    return {column: [(stage, table, column)] for column in columns}


def of_training_set(columns: Collection[str]) -> Origins:
    """Features as the mart has them; what a window of days does not cover is unknown here."""
    features = [name for name in columns if name not in LABEL_COLUMNS and name not in MADE_IN_PYTHON]
    ours = carried(*FEATURES, ["user_id", "snapshot_date", *features])
    return {**ours, **carried(Stage.FEATURES, "churn_labels", CARRIED_FROM_LABELS)}


def of_scores(model_columns: Collection[str]) -> Origins:
    """The probability is made of the features of the model; whatever else is of users is made of it."""
    features = [(*FEATURES, name) for name in model_columns if name not in MADE_IN_PYTHON]
    return {**carried(Stage.FEATURES, "user_statuses", CARRIED_FROM_STATUSES), "churn_probability": features}


def shown(origins: Origins) -> dg.TableColumnLineage:
    """In the form that Dagster shows."""
    return dg.TableColumnLineage(
        {
            name: [dg.TableColumnDep(dg.AssetKey([stage, table]), column) for stage, table, column in parts]
            for name, parts in origins.items()
        }
    )
