"""The candidates of a snapshot with their hindrances: scores, consents, contacts, suppressions in one frame."""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from churn_assets.contracts.channels import NO_CHANNEL
from churn_assets.defs.interventions.hindered import COLUMNS, hindered_users
from churn_assets.defs.snapshot_assets import Snapshot
from churn_assets.monitoring.fairness_users import attributes_of, with_groups
from churn_assets.stages import Stage
from churn_assets.warehouse.reads import groups_at


def candidates_at(at: Snapshot) -> pl.DataFrame:
    """One row per eligible user (decisions.candidates.Candidates), from rows known before the snapshot."""
    scored = at.workplace.tables.read(Stage.SCORING, "scored_users", at.date)
    return hindered_users(at.workplace, at.date, scored.filter(pl.col("status") == "eligible").select(COLUMNS))


def users_to_recommend_to(at: Snapshot) -> pl.Series:
    """Ids of the eligible users in a risk tier that an arm with a channel may treat."""
    settings = at.workplace.settings.decisions
    arms = [arm for arm in settings.arms if arm.channel != NO_CHANNEL]
    tiers = {tier for arm in arms for tier in arm.risk_tiers or settings.max_risk_tiers}
    scored = at.workplace.tables.read(Stage.SCORING, "scored_users", at.date)
    return scored.filter(pl.col("status") == "eligible", pl.col("risk_tier").is_in(sorted(tiers)))["user_id"]


def fairness_groups(at: Snapshot) -> Mapping[str, pl.Series]:
    """Ids of the members of each group by age, gender, region and protected extra columns; none without a floor."""
    if not at.workplace.settings.decisions.fairness_floor_share:
        return {}
    extra = at.workplace.settings.features.extra
    users = with_groups(groups_at(at.workplace, at.date), extra)
    return {
        f"{column}:{group}": users.filter(pl.col(column) == group)["user_id"]
        for column in attributes_of(extra)
        for group in users[column].drop_nulls().unique().sort()
    }
