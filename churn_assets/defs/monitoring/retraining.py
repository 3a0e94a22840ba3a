"""Whether the model still fits the scored users: conditions for a new training, and a check."""

from collections.abc import Iterator
from datetime import date

import dagster as dg
import polars as pl

from churn_assets.contracts.retrain_conditions import RetrainConditions
from churn_assets.defs.partitions import CALENDAR
from churn_assets.defs.snapshot_assets import Product, Snapshot, snapshot_assets
from churn_assets.defs.snapshot_checks import CheckOutcome, snapshot_check
from churn_assets.model.artifact import ChurnModel
from churn_assets.model.comparison import COMPARISON_SCHEMA
from churn_assets.monitoring.retrain import retrain_reasons
from churn_assets.stages import Stage
from churn_assets.warehouse.slices import slices_for
from churn_assets.workplace import Workplace

SCHEMA = {name: column.dtype.type for name, column in RetrainConditions.to_schema().columns.items()}
CONDITIONS = (Stage.MONITORING, "retrain_conditions")
COMPARISON = (Stage.TRAINING, "model_comparison")
TRAIN_AGAIN = "Train on the snapshots that have matured since: churn run makes those that are missing, and a new model."
IS_NEWEST = (
    "Models learn from the newest labels there are: training again helps once those of the changed users mature "
    "(churn.horizon_days). Until then act on fewer users, and judge by those left alone (model_performance, untreated)."
)


@snapshot_assets(
    Stage.MONITORING,
    {"retrain_conditions": RetrainConditions},
    deps=[
        [Stage.TRAINING, "champion_model"],
        [Stage.MONITORING, "feature_drift"],
        [Stage.MONITORING, "model_performance"],
        dg.AssetDep(list(COMPARISON), partition_mapping=CALENDAR.all_before()),
    ],
    kinds={"polars"},
    owner="team:data-science",
)
def retrain_conditions(at: Snapshot) -> Iterator[Product]:
    """One row per condition that asks for a new model: age, drift, ranking or calibration of matured scores."""
    workplace = at.workplace
    performance = workplace.tables.read(Stage.MONITORING, "model_performance", at.date)
    model = ChurnModel.from_bytes(workplace.tables.read_bytes(Stage.TRAINING, "champion_model", at.date))
    learned_from, age_days = max(model.slices), model.age_days(at.date)
    reasons = retrain_reasons(
        age_days,
        workplace.tables.read(Stage.MONITORING, "feature_drift", at.date),
        performance,
        _comparisons(workplace, performance["snapshot_date"].unique().sort().to_list()),
        workplace.settings.monitoring,
    )
    rows = [(at.date, condition, reason, learned_from) for condition, reason in reasons]
    yield Product(
        CONDITIONS[1],
        pl.DataFrame(rows, schema=SCHEMA, orient="row"),
        {
            "conditions": ", ".join(sorted({condition for condition, _ in reasons})) or "none",
            "learned_from": str(learned_from),
            "age_days": age_days,
            "snapshots_matured": performance["snapshot_date"].n_unique(),
        },
    )


@snapshot_check(*CONDITIONS, severity=dg.AssetCheckSeverity.WARN, is_newest_enough=True)
def model_needs_no_retraining(at: Snapshot) -> CheckOutcome:
    """The model is fresh (monitoring.max_model_age_days), no feature or score drifted to alarm (psi_alarm), and scores
    whose labels have just matured ranked as well as the comparison promised, with probabilities within max_ece. A
    warning: yesterday's model is better than none.
    """
    conditions = at.workplace.tables.read(*CONDITIONS, at.date)
    if conditions.is_empty():
        return CheckOutcome(passed=True, figures={"conditions": 0})
    is_newest = slices_for(at.workplace, at.date)[-1:] == [conditions.item(0, "learned_from_date")]
    figures: dict[str, object] = {
        "conditions": len(conditions),
        "reasons": " ".join(conditions["reason"]),
        "what_to_do": IS_NEWEST if is_newest else TRAIN_AGAIN,
    }
    sentence = f"See monitoring.retrain_conditions: {conditions.item(0, 'reason')}"
    return CheckOutcome(passed=False, figures=figures, sentence=sentence)


def _comparisons(workplace: Workplace, days: list[date]) -> pl.DataFrame:
    """Comparisons of the models that scored these snapshots; a snapshot scored without one has no rows."""
    comparisons = [workplace.tables.read(*COMPARISON, day) for day in days if workplace.tables.find(*COMPARISON, day)]
    return pl.concat([pl.DataFrame(schema=COMPARISON_SCHEMA), *comparisons])
