"""The contract of the policies' input: scored users with their hindrances."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandera.polars as pa
import polars as pl

from churn_assets.contracts.channels import CHANNELS
from churn_assets.contracts.decision_ledger import HINDRANCES
from churn_assets.contracts.feature import NOTHING_SHOWN, REASON_GROUPS
from churn_assets.contracts.scored_users import RISK_TIERS

if TYPE_CHECKING:
    from datetime import date

    from pandera.polars import PolarsData


class Candidates(pa.DataFrameModel):
    """One row per eligible user of one snapshot. Strict: no contact data is passed on.

    `hindrance_<channel>` (one per channel, in SCHEMA): why the channel may not be used for the user now, null where it
    may. `cooling_arms`: arms within their cool-down. `wordless_arms`: arms none of whose texts can be filled for the
    user. `unit_id`: unit of randomisation, mostly the user.
    """

    user_id: str = pa.Field(unique=True, str_length={"min_value": 1})
    snapshot_date: pl.Date
    churn_probability: float = pa.Field(in_range={"min_value": 0, "max_value": 1, "include_min": False})
    risk_rank: int = pa.Field(ge=1)
    risk_tier: str = pa.Field(isin=RISK_TIERS)
    value_at_risk_amount: float = pa.Field(ge=0, lt=float("inf"))
    reason_1: str = pa.Field(isin=(NOTHING_SHOWN, *REASON_GROUPS), nullable=True)
    reason_2: str = pa.Field(isin=REASON_GROUPS, nullable=True)
    reason_3: str = pa.Field(isin=REASON_GROUPS, nullable=True)
    cooling_arms: pl.List = pa.Field(dtype_kwargs={"inner": pl.String})
    wordless_arms: pl.List = pa.Field(dtype_kwargs={"inner": pl.String})
    unit_id: str = pa.Field(str_length={"min_value": 1})

    class Config:
        strict = True

    @pa.dataframe_check
    @classmethod
    def arms_are_listed(cls, data: PolarsData) -> pl.LazyFrame:
        return data.lazyframe.select(pl.col("cooling_arms").is_not_null() & pl.col("wordless_arms").is_not_null())


HINDRANCE = pa.Column(pl.String, pa.Check.isin(HINDRANCES), nullable=True)
SCHEMA = Candidates.to_schema().add_columns({f"hindrance_{channel}": HINDRANCE for channel in CHANNELS})


def checked_candidates(candidates: pl.DataFrame, snapshot: date) -> pl.DataFrame:
    """Sort the candidates by user.

    Raises ValueError when there are none or a row is of another snapshot, pandera SchemaErrors when a rule is broken.
    """
    if candidates.is_empty():
        raise ValueError(
            f"candidates: no eligible user at snapshot_date {snapshot}; check scored_users and churn.active_within_days"
        )
    SCHEMA.validate(candidates, lazy=True)
    dates = candidates.get_column("snapshot_date").unique().sort().to_list()
    if dates != [snapshot]:
        date_list = ", ".join(str(day) for day in dates)
        raise ValueError(
            f"candidates: snapshot_date is {date_list} where only {snapshot} belongs; filter before deciding"
        )
    return candidates.sort("user_id")
