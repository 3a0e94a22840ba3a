"""Who is at risk at a snapshot, how much is at stake, and why."""

from collections.abc import Iterator

from churn_assets.contracts.scored_users import ScoredUsers
from churn_assets.contracts.user_reasons import UserReasons
from churn_assets.defs.scoring.inputs import model_and_users
from churn_assets.defs.snapshot_assets import Product, Snapshot, snapshot_assets
from churn_assets.instance.files import rows_sha256
from churn_assets.model.profit import break_even
from churn_assets.model.scoring import score
from churn_assets.model.spend import SpendModel
from churn_assets.stages import Stage
from churn_assets.warehouse.features import features_version


@snapshot_assets(
    Stage.SCORING,
    {"scored_users": ScoredUsers, "user_reasons": UserReasons},
    deps=[
        [Stage.FEATURES, "user_features"],
        [Stage.FEATURES, "user_statuses"],
        [Stage.TRAINING, "champion_model"],
        [Stage.TRAINING, "spend_model"],
    ],
    kinds={"catboost", "polars", "parquet"},
    owner="team:data-science",
)
def scored_users(at: Snapshot) -> Iterator[Product]:
    """
    scored_users: One row per user known at the snapshot; eligible ones with probability, rank, tier, value and reasons.
    user_reasons: One row per eligible user, kind and reason rank: group, its strongest feature, and a sentence.
    """
    settings = at.workplace.settings
    frame, model, features = model_and_users(at)
    version = features_version(settings.features.windows_days)
    spend = SpendModel.from_bytes(at.workplace.tables.read_bytes(Stage.TRAINING, "spend_model", at.date))
    scored, reasons = score(frame, model, spend, features, settings.scoring, settings.profit, features_version=version)
    statuses = dict(scored.group_by("status").len().sort("status").iter_rows())
    yield Product(
        "scored_users",
        scored,
        {
            **{f"users_{status}": count for status, count in statuses.items()},
            "pays_from_probability": break_even(settings.profit),
            "users_worth_treating": int((scored["churn_probability"] >= break_even(settings.profit)).sum()),
            "mean_churn_probability": scored["churn_probability"].mean(),
            "value_at_risk_amount": scored["value_at_risk_amount"].sum(),
            "rows_sha256": rows_sha256(scored),
        },
    )
    yield Product("user_reasons", reasons)
