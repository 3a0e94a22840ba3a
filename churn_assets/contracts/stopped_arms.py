"""Contract of interventions.stopped_arms: one row per treatment of the catalogue that is proven to lose money."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandera.polars as pa
import polars as pl

if TYPE_CHECKING:
    from pandera.polars import PolarsData


class StoppedArms(pa.DataFrameModel):
    """Treatments whose average effect on margin, after sending and coupons, lies below zero with its 95 % interval.

    `margin_*`: currency of orders.amount per eligible user and window. `users_open`: of the `users`, those for whom the
    treatment earns money all the same, by the lower bound of their own effect. `is_stopped`: the policy in use gives it
    to nobody else; other policies (than learned) do not look at what was measured.
    """

    treatment: str = pa.Field(unique=True, str_length={"min_value": 1})
    margin_effect_amount: float = pa.Field(lt=0)
    margin_low_amount: float = pa.Field(lt=0)
    margin_high_amount: float = pa.Field(lt=0)
    users: int = pa.Field(ge=1)
    users_open: int = pa.Field(ge=0)
    is_stopped: bool
    snapshot_date: pl.Date

    class Config:
        strict = True
        ordered = True

    @pa.dataframe_check
    @classmethod
    def interval_holds_the_effect(cls, data: PolarsData) -> pl.LazyFrame:
        effect, low, high = (pl.col(f"margin_{name}_amount") for name in ("effect", "low", "high"))
        return data.lazyframe.select((low <= effect) & (effect <= high))

    @pa.dataframe_check
    @classmethod
    def open_to_some_of_the_users(cls, data: PolarsData) -> pl.LazyFrame:
        return data.lazyframe.select(pl.col("users_open") <= pl.col("users"))
