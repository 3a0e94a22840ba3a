"""Performance of past scores, once their labels have matured. Nothing is retrained and no alarm is raised here."""

from __future__ import annotations

from datetime import datetime, time
from typing import TYPE_CHECKING, Any

import polars as pl

from churn_assets.contracts.decision_ledger import NO_ARM
from churn_assets.contracts.model_performance import METRICS, ModelPerformance
from churn_assets.model.evaluation import evaluate

if TYPE_CHECKING:
    from datetime import date

SCHEMA = {name: column.dtype.type for name, column in ModelPerformance.to_schema().columns.items()}
KEY = ["user_id", "snapshot_date"]


def empty_performance() -> pl.DataFrame:
    """The table of a snapshot at which no label of a scored snapshot matured."""
    return pl.DataFrame(schema=SCHEMA)


def performance(
    scored: pl.DataFrame, labels: pl.DataFrame, *, snapshot: date, seed: int, ledger: pl.DataFrame | None = None
) -> pl.DataFrame:
    """Model performance measured at `snapshot`: one row per scored snapshot and population, sorted by these.

    `scored`: scored_users of one or more past snapshots, each made by one model version; only eligible users count.
    `labels`: churn_labels of one definition, one row per user and snapshot, for at least the users scored.
    `ledger`: decision_ledger of the same snapshots, or None when nothing was decided. With it a second population,
    `untreated`, leaves out users acted upon: an arm that works makes a correct warning look wrong.
    Raises ValueError naming table and snapshot when nothing is scored, a label is missing, doubled or not matured by
    `snapshot`, or a scored user has no decision.
    """
    eligible = scored.filter(pl.col("status") == "eligible")
    if eligible.is_empty():
        raise ValueError(
            f"scored_users: no eligible user to measure at snapshot {snapshot}; score a past snapshot first"
        )
    measured_at = datetime.combine(snapshot, time())
    known = _with_labels(eligible, labels, measured_at)
    populations = [known.with_columns(population=pl.lit("all"), is_measured=pl.lit(value=True))]
    if ledger is not None:
        decided = known.join(ledger.select(*KEY, "arm"), on=KEY, how="left", maintain_order="left")
        _raise_on_gap(decided, "arm", "decision_ledger")
        untreated = pl.col("arm") == NO_ARM
        populations.append(decided.with_columns(population=pl.lit("untreated"), is_measured=untreated))
    rows = [
        _row(users, measured_at, seed)
        for population in populations
        for users in population.partition_by("snapshot_date", maintain_order=True)
    ]
    frame = pl.DataFrame(rows, schema=SCHEMA)
    return ModelPerformance.validate(frame.sort("snapshot_date", "population"), lazy=True)


def _with_labels(eligible: pl.DataFrame, labels: pl.DataFrame, measured_at: datetime) -> pl.DataFrame:
    doubled = labels.select(pl.struct(KEY).is_duplicated().sum()).item()
    if doubled:
        raise ValueError(f"churn_labels: {doubled} rows share user_id and snapshot_date; filter to one definition")
    known = eligible.join(labels.select(*KEY, "is_churned", "matures_at"), on=KEY, how="left").sort(KEY)
    _raise_on_gap(known, "matures_at", "churn_labels")
    immature = known.filter(pl.col("is_churned").is_null() | (pl.col("matures_at") > measured_at))
    if not immature.is_empty():
        raise ValueError(
            f"churn_labels: {immature.height} labels of snapshot_date {immature.item(0, 'snapshot_date')} are not "
            f"matured at {measured_at.date()} (matures_at {immature.item(0, 'matures_at')}); measure an older snapshot"
        )
    return known


def _raise_on_gap(users: pl.DataFrame, column: str, table: str) -> None:
    gap = users.filter(pl.col(column).is_null())
    if not gap.is_empty():
        raise ValueError(
            f"{table}: no row for {gap.height} eligible users scored at snapshot_date {gap.item(0, 'snapshot_date')}; "
            f"materialise {table} for the snapshots of scored_users"
        )


def _row(scored: pl.DataFrame, measured_at: datetime, seed: int) -> dict[str, Any]:
    users = scored.filter("is_measured")
    is_churned = users.get_column("is_churned").to_numpy()
    metrics: dict[str, float | None] = dict.fromkeys(METRICS)
    if is_churned.any() and not is_churned.all():
        probability, user_ids = (users.get_column(name).to_numpy() for name in ("churn_probability", "user_id"))
        evaluation = evaluate(is_churned, probability, user_ids, seed=seed)
        metrics = {metric: evaluation[metric] for metric in METRICS}
    return {
        "snapshot_date": scored.item(0, "snapshot_date"),
        "matures_at": scored.get_column("matures_at").max(),
        "measured_at": measured_at,
        "model_version": scored.item(0, "model_version"),
        "population": scored.item(0, "population"),
        "users": users.height,
        "churners": int(is_churned.sum()),
    } | metrics
