"""dbt of `churn dbt` and of the set-up (the script `churn-dbt`): it does not outlive the process that started it, and
parses changed files only.

Otherwise a command that was killed (out of memory) leaves dbt behind, which goes on writing into the warehouse while
the next command believes that it is alone. DuckDB survives the kill: a transaction is there whole or not at all.

dbt parses every file anew when its variables or its connection differ from last time, for 3.5 s each time on 2 cores
(dbt 1.11, 2026-11). So the variables of a run do not reach dbt as `--vars` but by the environment, where
macros/run_var.sql looks for them, and dbt works in the folder of the warehouse, whose
relative path is the same in every home.
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
    """Takes the arguments of dbt; paths have to be absolute."""
    keep_private()
    die_with_parent()
    sys.argv[1:] = vars_into_environment(sys.argv[1:])
    from dbt.cli.main import cli  # noqa: PLC0415 - takes 1.5 s, in which the parent may die already

    cli()


def vars_into_environment(arguments: list[str]) -> list[str]:
    """The arguments with `--vars` moved to the environment; only a warehouse of another file name stays in `--vars`."""
    if "--vars" not in arguments:
        return arguments
    at = arguments.index("--vars")
    variables = json.loads(arguments[at + 1])
    rest = [*arguments[:at], *arguments[at + 2 :]]
    warehouse = Path(variables.pop("warehouse", WAREHOUSE))
    os.environ[RUN_VARS] = json.dumps(variables)
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
