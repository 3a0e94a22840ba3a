"""Who is at risk at a snapshot, how much is at stake, and why."""

from collections.abc import Iterator

from churn_assets.contracts.scored_users import ScoredUsers
from churn_assets.contracts.user_reasons import UserReasons
from churn_assets.defs.columns import of_scores
from churn_assets.defs.scoring.inputs import model_and_users, stake_at
from churn_assets.defs.snapshot_assets import Product, Snapshot, snapshot_assets
from churn_assets.defs.withholding import begin_scores
from churn_assets.instance.files import rows_sha256
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
        [Stage.MARTS, "fct_orders"],
        [Stage.MARTS, "fct_events"],
        [Stage.TRAINING, "training_set"],
        [Stage.TRAINING, "champion_model"],
        [Stage.TRAINING, "spend_model"],
    ],
    kinds={"catboost", "polars", "parquet"},
    owner="team:data-science",
    first=begin_scores,
)
def scored_users(at: Snapshot) -> Iterator[Product]:
    """
    scored_users: One row per user known at the snapshot; eligible ones with probability, rank, tier, value and reasons.
    user_reasons: One row per eligible user, kind and reason rank: group, its strongest feature, and a sentence.
    """
    settings = at.workplace.settings
    frame, model, features = model_and_users(at)
    version = features_version(settings.features.windows_days, settings.features.extra)
    spend = SpendModel.from_bytes(at.workplace.tables.read_bytes(Stage.TRAINING, "spend_model", at.date))
    stake = stake_at(at, model, spend)
    scored, reasons = score(
        frame,
        model,
        spend,
        features,
        settings.scoring,
        horizon_days=settings.churn.horizon_days,
        stake=stake,
        features_version=version,
    )
    tiers = dict(
        scored.drop_nulls("risk_tier").group_by("risk_tier", maintain_order=True).len().sort("risk_tier").iter_rows()
    )
    statuses = dict(scored.group_by("status", maintain_order=True).len().sort("status").iter_rows())
    yield Product(
        "scored_users",
        scored,
        {
            **{f"users_{status}": count for status, count in statuses.items()},
            **{f"users_in_tier_{tier}": count for tier, count in tiers.items()},
            "stake_amount": stake,
            "mean_churn_probability_share": scored["churn_probability"].mean(),
            "value_at_risk_amount": scored["value_at_risk_amount"].sum(),
            "hash_of_the_rows": rows_sha256(scored),
        },
        origins=of_scores(model.columns),
    )
    yield Product("user_reasons", reasons)
