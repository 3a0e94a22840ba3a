"""What effects may differ by: a few columns of what a user had bought when the decision was made.

Few on purpose, and none that a shop may lack: each more costs certainty about all (`effects.uplift`).
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

import polars as pl

# Of the columns of `warehouse.outcomes.profiles_of`. Logarithms: from one order to two is more than from ten to eleven.
PROFILE: Mapping[str, pl.Expr] = MappingProxyType({
    "silence": pl.col("silent_days").cast(pl.Float64).clip(0).log1p(),
    "orders": pl.col("orders_count").cast(pl.Float64).log1p(),
    "order_size": pl.col("order_amount").cast(pl.Float64).clip(0).log1p(),
    # Of orders so far, those with a discount; who has few orders is nearer to none.
    "discount_use": pl.col("discounted_orders_count") / (pl.col("orders_count") + 1),
    "recent_orders": pl.col("recent_orders_count").cast(pl.Float64).log1p(),
})  # fmt: skip
NAMES = tuple(PROFILE)
