"""Contract of monitoring.group_fairness: one row per scored snapshot, attribute, group and measure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Final

import pandera.polars as pa
import polars as pl

from churn_assets.contracts.extra import PREFIX

if TYPE_CHECKING:
    from pandera.polars import PolarsData

ATTRIBUTES: Final = ("age", "gender", "region")
MEASURES: Final = ("treated", "urgent_tier", "false_alarm", "missed", "overstated")
SHARE = {"min_value": -1, "max_value": 1}


class GroupFairness(pa.DataFrameModel):
    """`attribute`: one of ATTRIBUTES, or a protected extra column of the shop. `value`: mean of the measure over the
    group, with its 95 % interval; `rest_value`: over everybody else counted.

    treated: share with an arm, of users outside the holdout. urgent_tier: share in tier urgent. false_alarm: share in
    tier urgent or watch of stayers, missed: share in tier small of churners, overstated: probability minus
    outcome; these three of users left alone, once their labels have matured.
    """

    snapshot_date: pl.Date
    measured_at: Annotated[pl.Datetime, "us", None]
    attribute: str = pa.Field(str_matches=rf"^({'|'.join(ATTRIBUTES)}|{PREFIX}\w+)$")
    group: str = pa.Field(str_length={"min_value": 1})
    measure: str = pa.Field(isin=MEASURES)
    users: int = pa.Field(ge=1)
    value: float = pa.Field(in_range=SHARE)
    value_low: float = pa.Field(in_range=SHARE)
    value_high: float = pa.Field(in_range=SHARE)
    rest_users: int = pa.Field(ge=0)
    rest_value: float = pa.Field(in_range=SHARE, nullable=True)
    p_value: float = pa.Field(in_range={"min_value": 0, "max_value": 1}, nullable=True)
    is_unequal: bool

    class Config:
        strict = True
        ordered = True
        unique = ("snapshot_date", "attribute", "group", "measure")

    @pa.dataframe_check
    @classmethod
    def intervals_are_ordered(cls, data: PolarsData) -> pl.LazyFrame:
        value = pl.col("value")
        return data.lazyframe.select((pl.col("value_low") <= value) & (value <= pl.col("value_high")))

    @pa.dataframe_check
    @classmethod
    def compared_exactly_where_there_is_a_rest(cls, data: PolarsData) -> pl.LazyFrame:
        return data.lazyframe.select((pl.col("rest_users") == 0) == pl.col("rest_value").is_null())

    @pa.dataframe_check
    @classmethod
    def unequal_only_where_tested(cls, data: PolarsData) -> pl.LazyFrame:
        return data.lazyframe.select(~pl.col("is_unequal") | pl.col("p_value").is_not_null())
