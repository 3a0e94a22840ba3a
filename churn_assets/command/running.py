"""Running the job from the command line: in this process, missing history first."""

from __future__ import annotations

import gc
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from uuid import uuid4

import dagster as dg

from churn_assets.command.alerts import after_run
from churn_assets.command.course import SNAPSHOTS_TAG, Course, past_seconds, stages_of
from churn_assets.command.progress import Progress
from churn_assets.defs.history import history_tag
from churn_assets.defs.lifelines import UNFINISHED, sweep_dead_runs
from churn_assets.erasure.erase import sweep_erased
from churn_assets.failures import Failure
from churn_assets.instance.condition import refuse_damaged
from churn_assets.instance.home import Home
from churn_assets.instance.run_locks import no_erasure
from churn_assets.landing import of_home
from churn_assets.landing.blocking import raise_blocking_findings
from churn_assets.landing.of_home import orders_reach
from churn_assets.pulling.pull import pull
from churn_assets.warehouse.history import missing_history, settle_calendar
from churn_assets.workplace import Workplace

JOB = "snapshot_job"
EVENTS_PER_BATCH = "500"  # see defs/event_log.py
RANGE_TAGS = ("dagster/asset_partition_range_start", "dagster/asset_partition_range_end")


class InstanceError(Failure, code="dagster"):
    """The configuration of Dagster in a home is wrong."""


def run_snapshot(root: Path, snapshot: date | None) -> bool:
    """Everything at `snapshot` (None: the newest the orders reach). Returns whether it succeeded."""
    workplace = ready(root)
    calendar = workplace.calendar
    day = calendar.snapshot(snapshot) if snapshot else calendar.first_at_or_after(orders_reach(workplace.home)[1])
    return _run(workplace, [day])


def run_range(root: Path, first: date, last: date) -> bool:
    """Everything at all snapshots from `first` to `last`, in one run. Returns whether it succeeded."""
    workplace = ready(root)
    days = workplace.calendar.between(workplace.calendar.snapshot(first), workplace.calendar.snapshot(last))
    return _run(workplace, days)


def ready(root: Path) -> Workplace:
    """The instance at `root`, ready to run: its Dagster home settled and its calendar known."""
    home = Home(root).prepare()
    os.environ["DAGSTER_HOME"] = str(home.dagster)
    os.environ.setdefault("DAGSTER_EVENT_BATCH_SIZE", EVENTS_PER_BATCH)
    pull(home)
    # Before the calendar, which is settled once: a home with wrong files has to work when they are corrected.
    raise_blocking_findings(of_home.landed(home))
    settle_calendar(home)
    return Workplace(home_path=str(root))


def run_days(root: Path, days: Sequence[date]) -> bool:
    """Everything at snapshots that follow each other, in one run. Returns whether it succeeded."""
    return _run(ready(root), days)


@contextmanager
def instance_of(home: Home) -> Iterator[dg.DagsterInstance]:
    """The Dagster instance of a home. Raises InstanceError."""
    try:
        instance = dg.DagsterInstance.get()
    except dg.DagsterInvalidConfigError as error:
        message = str(error).splitlines()[-1].strip().split(" Expected:")[0]
        raise InstanceError(
            f"{home.dagster / 'dagster.yaml'}: {message} Correct it, or delete it to have it rebuilt."
        ) from error
    with instance:
        yield instance


def _run(workplace: Workplace, days: Sequence[date]) -> bool:
    # These read the home, which is settled only now.
    from churn_assets.definitions import defs  # noqa: PLC0415
    from churn_assets.defs.run_alerts import alerts_of_run  # noqa: PLC0415

    progress = Progress()
    repository = defs().get_repository_def()
    job = repository.get_job(JOB)
    refuse_damaged(workplace.tables, days)
    with instance_of(workplace.home) as instance:
        sweep(workplace, instance, progress)
        name = str(days[0]) if len(days) == 1 else f"{len(days)} snapshots from {days[0]} to {days[-1]}"
        missing = missing_history(workplace, days)
        course = Course(stages_of(repository, job), past_seconds(instance, JOB, len(days)))
        if missing:
            progress.say(f"History for training: {len(missing)} snapshots from {missing[0]} to {missing[-1]}")
        progress.say(f"Snapshot {name}")
        run_id = str(uuid4())
        with progress.following(instance, run_id, course):
            is_done = _execute(job, instance, run_id, days, missing)
        of_run = alerts_of_run(instance, run_id, days[-1], is_done=is_done)
    for each in after_run(workplace, days, of_run, is_done=is_done):
        progress.say(f"Alerts to {each.receiver}: {each.problem or f'{each.alerts} alerts'}")
    if is_done:
        progress.summary(workplace, days[-1])
    else:
        progress.withheld(workplace, days)
        progress.insist(f"The run over {name} did not come to its end: what failed is said above.  [run-failed]")
    return is_done


def _execute(
    job: dg.JobDefinition,
    instance: dg.DagsterInstance,
    run_id: str,
    days: Sequence[date],
    history: Sequence[date],
) -> bool:
    """One Dagster run over `days`; of `history` only what training reads is built."""
    tags = history_tag(history) | {SNAPSHOTS_TAG: str(len(days))}
    if len(days) > 1:
        tags |= dict(zip(RANGE_TAGS, (days[0].isoformat(), days[-1].isoformat()), strict=True))
    gc.freeze()  # what was imported is not looked through again (cli.py, COLLECTIONS)
    try:
        result = job.execute_in_process(
            instance=instance,
            run_id=run_id,
            tags=tags,
            partition_key=None if len(days) > 1 else days[0].isoformat(),
            raise_on_error=False,
            run_config={"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}},
        )
    finally:
        gc.unfreeze()  # what is frozen at the end DuckDB calls leaked, in 40 lines on stderr
    return result.success


def sweep(workplace: Workplace, instance: dg.DagsterInstance, progress: Progress) -> None:
    """Clear away what killed runs left, and erased users whom old files brought back. Files stay while a run works."""
    for line in sweep_dead_runs(instance, workplace.home.locks):
        progress.say(line)
    for line in sweep_erased(workplace):
        progress.say(line)
    with no_erasure(workplace.home.locks):  # it has files that are not listed yet
        is_alone = not instance.get_run_records(dg.RunsFilter(statuses=UNFINISHED))
        removed = workplace.tables.sweep() if is_alone else 0
    if removed:
        progress.say(f"Removed {removed} half-written files.")
