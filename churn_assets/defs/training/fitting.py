"""The steps of a training, each as one call: fit, promote, describe, log to an MLflow server."""

from __future__ import annotations

from dataclasses import dataclass

import dagster as dg
import numpy as np
import polars as pl

from churn_assets.contracts.feature import Feature
from churn_assets.defs.pictures import picture
from churn_assets.defs.plain import METRICS
from churn_assets.defs.snapshot_assets import Snapshot
from churn_assets.defs.training.champions import champion_at
from churn_assets.defs.training.tracking import track
from churn_assets.instance.files import write_whole
from churn_assets.model.artifact import ChurnModel
from churn_assets.model.calibration import cross_calibrated
from churn_assets.model.card import model_card
from churn_assets.model.gate import tested_slice
from churn_assets.model.plots import calibration_png, lift_png, precision_recall_png, profit_png, roc_png
from churn_assets.model.promotion import Promotion
from churn_assets.model.run_log import run_log
from churn_assets.model.season import Season, measured_season
from churn_assets.model.spend import SpendModel
from churn_assets.model.tiers import WARNED_SCHEMA, risk_tiers, stake_amount, usual_probability, warned_churners
from churn_assets.model.training import TrainedModel, train
from churn_assets.stages import Stage
from churn_assets.warehouse.features import treatments
from churn_assets.warehouse.selection import training_features
from churn_assets.warehouse.slices import slices_for


@dataclass(frozen=True)
class Fit:
    """A model of a snapshot with its inputs. `columns`: all, or the selected ones."""

    model: ChurnModel
    trained: TrainedModel
    training: pl.DataFrame
    features: list[Feature]
    columns: str
    season: Season


def fit(at: Snapshot) -> Fit:
    """Train on the training set of the snapshot. Raises dagster.Failure where there is too little to learn from."""
    settings = at.workplace.settings
    frame = at.workplace.tables.read(Stage.TRAINING, "training_set", at.date)
    features, columns = training_features(at.workplace, at.date, frame)
    season = season_at(at, frame)
    trained = train(
        frame,
        features,
        treatments(settings.features.extra),
        snapshot=at.date,
        gap_days=settings.churn.gap_days,
        horizon_days=settings.churn.horizon_days,
        settings=settings.training,
        max_missing_share=settings.features.max_missing_column_share,
        season=season.log_odds,
        matured_slices=len(slices_for(at.workplace, at.date)),
    )
    at.log(trained.reason)
    if trained.model is None:
        raise dg.Failure(f"No model at {at.date}. {trained.reason}")
    return Fit(trained.model, trained, frame, features, columns, season)


def season_at(at: Snapshot, training: pl.DataFrame) -> Season:
    """By how much churn is likelier at the snapshot than at the newest slice of `training`, from earlier years."""
    newest = tested_slice(training)
    if newest is None or not at.workplace.settings.training.season:
        return Season()
    levels = at.workplace.tables.read(Stage.TRAINING, "churn_levels", at.date)
    return measured_season(levels, snapshot=at.date, newest=newest)


def warned_of(at: Snapshot, fitted: Fit) -> pl.DataFrame:
    """The table warned_churners; empty where nothing could be tested out of time."""
    slice_date = tested_slice(fitted.training)
    if fitted.trained.out_of_time.is_empty() or slice_date is None:
        return pl.DataFrame(schema=WARNED_SCHEMA)
    users = fitted.training.filter(snapshot_date=slice_date).sort("user_id")
    is_churned, ids = users["is_churned"].to_numpy(), users["user_id"].to_numpy().astype(np.str_)
    probability = cross_calibrated(is_churned, fitted.trained.tested_log_odds(fitted.model.kind), ids)
    spend = SpendModel.from_bytes(at.workplace.tables.read_bytes(Stage.TRAINING, "spend_model", at.date))
    expected = spend.expected(users)["expected_spend_amount"].to_numpy()
    settings, losses = at.workplace.settings, probability * expected
    usual = usual_probability(users, horizon_days=settings.churn.horizon_days)
    stake = stake_amount(losses, settings.scoring)
    tiers = risk_tiers(probability, usual, losses, stake=stake, rise_ratio=settings.scoring.rise_ratio)
    return warned_churners(tiers, is_churned, expected, snapshot=at.date, slice_date=slice_date)


def promote(at: Snapshot, fitted: Fit) -> Promotion:
    """Decide which model scores the snapshot."""
    promotion = champion_at(
        at.workplace, at.date, fitted.trained, fitted.training, fitted.features, season=fitted.season.log_odds
    )
    at.log(f"{promotion.decision}: {promotion.reason}")
    return promotion


def model_metadata(at: Snapshot, fitted: Fit) -> dict[str, object]:
    """Metadata of the model."""
    model, trained = fitted.model, fitted.trained
    return {
        "churn_definition": at.workplace.settings.churn.definition,
        "season (log-odds)": fitted.season.log_odds,
        "season_known_from (years)": fitted.season.years,
        "features_offered": fitted.columns,
        "model_version": model.version,
        "kind_of_model": model.kind,
        "reason": trained.reason,
        "features": len(model.columns),
        "features_left_out": len(trained.dropped),
        "features_left_out_are": ", ".join(trained.dropped) or "none",
        **_ranking_pictures(trained),
    }


def _ranking_pictures(trained: TrainedModel) -> dict[str, object]:
    """How it ranks and how right its probabilities are, of users it had not seen; on the model, where people look."""
    if trained.out_of_time.is_empty():
        return {}
    pictures = {"ROC curve": roc_png(trained.out_of_time), "calibration": calibration_png(trained.out_of_time)}
    return {name: picture(name, png) for name, png in pictures.items()}


def comparison_metadata(at: Snapshot, trained: TrainedModel) -> dict[str, object]:
    """Metadata of the comparison: key figures as numbers, so that the UI draws them over snapshots, and pictures."""
    if trained.comparison.is_empty():
        return {"reason": trained.reason}
    figures: dict[str, object] = {}
    for row in trained.comparison.iter_rows(named=True):
        figures[f"AUC_of_{row['model']}"] = row["auc"]
        if row["is_shipped"]:
            shown = ("auc", "average_precision", "lift_10", "brier", "ece_calibrated")
            figures |= {METRICS[name]: row[name] for name in shown}
    pictures = {
        "precision and recall": precision_recall_png(trained.out_of_time),
        "lift": lift_png(trained.out_of_time),
        "profit": profit_png(trained.out_of_time, at.workplace.settings.profit),
    }
    return figures | _ranking_pictures(trained) | {name: picture(name, png) for name, png in pictures.items()}


def champion_metadata(at: Snapshot, fitted: Fit, promotion: Promotion) -> dict[str, object]:
    """Metadata of the model that scores; of a new one its card, also written to a file, and the outcome of logging."""
    metadata: dict[str, object] = {
        "model_version": promotion.model.version,
        "trained_at": promotion.snapshot.isoformat(),
    }
    card = _card(at, fitted, promotion) if promotion.snapshot == at.date else None
    if card:
        page = at.workplace.home.reports / f"model_card_{at.date}.md"
        write_whole(page, lambda file: file.write_text(card, encoding="utf-8"))
        metadata |= {"model_card": dg.MetadataValue.md(card), "model_card_file": str(page)}
    uri = at.workplace.settings.training.mlflow_tracking_uri
    if uri:
        log = run_log(
            fitted.trained,
            promotion,
            snapshot=at.date,
            definition=at.workplace.settings.churn.definition,
            settings=at.workplace.settings.training,
            card=card,
        )
        metadata["mlflow"] = track(uri, log, fitted.model.to_bytes())
        at.log(f"MLflow: {metadata['mlflow']}")
    return metadata


def _card(at: Snapshot, fitted: Fit, promotion: Promotion) -> str:
    return model_card(
        promotion.model,
        fitted.trained,
        fitted.training,
        fitted.features,
        snapshot=at.date,
        definition=at.workplace.settings.churn.definition,
        reason=promotion.reason,
        settings=at.workplace.settings.training,
    )
