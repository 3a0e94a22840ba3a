"""Expected spend against what users spent, by tenure and by recency, on three shops.

`python -m benchmarks.value --cdnow CDNOW_master.txt [--only NAME]`. Scores come from `churn run` in a fresh home; spend
is read off the staged orders afterwards, returns aside. Who was kept is who bought in the label window: only of them
can be known what users spend if kept. Rivals: what was spent in the 91 days before, and the spend of 182 days divided
by days as a customer, which was led by yesterday's first buyers.
"""

from __future__ import annotations

import argparse
import tempfile
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import duckdb
import polars as pl
from rich.console import Console
from rich.table import Table

from benchmarks.quality import churn

DAYS, WINDOW_DAYS, LATE_DAYS = 91, 182, 14
BANDS = ("0-14", "15-91", "92-182", "more")
SCORED = """
select user_id, churn_probability, expected_spend_amount, expected_spend_low_amount, expected_spend_high_amount
from scoring.scored_users where snapshot_date = ? and status = 'eligible' order by user_id
"""

# An order has a staged row per version: placed, then completed. The newest counts.
ORDERS = """
select user_id, ordered_at, cast(amount as double) as amount from (
  select * from staging.stg_orders qualify row_number() over (partition by order_id order by known_at desc) = 1
) where is_purchase
"""


@dataclass(frozen=True)
class Shop:
    """How its landing is filled, and the snapshot: DAYS of orders follow it."""

    fill: tuple[str, ...]
    snapshot: date
    horizon_days: int


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cdnow", type=Path, help="CDNOW_master.txt")
    parser.add_argument("--only", choices=("cdnow", "complete-journey", "simulated"))
    chosen = parser.parse_args()
    simulated = ("simulate", "--users", "20000", "--weeks", "92", "--end", "2026-11-16")
    shops = {
        "simulated": Shop(simulated, date(2026, 8, 10), 28),
        "complete-journey": Shop(("load", "complete-journey"), date(2017, 9, 25), 28),
    }
    if chosen.cdnow:
        shops["cdnow"] = Shop(("load", "cdnow", "--from", str(chosen.cdnow)), date(1998, 1, 1), 90)
    for name, shop in shops.items():
        if chosen.only in (None, name):
            with tempfile.TemporaryDirectory() as folder:
                churn(Path(folder), *shop.fill)
                churn(Path(folder), "run", "--snapshot", shop.snapshot.isoformat())
                show(name, users_of(Path(folder), shop))


def users_of(home: Path, shop: Shop) -> pl.DataFrame:
    """One row per eligible user: what was expected, what was spent, whether kept, and the rivals."""
    with duckdb.connect(str(home / "warehouse.duckdb"), read_only=True) as connection:
        scored = connection.sql(SCORED, params=[shop.snapshot]).pl()
        orders = connection.sql(ORDERS).pl()
    at = pl.lit(shop.snapshot).cast(pl.Datetime("us"))
    days = (pl.col("ordered_at") - at).dt.total_seconds() / 86_400
    sums = (
        orders.with_columns(days=days)
        .group_by("user_id")
        .agg(
            spent=_sum((pl.col("days") >= 0) & (pl.col("days") < DAYS)),
            is_kept=((pl.col("days") >= 0) & (pl.col("days") < shop.horizon_days)).any(),
            before=_sum((pl.col("days") < 0) & (pl.col("days") >= -DAYS)),
            half_year=_sum((pl.col("days") < 0) & (pl.col("days") >= -WINDOW_DAYS)),
            tenure=(-pl.col("days")).filter(pl.col("days") < 0).max(),
            recency=(-pl.col("days")).filter(pl.col("days") < 0).min(),
        )
    )
    return scored.join(sums, on="user_id", maintain_order="left").with_columns(
        by_tenure=pl.col("half_year") / pl.min_horizontal(pl.col("tenure").clip(1), pl.lit(WINDOW_DAYS)) * DAYS,
        expected_of_all=(1 - pl.col("churn_probability")) * pl.col("expected_spend_amount"),
    )


def show(name: str, users: pl.DataFrame) -> None:
    console, kept = Console(), users.filter("is_kept")
    inside = pl.col("spent").is_between("expected_spend_low_amount", "expected_spend_high_amount").mean()
    console.print(f"{name}: {len(users):,} users, {len(kept):,} kept, {kept.select(inside).item():.1%} in the interval")
    table = Table("users kept", "users", "expected", "spent", "ratio", box=None, pad_edge=False)
    for dimension in ("tenure", "recency"):
        above = [pl.col(dimension) > days for days in (LATE_DAYS, DAYS, WINDOW_DAYS)]
        place = pl.sum_horizontal(above).cast(pl.Int64)
        banded = kept.with_columns(band=place.replace_strict(range(len(BANDS)), BANDS, return_dtype=pl.String))
        for band in BANDS:
            rows = banded.filter(pl.col("band") == band)
            if len(rows):
                expected, spent = rows["expected_spend_amount"].mean(), rows["spent"].mean()
                ratio = f"{float(expected) / float(spent):.2f}"  # type: ignore[arg-type]
                table.add_row(f"{dimension} {band} days", f"{len(rows):,}", f"{expected:,.2f}", f"{spent:,.2f}", ratio)
    console.print(table)
    table = Table("all users", "mean error", "rank correlation", "share in the top tenth", box=None, pad_edge=False)
    for title, column in (
        ("expected spend x (1 - probability)", "expected_of_all"),
        ("spent in the 91 days before", "before"),
        ("spend of 182 days by days as a customer", "by_tenure"),
    ):
        error = users.select((pl.col(column) - pl.col("spent")).abs().mean()).item()
        rank = users.select(pl.corr(column, "spent", method="spearman")).item()
        top = users.sort(column, descending=True).head(-(-len(users) // 10))["spent"].sum() / users["spent"].sum()
        table.add_row(title, f"{error:,.2f}", f"{rank:.3f}", f"{top:.1%}")
    console.print(table)


def _sum(condition: pl.Expr) -> pl.Expr:
    return pl.col("amount").filter(condition).sum()


if __name__ == "__main__":
    main()
