"""When things run: one job over all assets, its schedule, and a sensor on the landing. All off until switched on."""

import hashlib
from collections.abc import Iterator
from pathlib import Path

import dagster as dg

from churn_assets.defs.lifelines import sweep_dead_runs
from churn_assets.defs.partitions import CALENDAR
from churn_assets.stages import Stage
from churn_assets.workplace import Workplace

# Three hours after the boundary: by then the night's exports have landed.
CRON = {
    "daily": "0 3 * * *",
    "weekly": f"0 3 * * {CALENDAR.calendar.start.isoweekday() % 7}",
    "monthly": f"0 3 {CALENDAR.calendar.start.day} * *",
}

snapshot_job = dg.define_asset_job(
    "snapshot_job",
    selection=dg.AssetSelection.all() - dg.AssetSelection.assets([Stage.INTERVENTIONS, "dispatches"]),
    description="Everything of one snapshot, or of a range of them in one run: raw tables to measured effects.",
)


@dg.schedule(job=snapshot_job, cron_schedule=CRON[CALENDAR.calendar.cadence], execution_timezone="UTC")
def snapshot_schedule(context: dg.ScheduleEvaluationContext) -> dg.RunRequest | dg.SkipReason:
    """Each snapshot three hours after its boundary."""
    snapshot = CALENDAR.calendar.newest_at_or_before(context.scheduled_execution_time.date())
    if snapshot is None:
        return dg.SkipReason(f"the calendar begins at {CALENDAR.calendar.start}")
    return dg.RunRequest(run_key=snapshot.isoformat(), partition_key=snapshot.isoformat())


@dg.sensor(job=snapshot_job, minimum_interval_seconds=300)
def landing_sensor(
    context: dg.SensorEvaluationContext, workplace: dg.ResourceParam[Workplace]
) -> Iterator[dg.RunRequest | dg.SkipReason]:
    """Runs the newest snapshot when files have arrived since the last look and it has not been scored yet."""
    for line in sweep_dead_runs(context.instance, workplace.home.locks):
        context.log.warning(line)
    landing_fingerprint = _fingerprint(Path(workplace.home.landing))
    if landing_fingerprint is None:
        yield dg.SkipReason("no files in the landing yet")
        return
    if landing_fingerprint == context.cursor:
        yield dg.SkipReason("nothing new in the landing")
        return
    context.update_cursor(landing_fingerprint)
    snapshot = workplace.calendar.dates()[-1]
    if workplace.tables.find(Stage.SCORING, "scored_users", snapshot):
        yield dg.SkipReason(f"new files, but {snapshot} is done; they count at the next snapshot")
        return
    yield dg.RunRequest(run_key=f"{snapshot}-{landing_fingerprint}", partition_key=snapshot.isoformat())


@dg.sensor(job=snapshot_job, minimum_interval_seconds=3600)
def retraining_sensor(workplace: dg.ResourceParam[Workplace]) -> dg.RunRequest | dg.SkipReason:
    """Runs the newest snapshot, without waiting for the schedule, when the one before it asks for a new model.

    Training again at the same snapshot would give the same model: only the next one has newer labels. Requested once.
    """
    day = workplace.calendar.dates()[-1]
    asked_at = workplace.tables.newest_before(Stage.MONITORING, "retrain_conditions", day)
    if workplace.tables.find(Stage.SCORING, "scored_users", day) or asked_at is None:
        return dg.SkipReason(f"{day} is done" if asked_at else "no snapshot has been judged yet")
    conditions = workplace.tables.read(Stage.MONITORING, "retrain_conditions", asked_at)["condition"].unique().sort()
    if conditions.is_empty():
        return dg.SkipReason(f"nothing asked for a new model at {asked_at}")
    names = ",".join(conditions)
    return dg.RunRequest(
        run_key=f"retrain-{day}-{names}",
        partition_key=day.isoformat(),
        tags={"churn/retrain_conditions": names, "churn/retrain_asked_at": asked_at.isoformat()},
    )


def _fingerprint(landing: Path) -> str | None:
    """Hash of names, sizes and times of all files; None where there are none."""
    stats = sorted((str(f), f.stat().st_size, f.stat().st_mtime_ns) for f in landing.rglob("*") if f.is_file())
    return hashlib.sha256(repr(stats).encode()).hexdigest()[:16] if stats else None
