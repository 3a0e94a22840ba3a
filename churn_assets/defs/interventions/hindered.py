"""What stands in the way of writing to users at a snapshot, per channel and arm."""

from __future__ import annotations

from datetime import date, timedelta

import pandera.polars as pa
import polars as pl

from churn_assets.contracts.held_back_options import HeldBackOptions
from churn_assets.contracts.policy_sides import PolicySides
from churn_assets.decisions.hindrance import with_hindrances
from churn_assets.decisions.meant import Resting, resting_before
from churn_assets.decisions.wordless import with_wordless_arms
from churn_assets.delivery.adapters import channels_needing_address
from churn_assets.instance.calendar import CADENCE_DAYS
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
    resting = resting_at(workplace, snapshot, days)
    hindered = with_hindrances(
        users,
        consents_at(workplace, snapshot),
        resting.contacts,
        suppressed=suppressed_users(workplace.record, snapshot),
        suppressed_channels=suppressed_channels(workplace.record, snapshot),
        needs_address=channels_needing_address(workplace.settings.delivery),
        settings=settings,
        snapshot=snapshot,
        meant=resting.meant,
    )
    return with_wordless_arms(hindered, items, settings, snapshot)


def resting_at(workplace: Workplace, snapshot: date, days: int) -> Resting:
    """Contacts of the `days` before, and what plans meant for users whom they did not reach; of a plan that ends within
    them all.
    """
    tables, settings = workplace.tables, workplace.settings
    cadence_days = CADENCE_DAYS[settings.calendar.cadence]
    # The last message of a plan may be a cadence younger than the plan.
    all_days = days + cadence_days
    # Published before the ledger: of a run that died between them, nothing was decided.
    decided = [
        day
        for day in tables.snapshots_before(Stage.INTERVENTIONS, "decision_ledger", snapshot)
        if day >= snapshot - timedelta(days=all_days)
    ]

    def past(table: str, contract: type[pa.DataFrameModel]) -> pl.DataFrame:
        # Plans that were sealed before 2026-11-30 have neither.
        listed = [day for day in decided if tables.is_listed(Stage.INTERVENTIONS, table, day)]
        return pl.concat([contract.empty(), *(tables.read(Stage.INTERVENTIONS, table, day) for day in listed)])

    contacts = contacts_before(workplace, snapshot, all_days)
    sides, held_back = past("policy_sides", PolicySides), past("held_back_options", HeldBackOptions)
    return resting_before(sides, held_back, contacts, settings.decisions, cadence_days)
