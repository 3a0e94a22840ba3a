"""dbt of `churn dbt` and of the set-up (the script `churn-dbt`): it does not outlive the process that started it, and
need not parse again.

Otherwise a command killed for want of memory leaves dbt behind, which goes on writing into the warehouse while the next
one believes that it is alone. DuckDB survives the kill: a transaction is there whole or not at all.

dbt parses every file anew when its variables or its connection differ from last time, for 3.5 s each time on 2 cores
(dbt 1.11, 2026-11). So what a run is about does not reach it as `--vars` but by the environment, where
macros/run_var.sql looks for it, and it works in the folder of the warehouse, which has one path in every home then.
"""

from __future__ import annotations

import ctypes
import json
import os
import signal
import sys
from pathlib import Path

from churn_assets.instance.private import keep_private

PR_SET_PDEATHSIG = 1  # prctl(2)
RUN_VARS = "CHURN_RUN_VARS"
WAREHOUSE = "warehouse.duckdb"  # as profiles.yml has it


def main() -> None:
    """Takes what dbt takes; paths have to be absolute."""
    keep_private()
    die_with_parent()
    sys.argv[1:] = told_by_environment(sys.argv[1:])
    from dbt.cli.main import cli  # noqa: PLC0415 - takes 1.5 s, in which the parent may die already

    cli()


def told_by_environment(arguments: list[str]) -> list[str]:
    """The arguments without `--vars`, which go into the environment; only a warehouse of another name stays there."""
    if "--vars" not in arguments:
        return arguments
    at = arguments.index("--vars")
    told = json.loads(arguments[at + 1])
    rest = [*arguments[:at], *arguments[at + 2 :]]
    warehouse = Path(told.pop("warehouse", WAREHOUSE))
    os.environ[RUN_VARS] = json.dumps(told)
    if warehouse.name != WAREHOUSE:
        return [*rest, "--vars", json.dumps({"warehouse": str(warehouse)})]
    for folder in ("DBT_PROJECT_DIR", "DBT_PROFILES_DIR"):  # where dbt would look for them
        os.environ.setdefault(folder, str(Path.cwd()))
    os.chdir(warehouse.parent)
    return rest


def die_with_parent() -> None:
    """Linux only; elsewhere an orphan is waited for (duck.py)."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
