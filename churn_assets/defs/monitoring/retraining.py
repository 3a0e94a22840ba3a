"""A check that the model still fits the users it is asked about. A warning: yesterday's model is better than none."""

from datetime import date

import dagster as dg
import polars as pl

from churn_assets.defs.snapshot_assets import Snapshot
from churn_assets.defs.snapshot_checks import Finding, snapshot_check
from churn_assets.defs.training.slices import slices_for
from churn_assets.defs.workplace import Workplace
from churn_assets.model.artifact import ChurnModel
from churn_assets.model.comparison import COMPARISON_SCHEMA
from churn_assets.monitoring.performance import empty_performance
from churn_assets.monitoring.retrain import retrain_reasons
from churn_assets.stages import Stage

TRAIN_AGAIN = "Train on the snapshots that have matured since: churn run makes those that are missing, and a new model."
IS_NEWEST = (
    "Models learn from the newest labels there are: training again helps once those of the changed users mature "
    "(churn.horizon_days). Until then act on fewer users, and judge by those left alone (model_performance, untreated)."
)


@snapshot_check(
    Stage.MONITORING,
    "feature_drift",
    severity=dg.AssetCheckSeverity.WARN,
    is_newest_enough=True,
    reads=[[Stage.MONITORING, "model_performance"]],
)
def model_needs_no_retraining(at: Snapshot) -> Finding:
    """The model is fresh (monitoring.max_model_age_days), no feature or score drifted to alarm (psi_alarm), and scores
    whose labels have just matured ranked as well as the comparison promised, with probabilities within max_ece.
    """
    workplace = at.workplace
    performance = _performance(workplace, at.date)
    model = ChurnModel.from_bytes(workplace.tables.read_bytes(Stage.TRAINING, "champion_model", at.date))
    learned_from = max(model.slices)
    age_days = (at.date - learned_from).days - model.gap_days - model.horizon_days
    reasons = retrain_reasons(
        age_days,
        workplace.tables.read(Stage.MONITORING, "feature_drift", at.date),
        performance,
        _comparisons(workplace, performance["snapshot_date"].unique().sort().to_list()),
        workplace.settings.monitoring,
    )
    figures: dict[str, object] = {
        "learned_from": str(learned_from),
        "age_days": age_days,
        "snapshots_matured": performance["snapshot_date"].n_unique(),
    }
    if reasons:
        newest = slices_for(workplace, at.date)[-1:]
        figures |= {"reasons": " ".join(reasons), "what_to_do": IS_NEWEST if newest == [learned_from] else TRAIN_AGAIN}
    return Finding(passed=not reasons, figures=figures)


def _performance(workplace: Workplace, snapshot: date) -> pl.DataFrame:
    key = (Stage.MONITORING, "model_performance", snapshot)
    return workplace.tables.read(*key) if workplace.tables.find(*key) else empty_performance()


def _comparisons(workplace: Workplace, days: list[date]) -> pl.DataFrame:
    """What the models that scored at these snapshots promised; a snapshot scored without a comparison has none."""
    key = (Stage.TRAINING, "model_comparison")
    found = [workplace.tables.read(*key, day) for day in days if workplace.tables.find(*key, day)]
    return pl.concat([pl.DataFrame(schema=COMPARISON_SCHEMA), *found])
