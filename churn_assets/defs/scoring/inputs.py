"""Inputs of scores and reasons at a snapshot: users with their features, and the champion model."""

from __future__ import annotations

import polars as pl

from churn_assets.contracts.feature import Feature
from churn_assets.defs.snapshot_assets import Snapshot
from churn_assets.model.artifact import ChurnModel
from churn_assets.model.gate import tested_slice
from churn_assets.model.spend import SpendModel
from churn_assets.model.tiers import stake_amount
from churn_assets.stages import Stage
from churn_assets.warehouse.features import describe, in_words_of
from churn_assets.warehouse.model_inputs import with_model_inputs
from churn_assets.warehouse.reads import features_at


def stake_at(at: Snapshot, model: ChurnModel, spend: SpendModel) -> float:
    """The expected loss that is worth an alarm at the snapshot: stated, or from the users of the newest labels."""
    rows = at.workplace.tables.scan(Stage.TRAINING, "training_set", at.date)
    slice_date = tested_slice(rows.select("snapshot_date", "is_churned").collect())
    newest = rows.filter(snapshot_date=slice_date).collect()
    losses = model.predict(newest) * spend.expected(newest)["expected_spend_amount"].to_numpy()
    return stake_amount(losses, at.workplace.settings.scoring)


def model_and_users(at: Snapshot) -> tuple[pl.DataFrame, ChurnModel, list[Feature]]:
    """One row per user known at the snapshot, with status and features; the model; the descriptions of the features."""
    frame = with_model_inputs(at.workplace, at.date, features_at(at.workplace, at.date))
    model = ChurnModel.from_bytes(at.workplace.tables.read_bytes(Stage.TRAINING, "champion_model", at.date))
    columns = [name for name in frame.columns if name != "status"]
    features = describe(columns, at.workplace.settings.features.extra)
    return frame, model, [in_words_of(feature, at.workplace.home.mapping.domain) for feature in features]
