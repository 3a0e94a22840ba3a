"""The training set, the model it makes, and the comparison that says whether the model earns its place."""

from collections.abc import Iterator

import dagster as dg
import polars as pl

from churn_assets.contracts.model_comparison import ModelComparison
from churn_assets.contracts.model_promotions import ModelPromotions
from churn_assets.contracts.training_set import TrainingSet
from churn_assets.defs.partitions import CALENDAR
from churn_assets.defs.pictures import picture
from churn_assets.defs.snapshot_assets import Product, Snapshot, snapshot_assets
from churn_assets.defs.training.champions import champion_at, record_promotion
from churn_assets.defs.training.tracking import track
from churn_assets.instance.files import write_whole
from churn_assets.instance.home import Home
from churn_assets.model.artifact import ChurnModel
from churn_assets.model.card import model_card
from churn_assets.model.expected import with_expected_purchases
from churn_assets.model.plots import calibration_png, lift_png, precision_recall_png, profit_png, roc_png
from churn_assets.model.run_log import run_log
from churn_assets.model.training import TrainedModel, train
from churn_assets.settings import Profit
from churn_assets.stages import Stage
from churn_assets.warehouse.reads import labelled_features
from churn_assets.warehouse.season import season_at
from churn_assets.warehouse.selection import training_features
from churn_assets.warehouse.slices import slices_for

CHURN = Home.from_environment().settings.churn
TRAINING = Home.from_environment().settings.training
MATURED = CALENDAR.matured_slices(
    gap_days=CHURN.gap_days,
    horizon_days=CHURN.horizon_days,
    slices=TRAINING.slices,
    step_days=TRAINING.slice_step_days,
)


@snapshot_assets(
    Stage.TRAINING,
    {"training_set": TrainingSet},
    deps=[
        dg.AssetDep([Stage.FEATURES, "user_features"], partition_mapping=MATURED),
        dg.AssetDep([Stage.FEATURES, "churn_labels"], partition_mapping=MATURED),
        [Stage.FEATURES, "user_statuses"],
    ],
    kinds={"polars", "parquet"},
    owner="team:data-science",
)
def training_set(at: Snapshot) -> Iterator[Product]:
    """One row per eligible user and slice: features as known then, labels that had matured by the snapshot."""
    slices = slices_for(at.workplace, at.date)
    churn = at.workplace.settings.churn
    labelled = with_expected_purchases(
        labelled_features(at.workplace, at.date, slices), gap_days=churn.gap_days, horizon_days=churn.horizon_days
    )
    is_taught = pl.lit(at.workplace.settings.training.population == "all") | ~pl.col("is_treated")
    frame = labelled.filter(is_taught).drop("is_treated")
    found = frame["snapshot_date"].unique().sort().to_list()
    yield Product(
        "training_set",
        frame,
        {
            "slices": ", ".join(map(str, found)),
            "slices_not_built": ", ".join(str(day) for day in slices if day not in found) or "none",
            "churned_rows": int(frame["is_churned"].sum()),
            "rows_treated": int(labelled["is_treated"].sum()),
            "rows_left_out": len(labelled) - len(frame),
        },
    )


@snapshot_assets(
    Stage.TRAINING,
    {
        "churn_model": None,
        "model_comparison": ModelComparison,
        "model_promotions": ModelPromotions,
        "champion_model": None,
    },
    deps=[[Stage.TRAINING, "training_set"]],
    kinds={"catboost", "sklearn"},
    owner="team:data-science",
)
def churn_model(at: Snapshot) -> Iterator[Product]:
    """
    churn_model: One calibrated model per snapshot, trained on labels that had matured by then.
    model_comparison: One row per rival, tested out of time on the newest matured slice.
    model_promotions: One row per snapshot: which model scores it, who decided that, and on what proof.
    champion_model: The model that scores this snapshot, calibrated on the newest slice that it may be calibrated on.
    """
    churn = at.workplace.settings.churn
    frame = at.workplace.tables.read(Stage.TRAINING, "training_set", at.date)
    features, feature_columns = training_features(at.workplace, at.date, frame)
    season = season_at(at.workplace, at.date, max(frame["snapshot_date"].unique().to_list(), default=None))
    trained = train(
        frame,
        features,
        snapshot=at.date,
        gap_days=churn.gap_days,
        horizon_days=churn.horizon_days,
        settings=at.workplace.settings.training,
        max_missing_share=at.workplace.settings.features.max_missing_column_share,
        season=season,
    )
    at.log(trained.reason)
    if trained.model is None:
        raise dg.Failure(f"No model at {at.date}. {trained.reason}")
    metadata = {
        "definition": churn.definition,
        "season_log_odds": season,
        "feature_columns": feature_columns,
        **_model_metadata(trained.model, trained),
    }
    yield Product("churn_model", trained.model.to_bytes(), metadata)
    yield Product("model_comparison", trained.comparison, _comparison_metadata(trained, at.workplace.settings.profit))
    promotion = champion_at(at.workplace, at.date, trained, frame, season=season)
    at.log(f"{promotion.decision}: {promotion.reason}")
    told = record_promotion(at.workplace, at.date, promotion, trained.model)
    yield Product("model_promotions", told, {name: told[name].item() for name in ("decision", "reason")})
    card = None
    told_of: dict[str, object] = {
        "model_version": promotion.model.version,
        "trained_at": promotion.snapshot.isoformat(),
    }
    if promotion.snapshot == at.date:
        card = model_card(
            promotion.model,
            trained,
            frame,
            features,
            snapshot=at.date,
            definition=churn.definition,
            reason=promotion.reason,
            settings=at.workplace.settings.training,
        )
        page = at.workplace.home.reports / f"model_card_{at.date}.md"
        write_whole(page, lambda file: file.write_text(card, encoding="utf-8"))
        told_of |= {"model_card": dg.MetadataValue.md(card), "model_card_file": str(page)}
    uri = at.workplace.settings.training.mlflow_tracking_uri
    if uri:
        log = run_log(
            trained,
            promotion,
            snapshot=at.date,
            definition=churn.definition,
            settings=at.workplace.settings.training,
            card=card,
        )
        told_of["mlflow"] = track(uri, log, trained.model.to_bytes())
        at.log(f"MLflow: {told_of['mlflow']}")
    yield Product("champion_model", promotion.model.to_bytes(), told_of)


def _model_metadata(model: ChurnModel, trained: TrainedModel) -> dict[str, object]:
    return {
        "model_version": model.version,
        "kind": model.kind,
        "reason": trained.reason,
        "features": len(model.columns),
        "features_dropped_count": len(trained.dropped),
        "features_dropped": ", ".join(trained.dropped) or "none",
    }


def _comparison_metadata(trained: TrainedModel, profit: Profit) -> dict[str, object]:
    """Key figures as numbers, so that the UI draws them over snapshots, and plots as pictures."""
    if trained.comparison.is_empty():
        return {"reason": trained.reason}
    figures: dict[str, object] = {}
    for row in trained.comparison.iter_rows(named=True):
        figures[f"auc_{row['model']}"] = row["auc"]
        if row["is_shipped"]:
            figures |= {name: row[name] for name in ("auc", "average_precision", "lift_10", "brier", "ece_calibrated")}
    pictures = {
        "roc": roc_png(trained.out_of_time),
        "precision_recall": precision_recall_png(trained.out_of_time),
        "calibration": calibration_png(trained.out_of_time),
        "lift": lift_png(trained.out_of_time),
        "profit": profit_png(trained.out_of_time, profit),
    }
    return figures | {name: picture(name, png) for name, png in pictures.items()}
