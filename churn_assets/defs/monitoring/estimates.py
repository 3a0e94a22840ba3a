"""Estimated performance of the scores of a snapshot, before its labels have matured."""

from collections.abc import Iterator
from datetime import date

from churn_assets.contracts.performance_estimates import PerformanceEstimates
from churn_assets.defs.plain import METRICS
from churn_assets.defs.snapshot_assets import Product, Snapshot, snapshot_assets
from churn_assets.model.levels import level_uncertainty
from churn_assets.model.season import measured_season
from churn_assets.monitoring.estimates import performance_estimates as estimates_of
from churn_assets.stages import Stage


@snapshot_assets(
    Stage.MONITORING,
    {"performance_estimates": PerformanceEstimates},
    deps=[[Stage.SCORING, "scored_users"], [Stage.TRAINING, "churn_levels"]],
    kinds={"polars"},
    owner="team:data-science",
)
def performance_estimates(at: Snapshot) -> Iterator[Product]:
    """One row per metric: an estimate without labels, right only as far as the probabilities are; labels replace it."""
    churn = at.workplace.settings.churn
    columns = ("user_id", "model_version", "churn_probability", "risk_tier")
    scored = at.workplace.tables.scan(Stage.SCORING, "scored_users", at.date).filter(status="eligible")
    levels = at.workplace.tables.read(Stage.TRAINING, "churn_levels", at.date)
    window_days = churn.gap_days + churn.horizon_days
    newest = levels["level_date"].max()
    is_known = isinstance(newest, date) and measured_season(levels, snapshot=at.date, newest=newest).is_known
    frame = estimates_of(
        scored.select(columns).collect(),
        snapshot=at.date,
        window_days=window_days,
        uncertainty=level_uncertainty(levels, days=window_days, season_is_known=is_known),
        seed=at.workplace.settings.training.seed,
    )
    figures: dict[str, object] = {
        f"estimated {METRICS[row['metric']]}": row["estimate"] for row in frame.iter_rows(named=True)
    }
    yield Product("performance_estimates", frame, {"is_estimate": True, **figures})
