"""When things run: one job over all assets, its schedule, and a new model when one is due. All off until switched on.

The sensor on the landing: landing_sensor.py.
"""

import dagster as dg

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
