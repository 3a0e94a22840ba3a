"""How far the figures can be trusted: the model against baselines, its past, the data behind it, and what changed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

import polars as pl

from churn_assets.contracts.scored_users import ALARMS

MOST_PAST = 8  # matured snapshots shown
MOST_DRIFTED = 5


@dataclass(frozen=True)
class Ranked:
    """A model's chance to name the churner of a pair of users, tested on users and weeks it has not seen."""

    model: str
    auc: float
    low: float
    high: float
    is_shipped: bool


@dataclass(frozen=True)
class ModelChoice:
    """What was decided about the model trained at the snapshot, which model scores, since when it learned, and what the
    new one would gain (log-loss per user, in nats).
    """

    decision: str
    champion: date
    trained: date
    gain: float | None


@dataclass(frozen=True)
class Past:
    """Scores of an earlier snapshot against what came."""

    snapshot: date
    users: int
    churned_share: float
    auc: float | None
    ece: float | None


@dataclass(frozen=True)
class Expected:
    """What is expected to come of this snapshot's scores, known at `known_at`."""

    known_at: date
    churned: tuple[float, float, float] | None
    auc: tuple[float, float, float] | None
    season_is_known: bool


@dataclass(frozen=True)
class Warned:
    """Of the churners of a tested slice those who had an alarm, and their share of what was lost."""

    slice_date: date
    alarms: int
    users: int
    churners_warned: int
    churners: int
    lost_share: float


@dataclass(frozen=True)
class DataSource:
    """A raw table: whether it has rows, when the newest became known (None: without times), its longest pause of late,
    and rows refused.
    """

    table: str
    is_delivered: bool
    newest: date | None
    usual_days: int
    refused: int


def ranked_models(comparison: pl.DataFrame) -> list[Ranked]:
    """Shipped first, then by rank. `comparison`: training.model_comparison."""
    rows = comparison.sort("is_shipped", "auc", descending=True)
    return [Ranked(*row) for row in rows.select("model", "auc", "auc_low", "auc_high", "is_shipped").iter_rows()]


def calibration_error(comparison: pl.DataFrame) -> float | None:
    """Mean distance between predicted and seen shares of the shipped model, after calibration."""
    values = comparison.filter("is_shipped")["ece_calibrated"]
    return values.item() if len(values) else None


def model_choice(promotions: pl.DataFrame) -> ModelChoice | None:
    """`promotions`: training.model_promotions."""
    if promotions.is_empty():
        return None
    row = promotions.row(0, named=True)
    return ModelChoice(row["decision"], row["champion_snapshot_date"], row["snapshot_date"], row["log_loss_gain"])


def past_scores(performance: pl.DataFrame) -> list[Past]:
    """Newest last. `performance`: monitoring.model_performance; treated users aside where they are known."""
    untreated = performance.filter(pl.col("population") == "untreated")
    rows = untreated if untreated.height else performance.filter(pl.col("population") == "all")
    shown = rows.filter(pl.col("users") > 0).sort("snapshot_date").tail(MOST_PAST)
    return [
        Past(row["snapshot_date"], row["users"], row["churners"] / row["users"], row["auc"], row["ece"])
        for row in shown.iter_rows(named=True)
    ]


def expected_of(estimates: pl.DataFrame) -> Expected | None:
    """`estimates`: monitoring.performance_estimates; None where nothing could be estimated."""
    if estimates.is_empty():
        return None
    of_metric = {
        row["metric"]: (row["estimate"], row["estimate_low"], row["estimate_high"])
        for row in estimates.iter_rows(named=True)
    }
    first = estimates.row(0, named=True)
    return Expected(
        first["matures_at"].date(), of_metric.get("churned_share"), of_metric.get("auc"), first["season_is_known"]
    )


def warned_of(warned: pl.DataFrame) -> Warned | None:
    """`warned`: training.warned_churners."""
    if warned.is_empty():
        return None
    alarms = warned.filter(pl.col("risk_tier").is_in(ALARMS))
    return Warned(
        warned["slice_date"][0], int(alarms["users"].sum()), int(warned["users"].sum()), int(alarms["churners"].sum()),
        int(warned["churners"].sum()), float(alarms["lost_share"].sum()),
    )  # fmt: skip


def drifted_features(drift: pl.DataFrame) -> list[str]:
    """Features in alarm, the furthest first. `drift`: monitoring.feature_drift."""
    return drift.filter(pl.col("level") == "alarm").sort("psi", descending=True)["feature"].head(MOST_DRIFTED).to_list()


def data_sources(
    newest: Mapping[str, tuple[bool, date | None, int]], refused: Mapping[str, int]
) -> Sequence[DataSource]:
    """`newest`: by table whether it has rows, the day of the newest, and its longest pause."""
    return [DataSource(table, *newest[table], refused.get(table, 0)) for table in sorted(newest)]
