"""How common each reason is by segment of users, and the value at risk of its users."""

from collections.abc import Iterator

from churn_assets.contracts.reason_summaries import ReasonSummaries
from churn_assets.defs.pictures import picture
from churn_assets.defs.snapshot_assets import Product, Snapshot, snapshot_assets
from churn_assets.monitoring.reason_plots import reasons_png
from churn_assets.monitoring.reasons import reason_summaries as summarise
from churn_assets.stages import Stage
from churn_assets.warehouse.reads import segments_at


@snapshot_assets(
    Stage.MONITORING,
    {"reason_summaries": ReasonSummaries},
    deps=[[Stage.SCORING, "scored_users"], [Stage.SCORING, "user_reasons"], [Stage.FEATURES, "user_features"]],
    kinds={"polars"},
    owner="team:data-science",
)
def reason_summaries(at: Snapshot) -> Iterator[Product]:
    """One row per reason group, kind and segment of the eligible users: how many have it, and what is at stake."""
    reasons, scored = (
        at.workplace.tables.read(Stage.SCORING, table, at.date) for table in ("user_reasons", "scored_users")
    )
    frame = summarise(reasons, scored, segments_at(at.workplace, at.date), snapshot=at.date)
    yield Product("reason_summaries", frame, {"reasons": picture("reasons", reasons_png(frame))})
