"""What holds of every table of things drawn by chance: a list of options, the chance of each, and the one drawn."""

from __future__ import annotations

import polars as pl

SAME = 1e-9


def chances_add_up(rows: pl.LazyFrame, options: str) -> pl.LazyFrame:
    """One boolean per row: `chances` are of the `options` one by one, all above zero, and 1 together."""
    is_whole = (pl.col("chances").list.sum() - 1).abs() < SAME
    is_each = pl.col("chances").list.len() == pl.col(options).list.len()
    return rows.select(is_whole & is_each & (pl.col("chances").list.min() > 0))


def drawn_with_its_chance(rows: pl.LazyFrame, options: str, drawn: str) -> pl.LazyFrame:
    """One boolean per row: `propensity` is the chance of what was drawn, which is among the options."""
    exploded = rows.with_row_index().explode(options, "chances")
    chance = pl.when(pl.col(options) == pl.col(drawn)).then("chances").sum().over("index")
    return (
        exploded.with_columns(is_right=(chance - pl.col("propensity")).abs() < SAME)
        .group_by("index", maintain_order=True)
        .agg(pl.col("is_right").all())
        .select("is_right")
    )
