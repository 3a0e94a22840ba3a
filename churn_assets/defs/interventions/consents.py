"""Who of those that are to be reached has not consented, by what is known of a snapshot now."""

import polars as pl

from churn_assets.contracts.channels import SENDING_CHANNELS
from churn_assets.defs.snapshot_assets import Snapshot

CONSENTS = f"""
select user_id, {", ".join(f"consent_{channel} as {channel}" for channel in SENDING_CHANNELS)}
from features.user_statuses where snapshot_date = $snapshot
"""


def without_consent(at: Snapshot, reached: pl.DataFrame) -> pl.DataFrame:
    """Rows of `reached` (user_id, channel, ...) that may not be; is_granted: false, or null where nothing was said.

    Refusals count whatever the settings; silence counts as one unless decisions.unknown_consent allows it.
    """
    wide = at.workplace.warehouse.query(CONSENTS, {"snapshot": at.date})
    words = wide.unpivot(index="user_id", variable_name="channel", value_name="is_granted")
    asked = reached.join(words, on=["user_id", "channel"], how="left")
    is_silence_consent = at.workplace.settings.decisions.unknown_consent == "allow"
    return asked.filter(~pl.col("is_granted").fill_null(is_silence_consent))
