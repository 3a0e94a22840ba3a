"""Whether groups by age, gender and region are treated alike, and whether the model errs alike about them."""

from collections.abc import Iterator
from datetime import date

import dagster as dg
import polars as pl

from churn_assets.contracts.group_fairness import GroupFairness
from churn_assets.defs.partitions import CALENDAR
from churn_assets.defs.pictures import picture
from churn_assets.defs.snapshot_assets import Product, Snapshot, snapshot_assets
from churn_assets.monitoring.fairness import group_fairness as fairness_of
from churn_assets.monitoring.fairness_plots import fairness_png
from churn_assets.monitoring.fairness_users import attributes_of, with_errors, with_groups, with_treatment
from churn_assets.stages import Stage
from churn_assets.warehouse.reads import groups_at, matured_labels

SCORED, LEDGER = (Stage.SCORING, "scored_users"), (Stage.INTERVENTIONS, "decision_ledger")


@snapshot_assets(
    Stage.MONITORING,
    {"group_fairness": GroupFairness},
    deps=[
        [Stage.FEATURES, "user_features"],
        [Stage.MARTS, "dim_users"],
        [Stage.MONITORING, "model_performance"],
        dg.AssetDep(list(SCORED), partition_mapping=CALENDAR.all_until()),
        dg.AssetDep(list(LEDGER), partition_mapping=CALENDAR.all_until()),
    ],
    kinds={"polars"},
    owner="team:data-science",
)
def group_fairness(at: Snapshot) -> Iterator[Product]:
    """One row per scored snapshot, protected attribute, group and measure: how they are treated, how the model errs."""
    now = with_treatment(_eligible(at, at.date), _ledger(at, at.date))
    frames = [_compared(at, now, at.date)]
    performance = at.workplace.tables.read(Stage.MONITORING, "model_performance", at.date)
    for day in performance["snapshot_date"].unique().sort():
        errors = with_errors(_eligible(at, day), matured_labels(at.workplace, at.date, [day]), _ledger(at, day))
        frames.append(_compared(at, errors, day))
    frame = pl.concat(frames)
    yield Product(
        "group_fairness",
        frame,
        {
            "groups": frame.select("attribute", "group").n_unique(),
            "unequal": int(frame["is_unequal"].sum()),
            "fairness": picture("fairness", fairness_png(frame)),
        },
    )


def _eligible(at: Snapshot, day: date) -> pl.DataFrame:
    columns = ("user_id", "risk_tier", "churn_probability")
    return at.workplace.tables.scan(*SCORED, day).filter(status="eligible").select(columns).collect()


def _ledger(at: Snapshot, day: date) -> pl.DataFrame | None:
    if at.workplace.tables.find(*LEDGER, day) is None:
        return None
    return at.workplace.tables.scan(*LEDGER, day).select("user_id", "arm", "is_holdout").collect()


def _compared(at: Snapshot, users: pl.DataFrame, day: date) -> pl.DataFrame:
    """The rows of a scored snapshot, measured at that of `at`."""
    settings = at.workplace.settings
    grouped = users.join(with_groups(groups_at(at.workplace, day), settings.features.extra), on="user_id", how="left")
    return fairness_of(
        grouped,
        scored=day,
        snapshot=at.date,
        tolerance=settings.monitoring.max_group_gap_share,
        attributes=attributes_of(settings.features.extra),
    )
