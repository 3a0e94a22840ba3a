"""What stands in the way of writing to users at a snapshot, per channel and arm."""

from __future__ import annotations

from datetime import date

import polars as pl

from churn_assets.decisions.hindrance import with_hindrances
from churn_assets.decisions.wordless import with_wordless_arms
from churn_assets.delivery.adapters import channels_needing_address
from churn_assets.instance.suppressions import suppressed_channels, suppressed_users
from churn_assets.stages import Stage
from churn_assets.warehouse.reads import consents_at, contacts_before
from churn_assets.workplace import Workplace

COLUMNS = (
    "user_id", "snapshot_date", "churn_probability", "risk_rank", "risk_tier", "value_at_risk_amount",
    "reason_1", "reason_2", "reason_3",
)  # fmt: skip


def hindered_users(workplace: Workplace, snapshot: date, users: pl.DataFrame) -> pl.DataFrame:
    """`users` (COLUMNS of scored users) as decisions.candidates.Candidates, from rows known before the snapshot."""
    settings = workplace.settings.decisions
    items = workplace.tables.read(Stage.INTERVENTIONS, "recommended_items", snapshot)
    days = max([settings.max_contacts_days, *(arm.cool_down_days for arm in settings.arms)])
    hindered = with_hindrances(
        users,
        consents_at(workplace, snapshot),
        contacts_before(workplace, snapshot, days),
        suppressed=suppressed_users(workplace.record, snapshot),
        suppressed_channels=suppressed_channels(workplace.record, snapshot),
        needs_address=channels_needing_address(workplace.settings.delivery),
        settings=settings,
        snapshot=snapshot,
    )
    return with_wordless_arms(hindered, items, settings, snapshot)
