"""Where reports lie, and writing one."""

from __future__ import annotations

from datetime import date
from pathlib import Path

from churn_assets.failures import Failure
from churn_assets.instance.files import write_whole
from churn_assets.instance.home import Home
from churn_assets.report.check_pages import write_check_index
from churn_assets.report.facts import facts_of
from churn_assets.report.page import snapshot_page
from churn_assets.stages import Stage
from churn_assets.workplace import Workplace


class NoReport(Failure, LookupError, code="not-made"):
    """There is no snapshot to report on."""


def report_file(home: Home, snapshot: date) -> Path:
    return home.reports / f"snapshot_{snapshot}.html"


def write_report(workplace: Workplace, snapshot: date) -> tuple[str, Path]:
    """(page, its file), and the index of the pages of checks, to which it links.

    Raises PartitionMissing, PartitionWithheld or PartitionDamaged where a table is not there.
    """
    page = snapshot_page(
        facts_of(workplace, snapshot), workplace.settings.report.currency, workplace.home.mapping.domain
    )
    file = report_file(workplace.home, snapshot)
    write_whole(file, lambda path: path.write_text(page, encoding="utf-8"))
    write_check_index(workplace.home, snapshot)
    return page, file


def newest_decided(workplace: Workplace) -> date:
    """The newest snapshot with a plan. Raises NoReport."""
    snapshots = [p.snapshot for p in workplace.record.partitions(Stage.INTERVENTIONS, "decision_ledger")]
    if not snapshots:
        raise NoReport(f"{workplace.home.root} has no snapshot yet: churn run makes one, and its report.")
    return max(snapshots)
