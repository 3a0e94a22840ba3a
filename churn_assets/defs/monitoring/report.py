"""The page that people read before they approve a plan."""

from collections.abc import Iterator

import dagster as dg

from churn_assets.defs.partitions import CALENDAR
from churn_assets.defs.snapshot_assets import Product, Snapshot, snapshot_assets
from churn_assets.report.check_pages import check_pages_folder
from churn_assets.report.files import write_report
from churn_assets.stages import Stage

READ = {
    Stage.TRAINING: ("model_comparison", "warned_churners", "model_promotions"),
    Stage.INTERVENTIONS: ("outbox", "limit_prices", "policy_comparison", "stopped_arms"),
    Stage.EFFECTS: ("arm_effects", "experiment_readout", "return_on_spend", "program_effects", "experiment_power"),
    Stage.MONITORING: (
        "reason_summaries", "model_performance", "performance_estimates", "feature_drift", "churn_definitions",
        "settings_used",
    ),
    Stage.MARTS: ("dim_user_profiles",),
}  # fmt: skip


@snapshot_assets(
    Stage.MONITORING,
    {"snapshot_report": None},
    deps=[
        *([stage, table] for stage, tables in READ.items() for table in tables),
        *(
            dg.AssetDep([stage, table], partition_mapping=CALENDAR.all_until())
            for stage, table in (
                (Stage.SCORING, "scored_users"),
                (Stage.INTERVENTIONS, "decision_ledger"),
            )
        ),
    ],
    kinds={"html"},
    owner="team:retention",
)
def snapshot_report(at: Snapshot) -> Iterator[Product]:
    """The page for decision makers, in English and Chinese: who churns, the plan, what it earned, how sure that is."""
    page, file = write_report(at.workplace, at.date)
    checks = check_pages_folder(at.workplace.home, at.date) / "index.html"
    pages = {"page": dg.MetadataValue.path(str(file)), "pages_of_checks": dg.MetadataValue.path(str(checks))}
    yield Product("snapshot_report", page.encode(), pages)
