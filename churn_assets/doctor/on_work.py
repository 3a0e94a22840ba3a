"""Faults of the work: runs that died, partitions that are missing, withheld or stale, schedule, backup, model."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

import polars as pl

from churn_assets.doctor.finding import Finding
from churn_assets.doctor.scene import Scene
from churn_assets.instance.known_backups import NEWEST, newest_of
from churn_assets.instance.run_locks import is_held
from churn_assets.stages import Stage

BACKUP_DAYS = 8  # a weekly backup, and a day
HEARTBEAT = timedelta(minutes=10)  # the daemon of Dagster writes one every half minute
# Each is made from the one before it at its own snapshot.
MADE_FROM = (
    (Stage.TRAINING, "training_set", Stage.TRAINING, "churn_model"),
    (Stage.TRAINING, "churn_model", Stage.SCORING, "scored_users"),
    (Stage.SCORING, "scored_users", Stage.SCORING, "user_reasons"),
)


def dead_runs(scene: Scene) -> Iterator[Finding]:
    for run in scene.dead_runs:
        yield Finding(
            "dead_runs", "warning", f"Run {run[:8]} died, and Dagster counts it as at work.",
            "mark it as failed: churn doctor --fix, or the next churn run",
        )  # fmt: skip


def withheld(scene: Scene) -> Iterator[Finding]:
    if scene.live_runs:
        return  # it withholds what it rebuilds
    rows = scene.rows("select snapshot_date, count(*), min(reason) from withheld group by 1 order by 1")
    for day, count, reason in rows:
        yield Finding(
            "withheld", "error", f"{count} tables of {day} may not be read: {reason}.",
            f"correct what the last run named, then churn run --snapshot {day}",
        )  # fmt: skip


def missing_partitions(scene: Scene) -> Iterator[Finding]:
    """Snapshots between the first and the last that were left out; one that is due; and scores without decisions."""
    calendar, scored = scene.calendar, scene.scored
    if calendar is None or not scored:
        return
    left_out = [day for day in calendar.dates(scene.now) if scored[0] < day < scored[-1] and day not in scored]
    if left_out:
        yield Finding(
            "missing_partitions", "warning",
            f"{len(left_out)} snapshots between {scored[0]} and {scored[-1]} were left out (the first: {left_out[0]}).",
            f"churn backfill --from {left_out[0]} --to {left_out[-1]}",
        )  # fmt: skip
    decided = {p.snapshot for p in scene.partitions if (p.stage, p.table) == (Stage.INTERVENTIONS, "decision_ledger")}
    if scored[-1] not in decided and not scene.live_runs:
        yield Finding(
            "missing_partitions", "error", f"{scored[-1]} has scores and no decisions: its run did not finish.",
            f"churn run --snapshot {scored[-1]}",
        )  # fmt: skip


def due(scene: Scene) -> Iterator[Finding]:
    day = due_snapshot(scene)
    if day and not scene.live_runs:
        yield Finding(
            "due", "warning", f"The landing reaches {scene.reach:%Y-%m-%d}, and {day} has not been run.", "churn run"
        )


def due_snapshot(scene: Scene) -> object:
    """The snapshot that `churn run` would make next; None where it is made, or cannot be known."""
    calendar, scored = scene.calendar, scene.scored
    if calendar is None or scene.reach is None or not scored:
        return None
    dates = calendar.dates(scene.now)
    day = next((each for each in dates if datetime.combine(each, datetime.min.time()) >= scene.reach), None)
    day = day or (dates[-1] if dates else None)
    return day if day is not None and day > scored[-1] else None


def stale_partitions(scene: Scene) -> Iterator[Finding]:
    """Tables that are older than what they were made from."""
    published = {(p.stage, p.table, p.snapshot): p.published_at for p in scene.partitions}
    for stage, table, next_stage, next_table in MADE_FROM:
        stale = [
            day for (s, t, day), at in published.items()
            if (s, t) == (next_stage, next_table) and published.get((stage, table, day), at) > at
        ]  # fmt: skip
        if stale and not scene.live_runs:
            yield Finding(
                "stale_partitions", "warning",
                f"{next_stage}.{next_table} of {stale[-1]} is older than the {table} it is made from.",
                f"churn run --snapshot {stale[-1]}",
            )  # fmt: skip


def schedule(scene: Scene) -> Iterator[Finding]:
    """Whether anything runs by itself, and if it should, whether the daemon that starts it lives."""
    rows = scene.dagster_rows(
        "schedules/schedules.db", "select instigator_body from instigators where status = 'RUNNING'"
    )
    if not rows:
        if scene.scored:
            yield Finding(
                "schedule", "note", "No schedule is switched on: a snapshot is made only when somebody runs churn run.",
                "churn ui --launch, Automation: switch snapshot_schedule on",
            )  # fmt: skip
        return
    beats = scene.dagster_rows(
        "history/runs.db", "select max(timestamp) from daemon_heartbeats where daemon_type in ('SCHEDULER', 'SENSOR')"
    )
    newest = beats[0][0] if beats else None
    if newest is None or datetime.fromisoformat(str(newest)) < scene.now - HEARTBEAT:
        yield Finding(
            "schedule", "error", f"A schedule is on, and the daemon of it last lived at {newest or 'no time'}.",
            "start it: churn ui (or the service that serves it)",
        )  # fmt: skip


def backup_age(scene: Scene) -> Iterator[Finding]:
    if not scene.scored:
        return
    newest = newest_of(scene.fact(NEWEST))
    if newest is None:
        has_sent = bool(scene.rows("select 1 from attempts limit 1"))
        yield Finding(
            "backup_age", "warning" if has_sent else "note",
            "This home was never backed up" + (", and what was sent is on record here only." if has_sent else "."),
            "churn backup DIR, best every week",
        )  # fmt: skip
        return
    at = newest.at
    if scene.now - at > timedelta(days=BACKUP_DAYS):
        yield Finding(
            "backup_age", "warning", f"The newest backup is of {at:%Y-%m-%d}, {(scene.now - at).days} days ago.",
            "churn backup DIR, best every week",
        )  # fmt: skip


def model_age(scene: Scene) -> Iterator[Finding]:
    """What the newest snapshot says of its model (monitoring/retrain.py has the rule)."""
    newest = scene.table(Stage.MONITORING, "retrain_conditions")
    if newest is None:
        return
    day, conditions = newest
    for (reason,) in conditions.filter(pl.col("condition") == "age").select("reason").iter_rows():
        yield Finding(
            "model_age",
            "warning",
            f"At {day}: {reason}",
            "churn run at the next snapshot trains a new one; see that it passes",
        )


def unanswered(scene: Scene) -> Iterator[Finding]:
    """Attempts without an answer, while no dispatch is at work: it was killed."""
    rows = scene.rows("select count(*) from attempts where fate is null")
    count = int(str(rows[0][0])) if rows else 0
    if count and not is_held(scene.home.locks / "dispatch.lock"):
        yield Finding(
            "unanswered", "warning", f"{count} messages were handed over by a dispatch that was killed meanwhile.",
            "churn dispatch --send goes on, and sends none of them twice",
        )  # fmt: skip


CHECKS = (
    dead_runs, withheld, missing_partitions, due, stale_partitions, schedule, backup_age, model_age, unanswered,
)  # fmt: skip
