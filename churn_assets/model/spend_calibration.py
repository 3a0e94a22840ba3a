"""Expected spend held against what users kept did spend, out of time: table spend_calibration."""

from __future__ import annotations

from datetime import date, timedelta

import polars as pl

from churn_assets.contracts.spend_calibration import SpendCalibration
from churn_assets.model.spend import fit_spend

SCHEMA = {name: column.dtype.type for name, column in SpendCalibration.to_schema().columns.items()}
BANDS_DAYS = (14, 91, 182)
BAND_NAMES = ["0-14 days", "15-91 days", "92-182 days", "more than 182 days"]


def spend_calibration(slices: pl.DataFrame, value_days: int, *, snapshot: date) -> pl.DataFrame:
    """`slices` as for fit_spend. Tested on the newest of them; learned from those whose days had passed by then."""
    days = slices["snapshot_date"].unique().sort().to_list()
    older = [day for day in days if day + timedelta(days=value_days) <= days[-1]] if days else []
    if not older:
        return pl.DataFrame(schema=SCHEMA)
    model = fit_spend(slices.filter(pl.col("snapshot_date").is_in(older)), value_days)
    newest = slices.filter(snapshot_date=days[-1]).sort("user_id")
    kept = newest.hstack(model.expected(newest)).filter(~pl.col("is_churned"))
    bands = kept.with_columns(
        all=pl.lit("all"),
        tenure=_band("first_purchase_days"),
        recency=_band("recency_days"),
        is_inside=pl.col("spent_after_amount").is_between("expected_spend_low_amount", "expected_spend_high_amount"),
    ).unpivot(
        ["all", "tenure", "recency"],
        index=["expected_spend_amount", "spent_after_amount", "is_inside"],
        variable_name="dimension",
        value_name="band",
    )
    means = bands.group_by("dimension", "band", maintain_order=True).agg(
        users=pl.len().cast(pl.Int64),
        expected_amount=pl.col("expected_spend_amount").mean(),
        spent_amount=pl.col("spent_after_amount").mean(),
        interval_share=pl.col("is_inside").mean(),
    )
    ratio = pl.when(pl.col("spent_amount") > 0).then(pl.col("expected_amount") / pl.col("spent_amount"))
    order = pl.col("band").replace_strict(["all", *BAND_NAMES], range(len(BAND_NAMES) + 1), return_dtype=pl.Int64)
    return (
        means.with_columns(ratio=ratio, snapshot_date=pl.lit(snapshot), slice_date=pl.lit(days[-1]))
        .sort(pl.col("dimension").replace_strict(["all", "tenure", "recency"], range(3)), order)
        .select(list(SCHEMA))
        .cast(pl.Schema(SCHEMA))
    )


def _band(column: str) -> pl.Expr:
    short, middle, long = (pl.col(column) <= days for days in BANDS_DAYS)
    names = [pl.lit(name) for name in BAND_NAMES]
    return pl.when(short).then(names[0]).when(middle).then(names[1]).when(long).then(names[2]).otherwise(names[3])
