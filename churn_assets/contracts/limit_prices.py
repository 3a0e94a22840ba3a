"""Contract of interventions.limit_prices: one row per limit of one snapshot's plan, and its marginal price."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandera.polars as pa
import polars as pl

if TYPE_CHECKING:
    from pandera.polars import PolarsData

UNITS = ("currency", "users")


class LimitPrices(pa.DataFrameModel):
    """`most`, `used` in `unit`; `price_amount`: expected profit of one unit more, in the currency of orders.amount."""

    snapshot_date: pl.Date
    policy_version: str = pa.Field(str_matches=r"^[a-z]+-[0-9a-f]{8}$")
    limit: str = pa.Field(unique=True, str_length={"min_value": 1})
    unit: str = pa.Field(isin=UNITS)
    most: float = pa.Field(ge=0, lt=float("inf"))
    used: float = pa.Field(ge=0)
    users_short: int = pa.Field(ge=0)
    price_amount: float = pa.Field(ge=0, lt=float("inf"))

    class Config:
        strict = True
        ordered = True

    @pa.dataframe_check
    @classmethod
    def limits_are_kept(cls, data: PolarsData) -> pl.LazyFrame:
        return data.lazyframe.select(pl.col("used") <= pl.col("most"))
