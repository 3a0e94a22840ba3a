"""The bare process of the orchestration benchmark: all that the product makes of a snapshot, as plain function calls.

`python -m benchmarks.bare HOME SNAPSHOT SQL`: the SQL by which dbt changes the warehouse (benchmarks/recorded.py), then
training, promotion, scores, reasons, drift, estimates, fairness, recommendations, what is learned of earlier plans
(benchmarks/bare_effects.py), decisions, messages and effects. No Dagster, no dbt, no checks, no contracts, no pictures,
no report; not the tables that dbt makes of decisions. What Python makes is not stored.
"""

from __future__ import annotations

import json
import sys
from datetime import date
from functools import partial
from itertools import takewhile
from pathlib import Path

import polars as pl

from benchmarks.bare_effects import gate, learned, measure, power
from churn_assets.decisions.decide import decide
from churn_assets.decisions.hindrance import with_hindrances
from churn_assets.decisions.learned import stopped_arms
from churn_assets.decisions.options import options_of
from churn_assets.decisions.outbox import plan_messages
from churn_assets.decisions.policies import POLICIES
from churn_assets.decisions.summary import compare_policies, limit_prices, random_options
from churn_assets.decisions.wordless import with_wordless_arms
from churn_assets.delivery.adapters import channels_needing_address
from churn_assets.duck import duck
from churn_assets.instance.calendar import CADENCE_DAYS
from churn_assets.instance.promotions import Promotions
from churn_assets.instance.suppressions import suppressed_channels, suppressed_users
from churn_assets.model.artifact import ChurnModel
from churn_assets.model.gate import tested_slice
from churn_assets.model.levels import level_uncertainty
from churn_assets.model.promotion import Champion, Promotion, decide_promotion
from churn_assets.model.scoring import score
from churn_assets.model.season import measured_season
from churn_assets.model.spend import SpendModel, fit_spend
from churn_assets.model.spend_calibration import spend_calibration
from churn_assets.model.tiers import stake_amount
from churn_assets.model.training import train
from churn_assets.monitoring.drift import HISTORY_USERS, feature_drift
from churn_assets.monitoring.estimates import performance_estimates
from churn_assets.monitoring.fairness import group_fairness
from churn_assets.monitoring.fairness_users import attributes_of, with_groups, with_treatment
from churn_assets.monitoring.reasons import reason_summaries
from churn_assets.stages import Stage
from churn_assets.warehouse import reads
from churn_assets.warehouse.definition_counts import definitions_at
from churn_assets.warehouse.earlier_plans import Past
from churn_assets.warehouse.features import describe, treatments
from churn_assets.warehouse.levels import churn_levels_at
from churn_assets.warehouse.model_inputs import with_model_inputs
from churn_assets.warehouse.no_products import no_products_at
from churn_assets.warehouse.recommendations import recommendations_at
from churn_assets.warehouse.selection import training_features
from churn_assets.warehouse.slices import slices_for
from churn_assets.warehouse.spend import slices_with_spend
from churn_assets.workplace import Workplace

DECIDED_BY = (
    "user_id", "snapshot_date", "churn_probability", "risk_rank", "risk_tier", "value_at_risk_amount",
    "reason_1", "reason_2", "reason_3",
)  # fmt: skip


def main() -> None:
    home, snapshot, sql = Path(sys.argv[1]), date.fromisoformat(sys.argv[2]), Path(sys.argv[3])
    workplace = Workplace(home_path=str(home))
    build(workplace, json.loads(sql.read_text()))
    training = training_set(workplace, snapshot)
    promotion = model(workplace, snapshot, training)
    spend = spend_model(workplace, snapshot, training)
    scored, reasons = scores(workplace, snapshot, training, promotion, spend)
    watch(workplace, snapshot, training, promotion, scored, reasons)
    past = Past.before(workplace, snapshot)
    ledger = act(workplace, snapshot, scored, past)
    power(workplace, snapshot, ledger, measure(workplace, snapshot, past))
    fairness(workplace, snapshot, scored, ledger)
    scored.write_parquet(home / "bare.parquet")


def build(workplace: Workplace, statements: list[str]) -> None:
    """Staging, marts, features and labels: up to the first table that is made of scores."""
    workplace.show_landing()
    with duck(workplace.home.warehouse) as connection:
        for statement in takewhile(lambda sql: '"interventions"' not in sql and '"scoring"' not in sql, statements):
            connection.execute(statement)


def training_set(workplace: Workplace, snapshot: date) -> pl.DataFrame:
    labelled = reads.labelled_features(workplace, snapshot, slices_for(workplace, snapshot))
    frame = with_model_inputs(workplace, snapshot, labelled)
    return frame.filter(~pl.col("is_treated")).drop("is_treated")


def model(workplace: Workplace, snapshot: date, training: pl.DataFrame) -> Promotion:
    settings = workplace.settings
    features, _ = training_features(workplace, snapshot, training)
    newest = tested_slice(training)
    levels = churn_levels_at(workplace, snapshot, newest)
    season = measured_season(levels, snapshot=snapshot, newest=newest).log_odds if newest else 0.0
    trained = train(
        training,
        features,
        treatments(),
        snapshot=snapshot,
        gap_days=settings.churn.gap_days,
        horizon_days=settings.churn.horizon_days,
        settings=settings.training,
        max_missing_share=settings.features.max_missing_column_share,
        season=season,
    )
    return decide_promotion(
        trained,
        training,
        champion(workplace, snapshot),
        snapshot=snapshot,
        definition=settings.churn.definition,
        settings=settings.training,
        season=season,
        max_age_days=settings.monitoring.max_model_age_days,
    )


def champion(workplace: Workplace, snapshot: date) -> Champion | None:
    held = Promotions(workplace.record).before(snapshot)
    if held is None:
        return None
    content = workplace.tables.read_bytes(Stage.TRAINING, "churn_model", held.champion_snapshot)
    return Champion(held.champion_snapshot, ChurnModel.from_bytes(content), held.definition)


def spend_model(workplace: Workplace, snapshot: date, training: pl.DataFrame) -> SpendModel:
    days = workplace.settings.scoring.value_days
    slices = slices_with_spend(workplace, snapshot, training, days)
    spend_calibration(slices, days, snapshot=snapshot)
    return fit_spend(slices, days)


def scores(
    workplace: Workplace, snapshot: date, training: pl.DataFrame, promotion: Promotion, spend: SpendModel
) -> tuple[pl.DataFrame, pl.DataFrame]:
    settings = workplace.settings
    frame = with_model_inputs(workplace, snapshot, reads.features_at(workplace, snapshot))
    features = describe([name for name in frame.columns if name != "status"])
    newest = training.filter(snapshot_date=tested_slice(training))
    losses = promotion.model.predict(newest) * spend.expected(newest)["expected_spend_amount"].to_numpy()
    return score(
        frame,
        promotion.model,
        spend,
        features,
        settings.scoring,
        horizon_days=settings.churn.horizon_days,
        stake=stake_amount(losses, settings.scoring),
        features_version="bare",
    )


def watch(
    workplace: Workplace,
    snapshot: date,
    training: pl.DataFrame,
    promotion: Promotion,
    scored: pl.DataFrame,
    reasons: pl.DataFrame,
) -> None:
    """Drift, estimates, reasons, definitions."""
    churn, chosen = workplace.settings.churn, promotion.model
    eligible = scored.filter(status="eligible")
    users = with_model_inputs(workplace, snapshot, reads.eligible_features_at(workplace, snapshot))
    days = [*training["snapshot_date"].unique().sort(), snapshot]
    history = with_model_inputs(workplace, snapshot, reads.sampled_features(workplace, days, HISTORY_USERS))
    feature_drift(
        users.join(eligible.select("user_id", "churn_probability"), on="user_id"),
        training.filter(snapshot_date=max(training["snapshot_date"])),
        history.with_columns(pl.Series("churn_probability", chosen.predict(history))),
        None,
        describe(chosen.columns),
        model_version=chosen.version,
        settings=workplace.settings.monitoring,
    )
    window_days = churn.gap_days + churn.horizon_days
    seed = workplace.settings.training.seed
    levels = churn_levels_at(workplace, snapshot, tested_slice(training))
    uncertainty = level_uncertainty(levels, days=window_days, season_is_known=False)
    performance_estimates(eligible, snapshot=snapshot, window_days=window_days, uncertainty=uncertainty, seed=seed)
    reason_summaries(reasons, scored, reads.segments_at(workplace, snapshot), snapshot=snapshot)
    definitions_at(workplace, snapshot)


def act(workplace: Workplace, snapshot: date, scored: pl.DataFrame, past: Past) -> pl.DataFrame:
    """Recommendations, what is learned, the plan, its messages. Returns the ledger."""
    settings = workplace.settings.decisions
    eligible = scored.filter(status="eligible")
    users = eligible.filter(pl.col("risk_tier").is_in(settings.max_risk_tiers))["user_id"]
    left_out = no_products_at(workplace, snapshot, settings.no_products)
    items = recommendations_at(workplace, snapshot, users, left_out["product_id"].to_list())
    gate(workplace, snapshot, past)
    effects = learned(workplace, snapshot, past)
    hindered = with_hindrances(
        eligible.select(DECIDED_BY),
        reads.consents_at(workplace, snapshot),
        reads.contacts_before(workplace, snapshot, settings.max_contacts_days),
        suppressed=suppressed_users(workplace.record, snapshot),
        suppressed_channels=suppressed_channels(workplace.record, snapshot),
        needs_address=channels_needing_address(workplace.settings.delivery),
        settings=settings,
        snapshot=snapshot,
    )
    candidates = with_wordless_arms(hindered, items, settings, snapshot)
    decide_by = partial(decide, candidates, snapshot=snapshot, groups={}, codes={}, measured=effects)
    decided = decide_by(settings)
    compare_policies(settings, snapshot, decided, decide_by)
    random_options(settings, snapshot, decided, decide_by)
    stopped_arms(options_of(settings), effects, snapshot, policy_learns=POLICIES[settings.policy].learns)
    limit_prices(decided, snapshot)
    plan_messages(decided.ledger, items, settings, snapshot, CADENCE_DAYS[workplace.settings.calendar.cadence])
    return decided.ledger


def fairness(workplace: Workplace, snapshot: date, scored: pl.DataFrame, ledger: pl.DataFrame) -> None:
    """Groups of this snapshot's users."""
    extra = workplace.settings.features.extra
    eligible = scored.filter(status="eligible").select("user_id", "risk_tier", "churn_probability")
    treated = with_treatment(eligible, ledger.select("user_id", "arm", "is_holdout"))
    group_fairness(
        treated.join(with_groups(reads.groups_at(workplace, snapshot), extra), on="user_id", how="left"),
        scored=snapshot,
        snapshot=snapshot,
        tolerance=workplace.settings.monitoring.max_group_gap_share,
        attributes=attributes_of(extra),
    )


if __name__ == "__main__":
    main()
