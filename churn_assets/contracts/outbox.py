"""Contract of interventions.outbox: one row per planned message of one snapshot. Never an address or a number."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import pandera.polars as pa
import polars as pl

from churn_assets.contracts.channels import SENDING_CHANNELS

if TYPE_CHECKING:
    from pandera.polars import PolarsData

# unknown: the answer to a sent message was lost; the message is never sent again automatically.
STATES = ("planned", "approved", "dispatched", "delivered", "failed", "unknown", "cancelled")
VALUE_TIERS = ("high", "medium", "low")
TEXT = r'"(?:[^"\\]|\\.)*"'
MAYBE = rf"(?:{TEXT}|null)"
PRODUCT = rf'\{{"image_url":{MAYBE},"name":{MAYBE},"product_id":{TEXT},"source":{TEXT},"url":{MAYBE}\}}'
# The whole object, keys sorted and none besides these: nothing personal can be added unnoticed. Messages planned before
# there were codes and names of products are without those keys.
PAYLOAD = (
    rf'^\{{"arm":{TEXT},"body":{TEXT},(?:"code":{MAYBE},"code_from":(?:"pool"|"receiver"|null),)?'
    rf'"items":\[(?:{TEXT}(?:,{TEXT})*)?\],"language":{MAYBE},"level":{MAYBE},'
    rf'(?:"products":\[(?:{PRODUCT}(?:,{PRODUCT})*)?\],)?"reason":{MAYBE},"snapshot_date":"\d{{4}}-\d\d-\d\d",'
    rf'"subject":{TEXT},"user_id":{TEXT},"value_tier":"(?:{"|".join(VALUE_TIERS)})"\}}$'
)


class Outbox(pa.DataFrameModel):
    """message_key is the idempotency key: the same decision, arm and template give the same key."""

    message_key: str = pa.Field(unique=True, str_matches=r"^[0-9a-f]{32}$")
    decision_id: str = pa.Field(unique=True, str_matches=r"^[0-9a-f]{32}$")
    user_id: str = pa.Field(unique=True, str_length={"min_value": 1})
    channel: str = pa.Field(isin=SENDING_CHANNELS)
    template: str = pa.Field(str_length={"min_value": 1})
    payload: str = pa.Field(str_matches=PAYLOAD)
    state: str = pa.Field(isin=STATES)
    not_before: Annotated[pl.Datetime, "us", None]
    expires_at: Annotated[pl.Datetime, "us", None]

    class Config:
        strict = True
        ordered = True

    @pa.dataframe_check
    @classmethod
    def expires_after_it_may_be_sent(cls, data: PolarsData) -> pl.LazyFrame:
        return data.lazyframe.select(pl.col("expires_at") > pl.col("not_before"))
