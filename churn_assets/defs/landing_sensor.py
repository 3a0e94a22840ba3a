"""The sensor on the landing: files that arrive or change launch the snapshots that they touch."""

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime
from itertools import groupby

import dagster as dg

from churn_assets.defs.automation import snapshot_job
from churn_assets.defs.lifelines import UNFINISHED, sweep_dead_runs
from churn_assets.instance.home import Home
from churn_assets.instance.record.store import Partition
from churn_assets.landing.errors import LandingError
from churn_assets.landing.touched import changed_files, fingerprints, first_known, last_read
from churn_assets.stages import Stage
from churn_assets.workplace import Workplace

RANGE_START, RANGE_END = "dagster/asset_partition_range_start", "dagster/asset_partition_range_end"
DESCRIPTION = """\
Every five minutes: looks for files of the landing that are new or have changed (size or time), and launches

- the newest snapshot, if it is not scored yet;
- of the snapshots that are made, those after the first time at which a row of these files was known: the file of a late
  week touches the snapshots after that week, and none before. At most `monitoring.rerun_snapshots` of them, the newest
  ones; the tag `churn/older_touched` of the run says how many are left and the command that makes them. Not those that
  the last run has made of these very files.

Sealed plans stay as they are. While a run is at work it waits. When it is switched on, what lies there counts as seen.
"""


@dg.sensor(job=snapshot_job, minimum_interval_seconds=300, description=DESCRIPTION)
def landing_sensor(
    context: dg.SensorEvaluationContext, workplace: dg.ResourceParam[Workplace]
) -> Iterator[dg.RunRequest | dg.SkipReason]:
    """As DESCRIPTION says. The cursor is the fingerprint of each file, as JSON."""
    for line in sweep_dead_runs(context.instance, workplace.home.locks):
        context.log.warning(line)
    try:
        now = fingerprints(workplace.home)
    except LandingError as error:
        yield dg.SkipReason(f"the landing cannot be read: {error}")
        return
    seen = _seen(context.cursor)
    changed = changed_files(seen or {}, now)
    gone = len(set(seen or ()) - set(now))
    if not now:
        yield dg.SkipReason("no files in the landing yet")
        return
    if not changed and not gone:
        yield dg.SkipReason("nothing new in the landing")
        return
    if context.instance.get_run_records(dg.RunsFilter(statuses=UNFINISHED), limit=1):
        yield dg.SkipReason(f"{len(changed)} files are new or have changed; a run is at work, so they wait for its end")
        return
    days = workplace.calendar.dates()
    scored = workplace.tables.record.partitions(Stage.SCORING, "scored_users")
    made = {partition.snapshot for partition in scored}
    try:
        first = first_known(workplace.home, changed) if seen is not None and changed and made else None
    except LandingError as error:
        yield dg.SkipReason(f"the landing cannot be read: {error}")
        return
    context.update_cursor(json.dumps(now, sort_keys=True))
    touched = _touched(days, made - _made_of(workplace.home, scored, {path: now[path] for path in changed}), first)
    most = workplace.settings.monitoring.rerun_snapshots
    older, rerun = touched[: max(len(touched) - most, 0)], touched[max(len(touched) - most, 0) :]
    wanted = [*rerun, *(day for day in days[-1:] if day not in made)]  # a calendar that begins later has no day yet
    if not wanted:
        yield dg.SkipReason(_nothing(len(changed), gone, first, older))
    for run in _runs(days, wanted):
        yield _request(run, now, len(changed), older)


def _seen(cursor: str | None) -> dict[str, str] | None:
    """None at the first look, and after one of an earlier release, whose cursor was one hash."""
    if not cursor or not cursor.startswith("{"):
        return None
    files: dict[str, str] = json.loads(cursor)
    return files


def _touched(days: Sequence[date], made: set[date], first: datetime | None) -> list[date]:
    """Made snapshots after the moment, ascending: what was known at a snapshot or later it has not seen."""
    return (
        []
        if first is None
        else [day for day in days if day in made and datetime.combine(day, datetime.min.time()) > first]
    )


def _made_of(home: Home, scored: Sequence[Partition], files: Mapping[str, str]) -> set[date]:
    """Snapshots that the last run has made of these files already: a run that pulls its own rows, or one by hand."""
    last = last_read(home)
    if last is None or changed_files(last.files, files):
        return set()
    return {each.snapshot for each in scored if each.snapshot in last.snapshots and each.published_at >= last.at}


def _runs(days: Sequence[date], wanted: Sequence[date]) -> list[list[date]]:
    """Snapshots that follow each other are one run."""
    places = {day: place for place, day in enumerate(days)}
    return [
        [day for _, day in run] for _, run in groupby(enumerate(wanted), key=lambda each: places[each[1]] - each[0])
    ]


def _request(run: Sequence[date], now: Mapping[str, str], changed: int, older: Sequence[date]) -> dg.RunRequest:
    digest = hashlib.sha256(json.dumps(now, sort_keys=True).encode()).hexdigest()[:16]
    tags = {"churn/landing_files": str(changed)}
    if older:
        tags["churn/older_touched"] = _older(older)
    key = f"{run[0]}-{run[-1]}-{digest}"
    if len(run) == 1:
        return dg.RunRequest(run_key=key, partition_key=run[0].isoformat(), tags=tags)
    return dg.RunRequest(run_key=key, tags=tags | {RANGE_START: run[0].isoformat(), RANGE_END: run[-1].isoformat()})


def _older(older: Sequence[date]) -> str:
    return f"{len(older)}: churn backfill --from {older[0]} --to {older[-1]}"


def _nothing(changed: int, gone: int, first: datetime | None, older: Sequence[date]) -> str:
    what = f"{changed} files are new or have changed" + (f", {gone} are gone" if gone else "")
    if older:
        left = _older(older)
        return f"{what}; they touch snapshots that are made, which monitoring.rerun_snapshots leaves to you ({left})"
    known = f" (known from {first:%Y-%m-%d %H:%M} UTC on)" if first else ""
    return f"{what}{known}; they touch no snapshot that is made, and count at the next one"
