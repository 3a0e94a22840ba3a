"""Users to be reached who have not consented, as known now of a snapshot."""

import polars as pl

from churn_assets.contracts.channels import SENDING_CHANNELS
from churn_assets.defs.snapshot_assets import Snapshot

CONSENTS = f"""
select user_id, {", ".join(f"consent_{channel} as {channel}" for channel in SENDING_CHANNELS)}
from features.user_statuses where snapshot_date = $snapshot
"""


def without_consent(at: Snapshot, reached: pl.DataFrame) -> pl.DataFrame:
    """Rows of `reached` (user_id, channel, ...) without consent; is_granted: false, or null without a consent record.

    A refusal always counts; a missing consent record counts as one unless decisions.unknown_consent is allow.
    """
    wide = at.workplace.warehouse.query(CONSENTS, {"snapshot": at.date})
    consents = wide.unpivot(index="user_id", variable_name="channel", value_name="is_granted")
    joined = reached.join(consents, on=["user_id", "channel"], how="left")
    is_unknown_allowed = at.workplace.settings.decisions.unknown_consent == "allow"
    return joined.filter(~pl.col("is_granted").fill_null(is_unknown_allowed))
