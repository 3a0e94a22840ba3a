"""The level of churn at past dates: what the season is read from, and how sure an estimate can be."""

from collections.abc import Iterator

from churn_assets.contracts.churn_levels import ChurnLevels
from churn_assets.defs.snapshot_assets import Product, Snapshot, snapshot_assets
from churn_assets.stages import Stage
from churn_assets.warehouse.levels import churn_levels_at
from churn_assets.warehouse.slices import slices_for

SHOWN = {
    "churned_share": "churners_on_the_newest_date_share",
    "level": "level_beyond_histories (log-odds)",
    "slope": "slope_of_histories",
}


@snapshot_assets(
    Stage.TRAINING,
    {"churn_levels": ChurnLevels},
    deps=[[Stage.MARTS, "fct_orders"]],
    kinds={"polars", "parquet"},
    owner="team:data-science",
)
def churn_levels(at: Snapshot) -> Iterator[Product]:
    """One row per past date: the share of churners, and its level beyond what the users' histories say."""
    newest = max(slices_for(at.workplace, at.date), default=None)
    levels = churn_levels_at(at.workplace, at.date, newest)
    last = levels.tail(1)
    yield Product(
        "churn_levels",
        levels,
        {
            "dates": levels.height,
            "first_date": str(levels["level_date"].min()),
            **{shown: last[name].item() for name, shown in SHOWN.items() if last.height},
        },
    )
