"""Alerts of runs: what their checks said, how they ended; sent by sensors where nobody sits at a terminal."""

from datetime import UTC, date, datetime

import dagster as dg

from churn_assets.alerts.alert import Alert
from churn_assets.alerts.conditions import alerts_of
from churn_assets.alerts.sending import Sent, send_alerts, send_waiting_alerts
from churn_assets.defs.automation import snapshot_job
from churn_assets.workplace import Workplace

PARTITION, RANGE_END = "dagster/partition", "dagster/asset_partition_range_end"
FEEDS = ("newest_rows_have_arrived",)
WAIT_SECONDS = 300


def alerts_of_run(instance: dg.DagsterInstance, run_id: str, day: date, *, is_done: bool) -> list[Alert]:
    """Of its failed checks, and of a failure. Names checks and tables only: what a check found may hold values."""
    alerts = []
    records = instance.get_records_for_run(run_id, of_type=dg.DagsterEventType.ASSET_CHECK_EVALUATION).records
    for record in records:
        event = record.event_log_entry.dagster_event
        check = event.asset_check_evaluation_data if event else None
        if check is None or check.passed:
            continue
        table = check.asset_key.to_user_string()
        kind = "feed_broken" if check.check_name in FEEDS else "check_failed"
        severity = "failed" if check.severity == dg.AssetCheckSeverity.ERROR else "warns"
        text = f"The check {check.check_name} of {table} {severity} at {day}."
        step = f"What it says stands in the Dagster UI (churn ui), under the checks of {table}."
        alerts.append(Alert(kind, f"{table}.{check.check_name}", text, step, day))
    if not is_done:
        text = f"The run of {day} ended without its snapshot; the newest one before it stays in use."
        alerts.append(Alert("run_failed", str(day), text, f"churn run --snapshot {day} shows what fails.", day))
    return alerts


def _day_of(run: dg.DagsterRun) -> date | None:
    text = run.tags.get(PARTITION) or run.tags.get(RANGE_END)
    return date.fromisoformat(text) if text else None


def _send(context: dg.RunStatusSensorContext, workplace: Workplace, *, is_done: bool) -> str:
    day = _day_of(context.dagster_run)
    if day is None:
        return "a run without a snapshot"
    now = datetime.now(UTC).replace(tzinfo=None)
    alerts = alerts_of_run(context.instance, context.dagster_run.run_id, day, is_done=is_done)
    alerts += alerts_of(workplace, day, now) if is_done else []
    return _in_words(send_alerts(workplace.record, workplace.settings.alerts, workplace.home.root.name, alerts, now))


def _in_words(sent: list[Sent]) -> str:
    return "; ".join(f"{each.receiver}: {each.problem or 'taken'}" for each in sent) or "no receiver had anything new"


@dg.run_status_sensor(
    run_status=dg.DagsterRunStatus.SUCCESS, monitored_jobs=[snapshot_job], default_status=dg.DefaultSensorStatus.RUNNING
)
def alerts_after_success(context: dg.RunStatusSensorContext, workplace: dg.ResourceParam[Workplace]) -> dg.SkipReason:
    """Sends the receivers (alerts.receivers) what a snapshot shows: a plan that waits, limits, effects, risk."""
    return dg.SkipReason(_send(context, workplace, is_done=True))


@dg.run_status_sensor(
    run_status=dg.DagsterRunStatus.FAILURE, monitored_jobs=[snapshot_job], default_status=dg.DefaultSensorStatus.RUNNING
)
def alerts_after_failure(context: dg.RunStatusSensorContext, workplace: dg.ResourceParam[Workplace]) -> dg.SkipReason:
    """Sends the receivers that a run has failed, and which checks did."""
    return dg.SkipReason(_send(context, workplace, is_done=False))


@dg.sensor(minimum_interval_seconds=WAIT_SECONDS, default_status=dg.DefaultSensorStatus.RUNNING)
def waiting_alerts_sensor(workplace: dg.ResourceParam[Workplace]) -> dg.SkipReason:
    """Sends the receivers what waited for the end of quiet hours, or for a receiver to be back."""
    now = datetime.now(UTC).replace(tzinfo=None)
    sent = send_waiting_alerts(workplace.record, workplace.settings.alerts, workplace.home.root.name, now)
    return dg.SkipReason(_in_words(sent))
