"""A suite of Great Expectations, as the outcome of a check and as a page beside the report."""

from __future__ import annotations

from pathlib import Path

import dagster as dg

from churn_assets.defs.snapshot_assets import Snapshot
from churn_assets.defs.snapshot_checks import CheckOutcome
from churn_assets.report.check_pages import write_check_page
from churn_assets.warehouse.expectations import Suite, read_suite, run_suite
from churn_assets.warehouse.project import ROOT

SUITES = ROOT / "expectations"


def suite_holds(at: Snapshot, stage: str, table: str, *, withheld_file: Path | None = None) -> CheckOutcome:
    """Evaluates `expectations/<table>.json` on the rows of one snapshot; each failure becomes a figure.

    `withheld_file`: read instead of the view, which does not show it.
    """
    return suite_outcome(at, read_suite(SUITES / f"{table}.json"), f"{stage}.{table}", withheld_file=withheld_file)


def suite_outcome(at: Snapshot, suite: Suite, relation: str, *, withheld_file: Path | None = None) -> CheckOutcome:
    """Evaluates a suite on the rows of `relation` at the snapshot, and writes its page."""
    warehouse, source = at.workplace.warehouse, relation
    if withheld_file:
        path = str(withheld_file).replace("'", "''")
        source = f"read_parquet('{path}', hive_partitioning = false)"
    with warehouse.exclusive():
        result = run_suite(suite, warehouse.file, source, at.date)
    failures = {
        f"{failure.expectation} {failure.column or ''}".strip(): f"{failure.observed}; expected {failure.expected}"
        for failure in result.failures
    }
    page = write_check_page(at.workplace.home, at.date, relation, result.validation)
    figures = {"expectations": result.expectations, **failures, "page": dg.MetadataValue.path(str(page))}
    sentence = result.failures[0].sentence if result.failures else ""
    return CheckOutcome(result.success, figures, sentence)
