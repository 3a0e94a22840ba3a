"""What the first days of young campaigns say of effects that are not known yet."""

from collections.abc import Iterator

import dagster as dg

from churn_assets.contracts.early_signals import EarlySignals
from churn_assets.defs.partitions import CALENDAR
from churn_assets.defs.snapshot_assets import Product, Snapshot, snapshot_assets
from churn_assets.effects.compared_users import compared_users
from churn_assets.effects.early_signals import early_signals as signals_of
from churn_assets.effects.known_users import known_users
from churn_assets.stages import Stage
from churn_assets.warehouse.earlier_plans import Past
from churn_assets.warehouse.early import early_outcomes
from churn_assets.warehouse.outcomes import outcomes_of

EARLY_DAYS = 7
MARTS_READ = (
    "fct_contacts", "fct_events", "fct_orders", "fct_returns", "fct_coupons", "fct_consents", "fct_support_tickets",
    "fct_surveys",
)  # fmt: skip
PLANS_READ = ("decision_ledger", "random_options", "sampled_options", "policy_sides")


@snapshot_assets(
    Stage.EFFECTS,
    {"early_signals": EarlySignals},
    deps=[
        *([Stage.MARTS, table] for table in MARTS_READ),
        *(
            dg.AssetDep([Stage.INTERVENTIONS, table], partition_mapping=CALENDAR.all_before())
            for table in PLANS_READ
        ),
    ],
    kinds={"scipy", "polars"},
    owner="team:data-science",
)  # fmt: skip
def early_signals(at: Snapshot) -> Iterator[Product]:
    """One row per treatment and early signal: whether visits, carts or clicks predict the effect that shows later."""
    assignments, horizon_days = Past.before(at.workplace, at.date).assignments, at.workplace.settings.churn.horizon_days
    young = compared_users(assignments, at.date, min(EARLY_DAYS, horizon_days)).rows
    matured = known_users(
        compared_users(assignments, at.date, horizon_days).rows,
        outcomes_of(at.workplace, assignments, at.date, horizon_days),
        margin_share=at.workplace.settings.decisions.margin_share,
    )
    early = early_outcomes(at.workplace, young, at.date, EARLY_DAYS)
    result = signals_of(young, early, matured, early_days=EARLY_DAYS, snapshot=at.date)
    notes = [f"- {row['treatment']}, {row['signal']}: {row['note']}" for row in result.iter_rows(named=True)]
    yield Product("early_signals", result, {"signals": dg.MetadataValue.md("\n".join(notes) or "- none yet")})
