"""`churn` in processes that need not import the world again: forked from one that has (multiprocessing's fork server).

A run imports for 8 s of processor time before and between its steps, nearly as long as it works for 400 users, and the
suite starts some hundred commands. Other people's packages are imported beforehand, and of the project what knows of no
home (preloaded.py). What is about processes themselves (kills, signals, the UI) starts `churn` itself.
"""

from __future__ import annotations

import multiprocessing
import os
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from subprocess import CompletedProcess

PRELOADED = [
    "catboost", "dagster", "dagster_dbt", "dagster_dbt.asset_utils", "dbt.adapters.duckdb", "dbt.cli.main", "duckdb",
    "duckdb_engine", "great_expectations", "matplotlib.pyplot", "pandera.polars", "polars", "pydantic_settings", "rich",
    "scipy.optimize", "scipy.stats", "sklearn.linear_model", "sqlalchemy", "typer", "tests.pipeline.preloaded",
]  # fmt: skip
_processes = multiprocessing.get_context("forkserver")
_processes.set_forkserver_preload(PRELOADED)


def churn(arguments: Sequence[str], suites: Path | None = None) -> CompletedProcess[str]:
    """As `subprocess.run` of the same command, output captured as text. `suites`: read instead of `expectations/`."""
    with tempfile.TemporaryDirectory(prefix="churn-warm-") as folder:
        out, err = Path(folder) / "out", Path(folder) / "err"
        command = [str(Path(sys.executable).with_name("churn")), *arguments]
        of_caller = dict(os.environ), str(Path.cwd())
        process = _processes.Process(target=_run, args=(command, *of_caller, str(out), str(err), suites))
        process.start()
        process.join()
        return CompletedProcess(command, process.exitcode or 0, out.read_text(), err.read_text())


def _run(
    command: list[str], environment: Mapping[str, str], folder: str, out: str, err: str, suites: Path | None
) -> None:
    for number, file in ((0, os.devnull), (1, out), (2, err)):
        os.dup2(os.open(file, os.O_RDONLY if number == 0 else os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), number)
    os.environ.clear()
    os.environ.update(environment)
    os.chdir(folder)
    sys.argv = command
    from churn_assets.command.cli import main  # noqa: PLC0415 - not before the environment is settled

    if suites is not None:
        from churn_assets.defs import suites as of_checks  # noqa: PLC0415

        of_checks.SUITES = suites
    main()
