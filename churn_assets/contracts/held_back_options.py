"""Contract of interventions.held_back_options: one row per user whom the holdout kept from an option by chance."""

from __future__ import annotations

import pandera.polars as pa
import polars as pl


class HeldBackOptions(pa.DataFrameModel):
    """`treatment`: what decisions.random_share or sampled_share would have given the user, were it not for the holdout.

    No plan means anything for these users at the snapshot, as for those who were given an option by chance; and they
    rest afterwards as if they had had it. So both sides of later plans are the same but for the draw.
    """

    user_id: str = pa.Field(unique=True, str_length={"min_value": 1})
    snapshot_date: pl.Date
    treatment: str = pa.Field(str_matches=r"^[a-z0-9_]+$")

    class Config:
        strict = True
        ordered = True
