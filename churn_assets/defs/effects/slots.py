"""What it changes when messages go out, by the slots that were drawn for them."""

from collections.abc import Iterator
from datetime import timedelta

import dagster as dg
import polars as pl

from churn_assets.contracts.decision_ledger import IS_KNOWN
from churn_assets.contracts.send_slots import SendSlots
from churn_assets.contracts.slot_effects import CHOICE, SlotEffects
from churn_assets.defs.partitions import CALENDAR
from churn_assets.defs.snapshot_assets import Product, Snapshot, snapshot_assets
from churn_assets.effects.known_users import known_users
from churn_assets.effects.slot_effects import slot_effects as effects_of
from churn_assets.instance.calendar import CADENCE_DAYS
from churn_assets.stages import Stage
from churn_assets.warehouse.earlier_plans import beside_ledgers
from churn_assets.warehouse.outcomes import outcomes_of, recorded_tables
from churn_assets.warehouse.slot_outcomes import VISIT_DAYS, slot_outcomes

MARTS_READ = (
    "fct_contacts", "fct_events", "fct_orders", "fct_returns", "fct_coupons", "fct_consents", "fct_support_tickets",
    "fct_surveys",
)  # fmt: skip
OF_THE_LEDGER = ("user_id", "arm", "policy_version", "churn_probability", "value_at_risk_amount")


@snapshot_assets(
    Stage.EFFECTS,
    {"slot_effects": SlotEffects},
    deps=[
        *([Stage.MARTS, table] for table in MARTS_READ),
        *(
            dg.AssetDep([Stage.INTERVENTIONS, table], partition_mapping=CALENDAR.all_before())
            for table in ("decision_ledger", "send_slots")
        ),
    ],
    kinds={"scipy", "polars"},
    owner="team:data-science",
)
def slot_effects(at: Snapshot) -> Iterator[Product]:
    """One row per part of the week and metric: messages sent then against messages that were drawn to another time."""
    horizon_days = at.workplace.settings.churn.horizon_days
    # The last slot begins less than a plan after the snapshot.
    days = max(horizon_days, CADENCE_DAYS[at.workplace.settings.calendar.cadence] + VISIT_DAYS)
    slots = beside_ledgers(at.workplace, at.date, "send_slots", SendSlots)
    closed = slots.filter(pl.col("snapshot_date") + timedelta(days=days) <= at.date, IS_KNOWN)
    if closed.is_empty():
        yield Product("slot_effects", SlotEffects.empty(), {"own_best_slot": "none yet"})
        return
    messages = _with_campaign(at, closed)
    known = known_users(
        messages,
        outcomes_of(at.workplace, messages, at.date, horizon_days),
        margin_share=at.workplace.settings.decisions.margin_share,
    ).join(
        slot_outcomes(at.workplace, messages, at.date, at.workplace.settings.decisions.time_zone),
        on=["campaign", "user_id"],
        how="left",
        maintain_order="left",
        validate="1:1",
    )
    recorded = recorded_tables(at.workplace, at.date)
    result = effects_of(known, snapshot=at.date, window_days=horizon_days, recorded=recorded)
    lines = [
        f"- {row['metric']}: {row['note'] or row['verdict']}"
        for row in result.filter(pl.col("dimension") == CHOICE).iter_rows(named=True)
    ]
    yield Product("slot_effects", result, {"own_best_slot": dg.MetadataValue.md("\n".join(lines) or "none")})


def _with_campaign(at: Snapshot, slots: pl.DataFrame) -> pl.DataFrame:
    """With what the ledger says of the user, `campaign` as the contact has it, and `assigned_at`."""
    parts = []
    for day, ledger in at.workplace.tables.read_before(Stage.INTERVENTIONS, "decision_ledger", at.date):
        own = slots.filter(pl.col("snapshot_date") == day)
        parts.append(own.join(ledger.select(OF_THE_LEDGER), on="user_id", how="inner", maintain_order="left"))
    planned = pl.col("snapshot_date")
    return pl.concat(parts).with_columns(
        campaign=pl.concat_str("policy_version", pl.lit("@"), planned.dt.to_string("%Y-%m-%d")),
        assigned_at=planned.cast(pl.Datetime("us")),
    )
