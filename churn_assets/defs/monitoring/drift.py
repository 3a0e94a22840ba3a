"""Whether the users scored at a snapshot are distributed like those that its model learned from."""

from collections.abc import Iterator
from datetime import date

import dagster as dg
import polars as pl

from churn_assets.contracts.feature_drift import SCORE_FEATURE, FeatureDrift
from churn_assets.defs.partitions import CALENDAR
from churn_assets.defs.pictures import picture
from churn_assets.defs.snapshot_assets import Product, Snapshot, snapshot_assets
from churn_assets.model.artifact import ChurnModel
from churn_assets.monitoring.drift import HISTORY_SNAPSHOTS, HISTORY_USERS
from churn_assets.monitoring.drift import feature_drift as drift_between
from churn_assets.monitoring.drift_plots import drift_png
from churn_assets.stages import Stage
from churn_assets.warehouse.features import describe
from churn_assets.warehouse.model_inputs import with_model_inputs
from churn_assets.warehouse.reads import eligible_features_at, sampled_features

WORST = 5
SCORED = (Stage.SCORING, "scored_users")


@snapshot_assets(
    Stage.MONITORING,
    {"feature_drift": FeatureDrift},
    deps=[
        dg.AssetDep([Stage.FEATURES, "user_features"], partition_mapping=CALENDAR.all_until()),
        dg.AssetDep([Stage.FEATURES, "user_statuses"], partition_mapping=CALENDAR.all_until()),
        [Stage.MARTS, "fct_orders"],
        [Stage.MARTS, "fct_events"],
        [Stage.TRAINING, "training_set"],
        [Stage.TRAINING, "model_promotions"],
        [Stage.TRAINING, "champion_model"],
        dg.AssetDep(list(SCORED), partition_mapping=CALENDAR.all_until()),
    ],
    kinds={"polars"},
    owner="team:data-science",
)
def feature_drift(at: Snapshot) -> Iterator[Product]:
    """One row per feature of the model, against the newest users it learned from, and one for its score, against the
    users of the snapshot scored before: population stability index, what chance alone gives, the index from the nearest
    earlier snapshot and what that usually is, and level.
    """
    model = ChurnModel.from_bytes(at.workplace.tables.read_bytes(Stage.TRAINING, "champion_model", at.date))
    scored_days = at.workplace.tables.snapshots_before(*SCORED, at.date)
    history = _history(at, model, scored_days)
    before = history.filter(snapshot_date=scored_days[-1]) if scored_days else history.clear()
    frame = drift_between(
        _with_score(model, with_model_inputs(at.workplace, at.date, eligible_features_at(at.workplace, at.date))),
        _learned(at, model),
        history,
        None if before.is_empty() else before,
        describe(model.columns, at.workplace.settings.features.extra),
        model_version=model.version,
        settings=at.workplace.settings.monitoring,
    )
    yield Product("feature_drift", frame, _figures(at, frame, reference=max(model.slices)))


def _learned(at: Snapshot, model: ChurnModel) -> pl.DataFrame:
    """The newest slice that the model learned from."""
    tables = at.workplace.tables
    trained_at = tables.read(Stage.TRAINING, "model_promotions", at.date).item(0, "champion_snapshot_date")
    learned = tables.scan(Stage.TRAINING, "training_set", trained_at).filter(snapshot_date=max(model.slices))
    return learned.select("snapshot_date", "user_id", *model.columns).collect()


def _history(at: Snapshot, model: ChurnModel, scored_days: list[date]) -> pl.DataFrame:
    """A sample of users now and at the newest earlier snapshots: slices of the model, and those that were scored."""
    days = [*sorted({*model.slices, *scored_days})[-HISTORY_SNAPSHOTS:], at.date]
    sample = sampled_features(at.workplace, days, HISTORY_USERS)
    return _with_score(model, with_model_inputs(at.workplace, at.date, sample))


def _with_score(model: ChurnModel, users: pl.DataFrame) -> pl.DataFrame:
    return users.with_columns(pl.Series(SCORE_FEATURE, model.predict(users)))


def _figures(at: Snapshot, frame: pl.DataFrame, *, reference: date) -> dict[str, object]:
    """Metadata of the asset."""
    limits = at.workplace.settings.monitoring
    worst = frame.select("feature", "psi", "level").head(WORST).rows()
    return {
        "features": len(frame),
        "features_drifted": int((frame["level"] != "none").sum()),
        "features_alarmed": int((frame["level"] == "alarm").sum()),
        "features_beyond_chance": int(frame["is_significant"].sum()),
        "worst": ", ".join(f"{feature} {psi:.3f} ({level})" for feature, psi, level in worst),
        "reference_date": str(reference),
        "drift": picture("drift", drift_png(frame, warn=limits.psi_warn, alarm=limits.psi_alarm)),
    }
