"""`churn dbt -- ...`: dbt on the warehouse of a home, with the variables and the lock of a run.

Erased users are removed and views masked as in a run. Tables may only be built for snapshots that a run has built: no
other snapshot may count as built. SQL and settings may differ from those that the warehouse was made with (a model that
is being worked on, a changed setting): then the next run makes the warehouse again.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from datetime import UTC, date, datetime
from pathlib import Path

from churn_assets.command.dbt_arguments import DbtArguments, DbtRefused
from churn_assets.erasure.erase import sweep_erased
from churn_assets.instance.home import Home
from churn_assets.landing.of_home import orders_reach
from churn_assets.warehouse.built import built_snapshots, every_snapshot
from churn_assets.warehouse.fingerprint import FINGERPRINT_FACT, fingerprint
from churn_assets.warehouse.project import PROJECT, QUIET, dbt_executable, target_folder
from churn_assets.warehouse.variables import variables
from churn_assets.workplace import Workplace

PARSE_CACHE = "partial_parse.msgpack"  # with it dbt parses changed files only


def run_by_hand(root: Path, snapshot: date | None, arguments: Sequence[str]) -> int:
    """Run dbt and return its exit code. Raises DbtRefused, CalendarError or LandingError before dbt is started."""
    parsed = DbtArguments.of(arguments, os.environ)
    workplace = Workplace(home_path=str(root))
    if not parsed.opens_warehouse:
        return _dbt(workplace.home, parsed.rest)
    with workplace.warehouse.exclusive():
        if parsed.writes:
            for line in sweep_erased(workplace):
                _say(line)
        days = _snapshots(workplace, snapshot, parsed)
        landed = workplace.landing()
        run_variables = variables(workplace, landed, days, is_rebuild=parsed.is_full_refresh)
        overlap = sorted(set(parsed.variables) & set(run_variables))
        if overlap:
            raise DbtRefused(f"--vars {', '.join(overlap)}: set by the home, its settings and --snapshot, not by hand")
        _say(f"dbt {parsed.command} at {_named(days)} of {root}")
        if parsed.builds:
            _mark(workplace)
        if parsed.writes:
            workplace.show_raw(landed)
        code = _dbt(workplace.home, [*parsed.rest, "--vars", json.dumps({**parsed.variables, **run_variables})])
        if parsed.writes and workplace.warehouse.has("marts", "dim_users"):
            workplace.show_masked()
    return code


def _snapshots(workplace: Workplace, snapshot: date | None, parsed: DbtArguments) -> list[date]:
    """Snapshots to build: one, or all of them where tables are made from nothing."""
    built = built_snapshots(workplace)
    if parsed.writes and not built:
        raise DbtRefused("The warehouse holds no snapshot yet: churn run makes the first one, with its history.")
    if parsed.writes and snapshot and snapshot not in built:
        near = ", ".join(str(day) for day in built[-4:])
        raise DbtRefused(
            f"{snapshot} has not been built (the newest that have: {near}). churn run --snapshot {snapshot} builds it: "
            "dbt alone would leave it half made and counted as whole."
        )
    if parsed.is_full_refresh:
        return every_snapshot(workplace)
    if snapshot:
        return [workplace.calendar.snapshot(snapshot)]
    return built[-1:] or [workplace.calendar.first_at_or_after(orders_reach(workplace.home)[1])]


def _mark(workplace: Workplace) -> None:
    """Record that the warehouse becomes a mixture, where SQL or settings differ from those it was made with."""
    if workplace.record.fact(FINGERPRINT_FACT) != fingerprint(workplace):
        now = datetime.now(UTC).isoformat(timespec="seconds")
        workplace.record.state_fact(FINGERPRINT_FACT, f"a mixture, by churn dbt at {now}")
        _say("SQL or settings are not those the warehouse was made with: the next churn run makes all of it again.")


def _dbt(home: Home, arguments: Sequence[str]) -> int:
    target = home.dbt_target / "target"
    target.mkdir(parents=True, exist_ok=True)
    cache = target_folder() / PARSE_CACHE
    if cache.exists() and not (target / PARSE_CACHE).exists():
        shutil.copyfile(cache, target / PARSE_CACHE)
    own = {"DBT_PROJECT_DIR": str(PROJECT), "DBT_PROFILES_DIR": str(PROJECT)}
    others = {"DBT_TARGET_PATH": str(target), "DBT_LOG_PATH": str(home.dbt_target / "logs")}
    environment = {**others, **os.environ, **QUIET, **own}
    return subprocess.run([dbt_executable(), *arguments], env=environment, cwd=home.root, check=False).returncode


def _named(days: Sequence[date]) -> str:
    return f"snapshot {days[0]}" if len(days) == 1 else f"{len(days)} snapshots from {days[0]} to {days[-1]}"


def _say(line: str) -> None:
    """To stderr: a program may read what dbt prints to stdout."""
    print(line, file=sys.stderr)
