"""Checks of the rows that staging refused, and of the values that it could not read."""

import dagster as dg
import polars as pl

from churn_assets.contracts.raw import raw_contract
from churn_assets.defs.plain import plain
from churn_assets.monitoring.one_line import one_line
from churn_assets.stages import Stage
from churn_assets.workplace import Workplace

# Beyond one row in twenty a feed is broken rather than dirty; the simulated shop breaks 2 in 1,000.
MAX_SHARE = 0.05
REFUSED = """
select source_table, reason as rule, count(*) as row_count
from staging.quarantine
group by source_table, reason
order by row_count desc, source_table, reason
"""
UNREAD = """
select source_table, unread_columns as rule, row_count
from staging.unread_values
order by row_count desc, source_table, unread_columns
"""


@dg.asset_check(asset=[Stage.STAGING, "quarantine"])
def quarantine_is_small(workplace: dg.ResourceParam[Workplace]) -> dg.AssetCheckResult:
    """Of no raw table does the contract refuse 5 % of the rows. The rows themselves are in staging.quarantine."""
    refused = workplace.warehouse.query(REFUSED)
    totals = refused.group_by("source_table", maintain_order=True).agg(refused=pl.col("row_count").sum())
    rows = _staged(workplace).join(totals, on="source_table", how="left")
    return _limited(
        refused, rows.select("source_table", rows=pl.col("rows") + pl.col("refused").fill_null(0)), "refused"
    )


@dg.asset_check(asset=[Stage.STAGING, "unread_values"])
def values_are_read(workplace: dg.ResourceParam[Workplace]) -> dg.AssetCheckResult:
    """In no raw table do 5 % of the rows have an optional value that cannot be read and is taken as unknown."""
    return _limited(workplace.warehouse.query(UNREAD), _staged(workplace), "unread")


def _staged(workplace: Workplace) -> pl.DataFrame:
    """Rows of each raw table that the contract keeps: source_table, rows."""
    names = [table.name for table in raw_contract()]
    return workplace.warehouse.query(
        " union all ".join(
            f"select '{name}' as source_table, count(*) as rows from staging.stg_{name}" for name in names
        )
    )


def _limited(counts: pl.DataFrame, rows: pl.DataFrame, what: str) -> dg.AssetCheckResult:
    """`counts`: source_table, rule, row_count; `rows`: source_table and its number of rows."""
    counts = counts.join(rows, on="source_table", maintain_order="left")
    shares = counts.group_by("source_table", maintain_order=True).agg(
        share=pl.col("row_count").sum() / pl.col("rows").first()
    )
    worst = shares.sort("share", "source_table", descending=[True, False]).head(1)
    passed = worst.is_empty() or worst["share"].item() < MAX_SHARE
    return dg.AssetCheckResult(
        passed=passed,
        description=None if passed else _sentence(counts, worst, what),
        severity=dg.AssetCheckSeverity.WARN,
        metadata=plain(
            {
                f"rows_{what}": int(counts["row_count"].sum()),
                "worst_share": 0.0 if worst.is_empty() else worst["share"].item(),
                "worst_table": "none" if worst.is_empty() else worst["source_table"].item(),
                "rules": dg.MetadataValue.md(_table(counts)),
            }
        ),
    )


def _sentence(counts: pl.DataFrame, worst: pl.DataFrame, what: str) -> str:
    table, share = worst.select("source_table", "share").row(0)
    rules = counts.filter(source_table=table).sort("row_count", descending=True)
    return one_line(f"{share:.1%} of raw.{table} {what}, most by {rules['rule'][0]}; see churn check and the UI.")


def _table(counts: pl.DataFrame) -> str:
    """Markdown: a line per table and rule. No values: a broken row may hold an address where an id belongs."""
    lines = [
        f"| {table} | {rule} | {count:,} | {count / rows:.2%} |"
        for table, rule, count, rows in counts.select("source_table", "rule", "row_count", "rows").iter_rows()
    ]
    return "\n".join(["| table | rule | rows | share |", "|---|---|---:|---:|", *lines])
