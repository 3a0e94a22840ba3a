"""The Great Expectations suite of a table, as the outcome of a check."""

from __future__ import annotations

from pathlib import Path

from churn_assets.defs.snapshot_assets import Snapshot
from churn_assets.defs.snapshot_checks import CheckOutcome
from churn_assets.warehouse.expectations import run_suite
from churn_assets.warehouse.project import ROOT

SUITES = ROOT / "expectations"


def suite_holds(at: Snapshot, stage: str, table: str, *, withheld_file: Path | None = None) -> CheckOutcome:
    """Evaluates `expectations/<table>.json` on the rows of one snapshot; each failure becomes a figure.

    `withheld_file`: read instead of the view, which does not show it.
    """
    warehouse, relation = at.workplace.warehouse, f"{stage}.{table}"
    if withheld_file:
        path = str(withheld_file).replace("'", "''")
        relation = f"read_parquet('{path}', hive_partitioning = false)"
    with warehouse.exclusive():
        result = run_suite(SUITES / f"{table}.json", warehouse.file, relation, at.date)
    failures = {
        f"{failure.expectation} {failure.column or ''}".strip(): f"{failure.observed}; expected {failure.expected}"
        for failure in result.failures
    }
    return CheckOutcome(result.success, {"expectations": result.expectations, **failures})
