"""What effects are measured in. One row of `AllOutcomes` gives each metric its value for one user and window."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

import polars as pl


@dataclass(frozen=True)
class Metric:
    """`unit`: share of users, number per user, or currency of orders.amount per user. `is_good`: whether more of it is
    wanted; a guardrail is there to be watched and not to be raised. `table`: raw table without which nothing is known.
    """

    value: pl.Expr
    unit: Literal["share", "count", "amount"]
    table: str
    is_good: bool = True
    is_guardrail: bool = False


METRICS: Mapping[str, Metric] = MappingProxyType({
    "retained": Metric(pl.col("orders_count") > 0, "share", "orders"),
    "orders_count": Metric(pl.col("orders_count"), "count", "orders"),
    "spent_amount": Metric(pl.col("spent_amount"), "amount", "orders"),
    # Goods cost 1 - margin_share of their price before the coupon, and orders.amount is what was paid after it: so of a
    # coupon its whole face is lost, less the margin share of the price that the amount no longer shows.
    "margin_amount": Metric(
        pl.col("margin_share") * (pl.col("spent_amount") + pl.col("redeemed_amount") - pl.col("returned_amount"))
        - pl.col("redeemed_amount")
        - pl.col("contact_cost_amount"),
        "amount",
        "orders",
    ),
    "clicked": Metric(pl.col("clicks_count") > 0, "share", "contacts"),
    "returned_amount": Metric(
        pl.col("returned_amount"), "amount", "returns", is_good=False, is_guardrail=True
    ),
    "objected": Metric(pl.col("objections_count") > 0, "share", "consents", is_good=False, is_guardrail=True),
    "asked_support": Metric(
        pl.col("tickets_count") > 0, "share", "support_tickets", is_good=False, is_guardrail=True
    ),
    # Of users who were asked and answered: an arm that changes who answers changes whose mean this is.
    "satisfaction": Metric(pl.col("satisfaction"), "share", "surveys"),
})  # fmt: skip
