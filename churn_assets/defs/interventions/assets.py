"""What is done for whom: decisions sealed in the ledger, messages planned in the outbox. Nothing is sent here."""

from collections.abc import Iterator
from typing import Any

import dagster as dg
import polars as pl
from dagster_dbt import DbtCliResource, dbt_assets

from churn_assets.contracts.decision_ledger import NO_ARM, DecisionLedger
from churn_assets.contracts.outbox import Outbox
from churn_assets.decisions.outbox import plan_messages
from churn_assets.decisions.rules import decide
from churn_assets.defs.calendar import CADENCE_DAYS, snapshots_of
from churn_assets.defs.dbt.project import prepare_manifest
from churn_assets.defs.dbt.run import build
from churn_assets.defs.partitions import CALENDAR
from churn_assets.defs.reads import consents_at
from churn_assets.defs.snapshot_assets import Product, Snapshot, snapshot_assets
from churn_assets.defs.workplace import Workplace
from churn_assets.stages import Stage

CANDIDATE_COLUMNS = (
    "user_id", "snapshot_date", "churn_probability", "risk_rank", "risk_tier", "value_at_risk_amount",
    "reason_1", "reason_2", "reason_3",
)  # fmt: skip


@snapshot_assets(
    Stage.INTERVENTIONS,
    {"decision_ledger": DecisionLedger},
    deps=[[Stage.SCORING, "scored_users"], [Stage.FEATURES, "user_statuses"]],
    kinds={"polars", "parquet"},
    owner="team:retention",
)
def decision_ledger(at: Snapshot) -> Iterator[Product]:
    """One row per eligible user, acted on or not, sealed: once decided, a snapshot is never decided again."""
    settings = at.workplace.settings.decisions
    held = at.workplace.tables.find(Stage.INTERVENTIONS, "decision_ledger", at.date)
    if held and held.is_sealed:
        ledger = at.workplace.tables.read(Stage.INTERVENTIONS, "decision_ledger", at.date)
        at.log(f"The ledger of {at.date} was sealed at {held.published_at:%Y-%m-%d %H:%M} UTC and stays as it is.")
    else:
        scored = at.workplace.tables.read(Stage.SCORING, "scored_users", at.date)
        eligible = scored.filter(pl.col("status") == "eligible").select(CANDIDATE_COLUMNS)
        candidates = eligible.join(consents_at(at.workplace, at.date), on="user_id", how="left")
        ledger = decide(candidates, settings, at.date)
    acted = ledger.filter(pl.col("arm") != NO_ARM)
    bound = dict(ledger["binding_constraint"].drop_nulls().value_counts().sort("binding_constraint").iter_rows())
    yield Product(
        "decision_ledger",
        ledger,
        {
            "users_acted_on": len(acted),
            "users_in_holdout": int(ledger["is_holdout"].sum()),
            "expected_cost_amount": float(acted["expected_cost_amount"].sum()),
            "expected_gain_amount": float(acted["expected_gain_amount"].sum()),
            "budget_amount": settings.budget_amount,
            **{f"left_alone_{reason}": count for reason, count in bound.items()},
        },
        seal=True,
    )


@snapshot_assets(
    Stage.INTERVENTIONS,
    {"outbox": Outbox},
    deps=[[Stage.INTERVENTIONS, "decision_ledger"]],
    kinds={"sqlite", "parquet"},
    owner="team:retention",
)
def outbox(at: Snapshot) -> Iterator[Product]:
    """One row per message to the users acted upon, as the record store holds it; planned once, when first decided."""
    settings = at.workplace.settings
    ledger = at.workplace.tables.read(Stage.INTERVENTIONS, "decision_ledger", at.date)
    added = 0
    if at.workplace.tables.find(Stage.INTERVENTIONS, "outbox", at.date) is None:
        planned = plan_messages(ledger, settings.decisions, at.date, CADENCE_DAYS[settings.calendar.cadence])
        added = at.workplace.record.add_messages(planned)
    messages = at.workplace.record.messages().join(ledger.select("decision_id"), on="decision_id", how="semi")
    yield Product("outbox", messages.sort("user_id"), {"messages_new": added})


@dbt_assets(
    manifest=prepare_manifest(),
    name="intervention_models",
    select="fqn:interventions fqn:profiles",
    partitions_def=CALENDAR.partitions,
    backfill_policy=dg.BackfillPolicy.single_run(),
)
def intervention_models(context: dg.AssetExecutionContext, workplace: Workplace, dbt: DbtCliResource) -> Iterator[Any]:
    """The tables that analysts and the call centre read, portraits of users among them."""
    yield from build(context, workplace, dbt, snapshots_of(context))
