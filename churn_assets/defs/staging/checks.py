"""Checks of what staging refused."""

import dagster as dg
import polars as pl

from churn_assets.contracts.raw import raw_contract
from churn_assets.defs.workplace import Workplace
from churn_assets.stages import Stage

# Beyond one row in twenty a feed is broken rather than dirty; the simulated shop breaks 2 in 1,000.
MAX_REFUSED_SHARE = 0.05
REFUSED = """
select source_table, reason, count(*) as refused
from staging.quarantine
group by source_table, reason
order by refused desc, source_table, reason
"""


@dg.asset_check(asset=[Stage.STAGING, "quarantine"])
def quarantine_is_small(workplace: dg.ResourceParam[Workplace]) -> dg.AssetCheckResult:
    """Of no raw table does the contract refuse 5 % of the rows. The rows themselves are in staging.quarantine."""
    names = [table.name for table in raw_contract()]
    counts = " union all ".join(
        f"select '{name}' as source_table, count(*) as delivered from raw.{name}" for name in names
    )
    delivered = workplace.warehouse.query(counts)
    refused = workplace.warehouse.query(REFUSED).join(delivered, on="source_table")
    shares = refused.group_by("source_table").agg(share=pl.col("refused").sum() / pl.col("delivered").first())
    worst = shares.sort("share", "source_table", descending=[True, False]).head(1)
    return dg.AssetCheckResult(
        passed=worst.is_empty() or worst["share"].item() < MAX_REFUSED_SHARE,
        severity=dg.AssetCheckSeverity.WARN,
        metadata={
            "rows_refused": int(refused["refused"].sum()),
            "worst_share": 0.0 if worst.is_empty() else worst["share"].item(),
            "worst_table": "none" if worst.is_empty() else worst["source_table"].item(),
            "rules": dg.MetadataValue.md(_table(refused)),
        },
    )


def _table(refused: pl.DataFrame) -> str:
    """Markdown: a line per table and rule. No values: a broken row may hold an address where an id belongs."""
    lines = [
        f"| {table} | {reason} | {count:,} | {count / delivered:.2%} |"
        for table, reason, count, delivered in refused.select(
            "source_table", "reason", "refused", "delivered"
        ).iter_rows()
    ]
    return "\n".join(["| table | rule | rows | share |", "|---|---|---:|---:|", *lines])
