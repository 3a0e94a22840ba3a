"""Contract of interventions.send_slots: one row per user whose message has a day and a part of it to go out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import pandera.polars as pa
import polars as pl

from churn_assets.contracts.drawn import chances_add_up, drawn_with_its_chance

if TYPE_CHECKING:
    from pandera.polars import PolarsData

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
PARTS = ("night", "morning", "afternoon", "evening")  # six hours each, from midnight
SLOTS = tuple(f"{day}_{part}" for day in WEEKDAYS for part in PARTS)


class SendSlots(pa.DataFrameModel):
    """`slots`: in which the message could have been sent, in the order in which they begin, by the clock of
    decisions.time_zone; `chances`: of each, in that order; `slot`: what was drawn, with its chance (`propensity`).
    `send_after`: its first moment outside quiet hours (UTC). `visits`: days on which the user came of own accord in
    the half year before, which the chances were learned from.
    """

    user_id: str = pa.Field(unique=True, str_length={"min_value": 1})
    snapshot_date: pl.Date
    slots: pl.List = pa.Field(dtype_kwargs={"inner": pl.String})
    chances: pl.List = pa.Field(dtype_kwargs={"inner": pl.Float64})
    slot: str = pa.Field(isin=SLOTS)
    propensity: float = pa.Field(in_range={"min_value": 0, "max_value": 1, "include_min": False})
    send_after: Annotated[pl.Datetime, "us", None]
    visits: int = pa.Field(ge=0)

    class Config:
        strict = True
        ordered = True

    @pa.dataframe_check
    @classmethod
    def chances_add_up(cls, data: PolarsData) -> pl.LazyFrame:
        return chances_add_up(data.lazyframe, "slots")

    @pa.dataframe_check
    @classmethod
    def drawn_with_its_chance(cls, data: PolarsData) -> pl.LazyFrame:
        return drawn_with_its_chance(data.lazyframe, "slots", "slot")

    @pa.dataframe_check
    @classmethod
    def sent_after_the_decision(cls, data: PolarsData) -> pl.LazyFrame:
        return data.lazyframe.select(pl.col("send_after") >= pl.col("snapshot_date").cast(pl.Datetime("us")))
