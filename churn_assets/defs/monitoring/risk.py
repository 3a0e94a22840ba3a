"""What has grown worse since the snapshot before, for those who decide."""

from collections.abc import Iterator

import dagster as dg
import polars as pl

from churn_assets.contracts.risk_alerts import RiskAlerts
from churn_assets.defs.partitions import CALENDAR
from churn_assets.defs.snapshot_assets import Product, Snapshot, snapshot_assets
from churn_assets.monitoring.risk_alerts import SCHEMA, risk_alerts
from churn_assets.stages import Stage
from churn_assets.warehouse.report_reads import segments_of

SCORED = (Stage.SCORING, "scored_users")
REASONS = (Stage.MONITORING, "reason_summaries")


@snapshot_assets(
    Stage.MONITORING,
    {"risk_alerts": RiskAlerts},
    deps=[
        [Stage.MARTS, "dim_user_profiles"],
        *(dg.AssetDep(list(table), partition_mapping=CALENDAR.all_until()) for table in (SCORED, REASONS)),
    ],
    kinds={"polars"},
    owner="team:retention",
)
def alerts_of_risk(at: Snapshot) -> Iterator[Product]:
    """Users whose risk jumped, segments that churn more, reasons that spread, since the snapshot before."""
    tables = at.workplace.tables
    before = max(
        set(tables.snapshots_before(*SCORED, at.date)) & set(tables.snapshots_before(*REASONS, at.date)), default=None
    )
    frame = pl.DataFrame(schema=SCHEMA)
    if before is not None:
        days = (at.date, before)
        frame = risk_alerts(
            tables.scan(*SCORED, at.date), tables.scan(*SCORED, before), segments_of(at.workplace, days),
            (tables.read(*REASONS, at.date), tables.read(*REASONS, before)),
            days=days, jump=at.workplace.settings.monitoring.risk_jump,
        )  # fmt: skip
    counts = dict(frame.group_by("kind", maintain_order=True).len().iter_rows())
    yield Product(
        "risk_alerts", frame,
        {
            "users whose risk jumped": counts.get("user", 0), "segments that churn more": counts.get("segment", 0),
            "reasons that spread": counts.get("reason", 0), "compared with": str(before) if before else "nothing yet",
        },
    )  # fmt: skip
