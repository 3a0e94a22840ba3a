"""Dbt on a benchmark's home, as a snapshot run starts it: without tests and without Dagster."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import date
from pathlib import Path

from churn_assets.warehouse.project import PROJECT
from churn_assets.warehouse.variables import variables
from churn_assets.workplace import Workplace

MART = "fqn:staging fqn:marts fqn:features"


def dbt_arguments(home: Path, days: Sequence[date], select: str = MART) -> list[str]:
    """Arguments by which dbt builds these snapshots; the raw tables become readable first."""
    workplace = Workplace(home_path=str(home))
    landed_tables = workplace.landing()
    workplace.show_raw(landed_tables)
    target = str(home / "target")
    return [
        "--quiet", "run", "--select", select, "--vars", json.dumps(variables(workplace, landed_tables, days)),
        "--project-dir", str(PROJECT), "--profiles-dir", str(PROJECT), "--target-path", target, "--log-path", target,
    ]  # fmt: skip
