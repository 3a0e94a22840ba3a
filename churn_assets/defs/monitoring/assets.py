"""Performance of past scores whose labels have matured, and the comparison of the churn definitions."""

from collections.abc import Iterator
from datetime import date, datetime, time, timedelta

import dagster as dg
import polars as pl

from churn_assets.contracts.churn_definitions import ChurnDefinitions
from churn_assets.contracts.model_performance import ModelPerformance
from churn_assets.defs.partitions import CALENDAR
from churn_assets.defs.pictures import picture
from churn_assets.defs.plain import METRICS
from churn_assets.defs.snapshot_assets import Product, Snapshot, snapshot_assets
from churn_assets.monitoring.definition_plots import agreement_png, base_rate_png, returns_png
from churn_assets.monitoring.performance import empty_performance, performance
from churn_assets.stages import Stage
from churn_assets.warehouse.definition_counts import definitions_at
from churn_assets.warehouse.reads import matured_labels

ESTIMATES = (Stage.MONITORING, "performance_estimates")


@snapshot_assets(
    Stage.MONITORING,
    {"model_performance": ModelPerformance},
    deps=[
        [Stage.FEATURES, "churn_labels"],
        dg.AssetDep([Stage.SCORING, "scored_users"], partition_mapping=CALENDAR.all_before()),
        dg.AssetDep([Stage.INTERVENTIONS, "decision_ledger"], partition_mapping=CALENDAR.all_before()),
        dg.AssetDep(list(ESTIMATES), partition_mapping=CALENDAR.all_before()),
    ],
    kinds={"polars"},
    owner="team:data-science",
)
def model_performance(at: Snapshot) -> Iterator[Product]:
    """One row per past snapshot whose labels matured since the previous one, and population."""
    settings = at.workplace.settings
    window = timedelta(days=settings.churn.gap_days + settings.churn.horizon_days)
    end = datetime.combine(at.date, time())
    start = at.workplace.calendar.previous(at.date)
    scored = dict(at.workplace.tables.read_before(Stage.SCORING, "scored_users", at.date))
    due = [day for day in scored if start < datetime.combine(day, time()) + window <= end]
    if not due:
        yield Product("model_performance", empty_performance(), {"note": "no scored snapshot matured in this step"})
        return
    ledgers = dict(at.workplace.tables.read_before(Stage.INTERVENTIONS, "decision_ledger", at.date))
    result = performance(
        pl.concat(scored[day] for day in due),
        matured_labels(at.workplace, at.date, due),
        snapshot=at.date,
        seed=settings.training.seed,
        ledger=pl.concat(ledgers[day] for day in due) if all(day in ledgers for day in due) else None,
    )
    newest = result.filter(population="all").row(-1, named=True)
    figures = {METRICS[name]: newest[name] for name in ("auc", "brier", "ece", "lift_10")}
    yield Product("model_performance", result, figures | _estimates(at, newest["snapshot_date"]))


def _estimates(at: Snapshot, day: date) -> dict[str, object]:
    """The estimates of the snapshot `day`, to be shown beside its measured performance."""
    if at.workplace.tables.find(*ESTIMATES, day) is None:
        return {}
    expected = at.workplace.tables.read(*ESTIMATES, day)
    return {f"estimated {METRICS[name]}": value for name, value in expected.select("metric", "estimate").iter_rows()}


@snapshot_assets(
    Stage.MONITORING,
    {"churn_definitions": ChurnDefinitions},
    deps=[
        [Stage.FEATURES, "churn_labels"],
        [Stage.MARTS, "dim_snapshots"],
        [Stage.MARTS, "fct_orders"],
        dg.AssetDep([Stage.SCORING, "scored_users"], partition_mapping=CALENDAR.all_before()),
    ],
    kinds={"polars"},
    owner="team:data-science",
)
def churn_definitions(at: Snapshot) -> Iterator[Product]:
    """One row per churn definition and measure: base rates, returns, lead time, agreement."""
    frame = definitions_at(at.workplace, at.date)
    if frame.is_empty():
        yield Product("churn_definitions", frame, {"note": "no label has matured yet"})
        return
    pictures = {"base rate": base_rate_png, "returns": returns_png, "agreement": agreement_png}
    yield Product(
        "churn_definitions",
        frame,
        {
            "chosen": at.workplace.settings.churn.definition,
            **{name: picture(name, draw(frame)) for name, draw in pictures.items()},
        },
    )
