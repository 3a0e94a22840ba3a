"""The training set, the model trained on it, and the comparison with its rivals."""

from collections.abc import Iterator

import dagster as dg
import polars as pl

from churn_assets.contracts.model_comparison import ModelComparison
from churn_assets.contracts.model_promotions import ModelPromotions
from churn_assets.contracts.training_set import TrainingSet
from churn_assets.contracts.warned_churners import WarnedChurners
from churn_assets.defs.columns import of_training_set
from churn_assets.defs.partitions import CALENDAR
from churn_assets.defs.snapshot_assets import Product, Snapshot, snapshot_assets
from churn_assets.defs.training.champions import record_promotion
from churn_assets.defs.training.fitting import (
    champion_metadata,
    comparison_metadata,
    fit,
    model_metadata,
    promote,
    warned_of,
)
from churn_assets.instance.home import Home
from churn_assets.stages import Stage
from churn_assets.warehouse.model_inputs import with_model_inputs
from churn_assets.warehouse.reads import labelled_features
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
        [Stage.MARTS, "fct_orders"],
        [Stage.MARTS, "fct_events"],
    ],
    kinds={"polars", "parquet"},
    owner="team:data-science",
)
def training_set(at: Snapshot) -> Iterator[Product]:
    """One row per eligible user and slice: features as known then, labels that had matured by the snapshot."""
    slices = slices_for(at.workplace, at.date)
    labelled = with_model_inputs(at.workplace, at.date, labelled_features(at.workplace, at.date, slices))
    is_taught = pl.lit(at.workplace.settings.training.population == "all") | ~pl.col("is_treated")
    frame = labelled.filter(is_taught).drop("is_treated")
    built_slices = frame["snapshot_date"].unique().sort().to_list()
    yield Product(
        "training_set",
        frame,
        {
            "slices": ", ".join(map(str, built_slices)),
            "slices_not_built": ", ".join(str(day) for day in slices if day not in built_slices) or "none",
            "churned_rows": int(frame["is_churned"].sum()),
            "rows_treated": int(labelled["is_treated"].sum()),
            "rows_left_out": len(labelled) - len(frame),
        },
        origins=of_training_set(frame.columns),
    )


@snapshot_assets(
    Stage.TRAINING,
    {
        "churn_model": None,
        "model_comparison": ModelComparison,
        "warned_churners": WarnedChurners,
        "model_promotions": ModelPromotions,
        "champion_model": None,
    },
    deps=[[Stage.TRAINING, "training_set"], [Stage.TRAINING, "churn_levels"]],
    made_of={
        "warned_churners": [
            [Stage.TRAINING, "churn_model"],
            [Stage.TRAINING, "training_set"],
            [Stage.TRAINING, "spend_model"],
        ],
        "model_promotions": [
            [Stage.TRAINING, "churn_model"],
            [Stage.TRAINING, "model_comparison"],
            [Stage.TRAINING, "training_set"],
        ],
        "champion_model": [[Stage.TRAINING, "churn_model"], [Stage.TRAINING, "model_promotions"]],
    },
    kinds={"catboost", "sklearn"},
    owner="team:data-science",
)
def churn_model(at: Snapshot) -> Iterator[Product]:
    """
    churn_model: One calibrated model per snapshot, trained on labels that had matured by then.
    model_comparison: One row per rival, tested out of time on the newest matured slice.
    warned_churners: One row per risk tier on that slice: users, churners, and what these would have spent.
    model_promotions: One row per snapshot: which model scores it, who decided that, and on what proof.
    champion_model: The model that scores this snapshot, calibrated on the newest slice that it may be calibrated on.
    """
    fitted = fit(at)
    yield Product("churn_model", fitted.model.to_bytes(), model_metadata(at, fitted))
    yield Product("model_comparison", fitted.trained.comparison, comparison_metadata(at, fitted.trained))
    warned = warned_of(at, fitted)
    yield Product(
        "warned_churners",
        warned,
        {f"of_lost_spend_in_tier_{tier}_share": s for tier, s in warned.select("risk_tier", "lost_share").rows()},
    )
    promotion = promote(at, fitted)
    row = record_promotion(at.workplace, at.date, promotion, fitted.model)
    yield Product("model_promotions", row, {name: row[name].item() for name in ("decision", "reason")})
    yield Product("champion_model", promotion.model.to_bytes(), champion_metadata(at, fitted, promotion))
