"""The Great Expectations suite of a table, as the outcome of a check."""

from __future__ import annotations

from churn_assets.defs.snapshot_assets import Snapshot
from churn_assets.defs.snapshot_checks import CheckOutcome
from churn_assets.warehouse.expectations import run_suite
from churn_assets.warehouse.project import ROOT

SUITES = ROOT / "expectations"


def suite_holds(at: Snapshot, stage: str, table: str) -> CheckOutcome:
    """Evaluates `expectations/<table>.json` on the rows of one snapshot; each failure becomes a figure."""
    warehouse = at.workplace.warehouse
    with warehouse.exclusive():
        result = run_suite(SUITES / f"{table}.json", warehouse.file, f"{stage}.{table}", at.date)
    failures = {
        f"{failure.expectation} {failure.column or ''}".strip(): f"{failure.observed}; expected {failure.expected}"
        for failure in result.failures
    }
    return CheckOutcome(result.success, {"expectations": result.expectations, **failures})
