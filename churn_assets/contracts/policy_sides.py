"""Contract of interventions.policy_sides: one row per user of one snapshot for whom a plan intended an arm."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandera.polars as pa
import polars as pl

from churn_assets.contracts.decision_ledger import NO_ARM

if TYPE_CHECKING:
    from pandera.polars import PolarsData

HOLDOUT, BY_POLICY, BY_USUAL = "holdout", "policy", "usual"
SIDES = (HOLDOUT, BY_POLICY, BY_USUAL)


class PolicySides(pa.DataFrameModel):
    """`policy`, `usual`: what the policy in use and business as usual intended (arm with level, or none), whatever side
    the user was drawn to; not both are none. `side`: holdout, policy or usual; `propensity`: the chance of that side.
    Who was given an option by chance has no row.
    """

    user_id: str = pa.Field(unique=True, str_length={"min_value": 1})
    snapshot_date: pl.Date
    policy_version: str = pa.Field(str_matches=r"^[a-z]+-[0-9a-f]{8}$")
    policy: str = pa.Field(str_matches=r"^[a-z0-9_]+$")
    usual: str = pa.Field(str_matches=r"^[a-z0-9_]+$")
    side: str = pa.Field(isin=SIDES)
    propensity: float = pa.Field(in_range={"min_value": 0, "max_value": 1, "include_min": False})

    class Config:
        strict = True
        ordered = True

    @pa.dataframe_check
    @classmethod
    def something_was_intended(cls, data: PolarsData) -> pl.LazyFrame:
        return data.lazyframe.select((pl.col("policy") != NO_ARM) | (pl.col("usual") != NO_ARM))

    @pa.dataframe_check
    @classmethod
    def each_side_has_one_chance(cls, data: PolarsData) -> pl.LazyFrame:
        chance = pl.col("propensity")
        return data.lazyframe.select(
            chance.max().over("snapshot_date", "side") - chance.min().over("snapshot_date", "side") == 0
        )
