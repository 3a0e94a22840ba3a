"""Contract of interventions.random_options: one row per user of the random side of one snapshot."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandera.polars as pa
import polars as pl

from churn_assets.contracts.decision_ledger import NO_ARM

if TYPE_CHECKING:
    from pandera.polars import PolarsData

# By name as in decisions.policies; there is a column each.
POLICIES = ("learned", "rules", "value")


class RandomOptions(pa.DataFrameModel):
    """`treatments`: the options (arm with level) that were open, sorted; `treatment`: what was drawn among them and
    none, each with the same chance (`propensity`). `rules`, `value`, `learned`: what each policy intended for the user.
    """

    user_id: str = pa.Field(unique=True, str_length={"min_value": 1})
    snapshot_date: pl.Date
    policy_version: str = pa.Field(str_matches=r"^[a-z]+-[0-9a-f]{8}$")
    treatments: pl.List = pa.Field(dtype_kwargs={"inner": pl.String})
    treatment: str = pa.Field(str_matches=r"^[a-z0-9_]+$")
    propensity: float = pa.Field(in_range={"min_value": 0, "max_value": 1, "include_min": False})
    learned: str = pa.Field(str_matches=r"^[a-z0-9_]+$")
    rules: str = pa.Field(str_matches=r"^[a-z0-9_]+$")
    value: str = pa.Field(str_matches=r"^[a-z0-9_]+$")

    class Config:
        strict = True
        ordered = True

    @pa.dataframe_check
    @classmethod
    def drawn_with_equal_chances(cls, data: PolarsData) -> pl.LazyFrame:
        chance = 1 / (pl.col("treatments").list.len() + 1)
        return data.lazyframe.select((pl.col("propensity") - chance).abs() < 1e-12)  # noqa: PLR2004 - a double

    @pa.dataframe_check
    @classmethod
    def drawn_among_the_open(cls, data: PolarsData) -> pl.LazyFrame:
        is_open = pl.col("treatments").list.contains(pl.col("treatment"))
        return data.lazyframe.select(is_open | (pl.col("treatment") == NO_ARM))
