"""When things run by themselves: the schedule names the snapshot, and a new model is asked for once."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import dagster as dg
import polars as pl

from churn_assets.definitions import defs
from churn_assets.defs.automation import CRON, retraining_sensor, snapshot_schedule
from churn_assets.defs.monitoring.retraining import SCHEMA as CONDITIONS_SCHEMA
from churn_assets.stages import Stage
from churn_assets.workplace import Workplace


def scheduled(moment: datetime) -> dg.RunRequest | dg.SkipReason:
    context = dg.build_schedule_context(scheduled_execution_time=moment.replace(tzinfo=UTC))
    result = snapshot_schedule(context)
    assert isinstance(result, dg.RunRequest | dg.SkipReason)
    return result


def test_a_monday_at_three_runs_the_snapshot_of_that_monday() -> None:
    request = scheduled(datetime(2026, 11, 16, 3))
    assert isinstance(request, dg.RunRequest)
    assert (request.partition_key, request.run_key) == ("2026-11-16", "2026-11-16")


def test_a_tick_that_comes_late_runs_the_newest_snapshot_that_has_passed() -> None:
    request = scheduled(datetime(2026, 11, 18, 12))
    assert isinstance(request, dg.RunRequest)
    assert request.partition_key == "2026-11-16"


def test_before_the_calendar_nothing_runs() -> None:
    skipped = scheduled(datetime(2023, 12, 25, 3))
    assert isinstance(skipped, dg.SkipReason)
    assert "2024-01-01" in str(skipped.skip_message)


def test_the_schedule_is_off_until_switched_on_and_keeps_the_weekday_of_the_calendar() -> None:
    assert snapshot_schedule.cron_schedule == CRON["weekly"] == "0 3 * * 1"
    assert snapshot_schedule.execution_timezone == "UTC"
    assert snapshot_schedule.default_status == dg.DefaultScheduleStatus.STOPPED


def asked(workplace: Workplace, conditions: list[str]) -> dg.RunRequest | dg.SkipReason:
    day = workplace.calendar.dates()[-2]
    rows = [(day, condition, "So it is.", day - timedelta(days=28)) for condition in conditions]
    frame = pl.DataFrame(rows, schema=CONDITIONS_SCHEMA, orient="row")
    workplace.tables.publish(Stage.MONITORING, "retrain_conditions", day, frame)
    return retraining(workplace)


def retraining(workplace: Workplace) -> dg.RunRequest | dg.SkipReason:
    with (
        dg.DagsterInstance.ephemeral() as instance,
        dg.build_sensor_context(
            instance=instance, repository_def=defs().get_repository_def(), resources={"workplace": workplace}
        ) as context,
    ):
        told = retraining_sensor.evaluate_tick(context)
    return told.run_requests[0] if told.run_requests else dg.SkipReason(told.skip_message)


def test_conditions_ask_for_one_run_of_the_snapshot_that_has_come(workplace: Workplace) -> None:
    request = asked(workplace, ["drift", "age", "drift"])
    day = workplace.calendar.dates()[-1].isoformat()
    assert isinstance(request, dg.RunRequest)
    assert (request.partition_key, request.run_key) == (day, f"retrain-{day}-age,drift")
    assert request.tags["churn/retrain_conditions"] == "age,drift"
    assert request.tags["churn/retrain_asked_at"] == workplace.calendar.dates()[-2].isoformat()
    again = retraining(workplace)
    assert isinstance(again, dg.RunRequest)
    assert again.run_key == request.run_key, "one run for one key"


def test_no_condition_no_run(workplace: Workplace) -> None:
    assert "no snapshot has been judged" in str(retraining(workplace).skip_message)  # type: ignore[union-attr]
    assert "nothing asked" in str(asked(workplace, []).skip_message)  # type: ignore[union-attr]


def test_a_snapshot_that_is_done_is_not_asked_for_again(workplace: Workplace) -> None:
    day = workplace.calendar.dates()[-1]
    workplace.tables.publish(Stage.SCORING, "scored_users", day, pl.DataFrame({"user_id": ["a"]}))
    assert "is done" in str(asked(workplace, ["age"]).skip_message)  # type: ignore[union-attr]
