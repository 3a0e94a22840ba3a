"""Environment, markers and fixtures of all tests.

Environment: set here, at import, before any test module is, because `churn_assets.definitions` settles its calendar
and settings from CHURN_HOME when it is imported. That home is a temporary folder of this process (each xdist worker has
its own) without settings, so its calendar is the default one: Mondays from 2024-01-01. A test of another home makes it
with `home` or `workplace`, or starts a process with a CHURN_HOME of its own (`environment_of`).

Markers: `slow` is put on whatever lies in tests/dbt, tests/properties, tests/pipeline and tests/faults, which build
warehouses, run the pipeline or kill processes; `pytest -m "not slow"` is the quick round. Tests that share an expensive
fixture lie in one file, so that `pytest -n 4 --dist loadfile` makes it once.

Fixtures of one folder lie in the conftest.py of that folder.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from churn_assets.workplace import Workplace

SESSION_HOME = Path(tempfile.mkdtemp(prefix="churn-test-home-"))
QUIET = {
    "DO_NOT_TRACK": "1",
    "DBT_SEND_ANONYMOUS_USAGE_STATS": "False",
    "GX_ANALYTICS_ENABLED": "False",
    "DAGSTER_DISABLE_TELEMETRY": "1",
}
QUICK = {
    "DBT_LOG_LEVEL_FILE": "none",  # of what nobody reads here: a twelfth of the time of each invocation of dbt
    # Matrices here are small: on 2 cores 200 fits by L-BFGS-B of 1,000 rows and 6 columns take 1.3 s of processor time
    # with the threads that OpenBLAS starts, which wait for each other, and 0.07 s with one (scipy's wheels, 2026-11).
    "OPENBLAS_NUM_THREADS": "1",
}
for name in [name for name in os.environ if name.startswith(("CHURN_", "DAGSTER_", "DBT_"))]:
    if name == "CHURN_BENCHMARK_DATA":  # a folder of public data that some tests compare with
        continue
    del os.environ[name]
os.environ.update(QUIET | QUICK, CHURN_HOME=str(SESSION_HOME))

import pytest  # noqa: E402 - nothing may be imported before the environment is settled
from hypothesis import HealthCheck  # noqa: E402
from hypothesis import settings as hypothesis_settings  # noqa: E402

from churn_assets.instance.home import Home  # noqa: E402

TESTS = Path(__file__).parent
SLOW_FOLDERS = ("dbt", "properties", "pipeline", "faults")
# Workers take files in this order (--no-loadscope-reorder): slow files first. The first makes the base instance, for
# which whoever asks next has to wait (two minutes), so files that do without it come before the others.
FIRST = (
    "pipeline/test_pipeline_delivery.py", "pipeline/test_pipeline_documentation.py",
    "properties/test_properties_time.py", "dbt/test_dbt_features.py", "pipeline/test_pipeline_extra.py",
    "properties", "dbt", "pipeline/test_pipeline_time.py", "pipeline/test_pipeline_dbt.py",
    "pipeline/test_pipeline_erasure.py", "pipeline/test_pipeline_promotion.py",
    "pipeline/test_pipeline_backfill.py", "pipeline", "faults",
)  # fmt: skip

# The same examples every time: a red test has to be red for the next person too. So how long drawing them takes, which
# depends on what else the machine does, is no fault either.
hypothesis_settings.register_profile(
    "churn", deadline=None, derandomize=True, database=None, suppress_health_check=[HealthCheck.too_slow]
)
hypothesis_settings.load_profile("churn")


# Stores are synced to disk at every step, which tests need not wait for: a fifth of the time of a run of 400 users.
MEMORY, ROOM_BYTES = Path("/dev/shm"), 6 * 2**30  # noqa: S108 - a session leaves 1.6 GB there, and takes it away


def pytest_configure(config: pytest.Config) -> None:
    is_first = not hasattr(config, "workerinput") and config.option.basetemp is None
    if is_first and MEMORY.is_dir() and shutil.disk_usage(MEMORY).free >= ROOM_BYTES:
        config.option.basetemp = tempfile.mkdtemp(prefix="churn-tests-", dir=MEMORY)
        config.add_cleanup(lambda: shutil.rmtree(config.option.basetemp, ignore_errors=True))
    config.addinivalue_line("markers", "slow: starts dbt, runs the pipeline or kills processes; set by folder")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.path.is_relative_to(TESTS) and item.path.relative_to(TESTS).parts[0] in SLOW_FOLDERS:
            item.add_marker("slow")
    items.sort(key=_place)


def _place(item: pytest.Item) -> int:
    file = item.path.relative_to(TESTS).as_posix() if item.path.is_relative_to(TESTS) else ""
    return next((place for place, name in enumerate(FIRST) if file.startswith(name)), len(FIRST))


def pytest_unconfigure() -> None:
    shutil.rmtree(SESSION_HOME, ignore_errors=True)


@pytest.fixture
def home(tmp_path: Path) -> Home:
    """An empty instance of its own, folders made."""
    return Home(tmp_path / "home").prepare()


@pytest.fixture
def workplace(home: Home) -> Workplace:
    """The resource of an asset on `home`."""
    from churn_assets.workplace import Workplace  # noqa: PLC0415 - imports Dagster: 3 s that most tests do not need

    return Workplace(home_path=str(home.root))


@pytest.fixture(scope="session")
def environment_of() -> Callable[..., Mapping[str, str]]:
    """Environment for a process of its own on the home at a path; further variables as keywords."""

    def environment(root: Path, **variables: str) -> Mapping[str, str]:
        return {**os.environ, "CHURN_HOME": str(root), **variables}

    return environment
