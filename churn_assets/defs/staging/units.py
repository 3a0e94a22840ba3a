"""Warns where the newest amounts are in another unit than those before."""

import dagster as dg

from churn_assets.defs.snapshot_assets import Snapshot
from churn_assets.defs.snapshot_checks import CheckOutcome, snapshot_check
from churn_assets.monitoring.units import changed_units
from churn_assets.stages import Stage
from churn_assets.warehouse.amounts import amounts_by_week


@snapshot_check(
    Stage.STAGING,
    "stg_orders",
    severity=dg.AssetCheckSeverity.WARN,
    is_newest_enough=True,
    reads=[[Stage.STAGING, "stg_returns"]],
)
def amounts_keep_their_unit(at: Snapshot) -> CheckOutcome:
    """Amounts of orders and of returns are as large as in the 26 weeks before, within threefold."""
    weeks = amounts_by_week(at.workplace, at.date)
    changed = changed_units(weeks)
    figures = {
        f"{table}.{column}, weeks compared": count
        for table, column, count in weeks.group_by("table", "column", maintain_order=True).len().iter_rows()
    }
    return CheckOutcome(
        passed=not changed,
        figures=figures | {"in another unit": ", ".join(f"{each.table}.{each.column}" for each in changed) or "none"},
        sentence=" ".join(each.sentence for each in changed[:1]),
    )
