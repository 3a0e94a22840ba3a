"""Contract of interventions.policy_comparison: one row per policy, planned for the same users under the same limits."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandera.polars as pa
import polars as pl

if TYPE_CHECKING:
    from pandera.polars import PolarsData


class PolicyComparison(pa.DataFrameModel):
    """Expected amounts, in the currency of orders.amount, over users acted upon; assumed until effects are measured.

    `bound_share`: how far at most the plan is from the best one within the limits, as the optimiser proves.
    """

    snapshot_date: pl.Date
    policy: str = pa.Field(unique=True, str_length={"min_value": 1})
    policy_version: str = pa.Field(str_matches=r"^[a-z]+-[0-9a-f]{8}$")
    is_used: bool
    users_acted_on: int = pa.Field(ge=0)
    expected_gain_amount: float = pa.Field(ge=0, lt=float("inf"))
    expected_cost_amount: float = pa.Field(ge=0, lt=float("inf"))
    expected_profit_amount: float
    bound_share: float = pa.Field(ge=0)
    is_exact: bool

    class Config:
        strict = True
        ordered = True

    @pa.dataframe_check
    @classmethod
    def one_is_used(cls, data: PolarsData) -> pl.LazyFrame:
        return data.lazyframe.select(pl.col("is_used").sum() == 1)
