"""Of the bare process (benchmarks/bare.py): what earlier plans did, and what a new plan may know of it."""

from __future__ import annotations

from datetime import date, datetime, time

import polars as pl

from churn_assets.decisions.options import options_of
from churn_assets.effects.arm_effects import arm_effects
from churn_assets.effects.assignments import (
    ledger_traits,
)
from churn_assets.effects.compared_users import compared_users
from churn_assets.effects.early_signals import early_signals
from churn_assets.effects.group_effects import group_effects
from churn_assets.effects.known_users import known_users
from churn_assets.effects.policy_gate import policy_gate
from churn_assets.effects.policy_readout import policy_readout
from churn_assets.effects.policy_value import policy_value
from churn_assets.effects.power import experiment_power
from churn_assets.effects.profile import PROFILE
from churn_assets.effects.program import members, program_effects, readings
from churn_assets.effects.readout import readout
from churn_assets.effects.return_on_spend import return_on_spend
from churn_assets.effects.uplift_curves import uplift_curves
from churn_assets.effects.user_effects import uplift_comparison, user_effects
from churn_assets.stages import Stage
from churn_assets.warehouse import reads
from churn_assets.warehouse.earlier_plans import Past, closed_users
from churn_assets.warehouse.early import early_outcomes
from churn_assets.warehouse.outcomes import outcomes_of, outcomes_since, profiles_of, recorded_tables
from churn_assets.warehouse.segments import channels_of_arms, segments_then
from churn_assets.workplace import Workplace

EARLY_DAYS = 7


def learned(workplace: Workplace, snapshot: date, past: Past) -> pl.DataFrame:
    """Contract UserEffects; how far they are proven is made as well."""
    settings, horizon_days = workplace.settings, workplace.settings.churn.horizon_days
    known = known_users(
        compared_users(past.assignments, snapshot, horizon_days).rows,
        outcomes_of(workplace, past.assignments, snapshot, horizon_days),
        margin_share=settings.decisions.margin_share,
        profiles=profiles_of(workplace, past.assignments, horizon_days),
    )
    now = reads.eligible_users_at(workplace, snapshot).select(
        "user_id", campaign=pl.lit("now"), assigned_at=pl.lit(snapshot).cast(pl.Datetime("us"))
    )
    eligible = profiles_of(workplace, now, horizon_days).select("user_id", **PROFILE)
    treatments = [option.treatment for option in options_of(settings.decisions)]
    uplift_comparison(known, snapshot)
    uplift_curves(known, snapshot)
    return user_effects(known, eligible, treatments, snapshot)


def gate(workplace: Workplace, snapshot: date, past: Past) -> None:
    """Whether another policy may make the plan."""
    settings = workplace.settings.decisions
    costs = {option.treatment: option.level.cost_amount for option in options_of(settings)}
    policy_gate(closed_users(workplace, snapshot, past.random_options), settings.policy, costs)


def measure(workplace: Workplace, snapshot: date, past: Past) -> pl.DataFrame:
    """Every table of effects; returns contract ArmEffects."""
    decisions, horizon_days = workplace.settings.decisions, workplace.settings.churn.horizon_days
    recorded = recorded_tables(workplace, snapshot)
    outcomes = outcomes_of(workplace, past.assignments, snapshot, horizon_days)
    readout(past.assignments, outcomes, window_days=horizon_days, snapshot=snapshot, remarks=past.remarks)
    scored = [frame for _, frame in workplace.tables.read_before(Stage.SCORING, "scored_users", snapshot)]
    known = known_users(
        compared_users(past.assignments, snapshot, horizon_days).rows,
        outcomes,
        margin_share=decisions.margin_share,
        traits=ledger_traits(past.ledgers, scored, past.sides),
    )
    effects = arm_effects(known, snapshot=snapshot, window_days=horizon_days, recorded=recorded)
    return_on_spend(known, snapshot=snapshot)
    decided = known.with_columns(snapshot_date=pl.col("assigned_at").dt.date())
    then = segments_then(workplace, decided, snapshot)
    planned = {option.treatment: option for option in options_of(decisions)}
    channels = {name: option.arm.channel for name, option in planned.items()}
    group_effects(
        decided.join(then, on=["user_id", "snapshot_date"], how="left", maintain_order="left"),
        {name: planned[name].arm.arm if name in planned else name for name in set(known["treatment"])},
        {**channels_of_arms(workplace, snapshot), **channels},
        snapshot=snapshot,
        window_days=horizon_days,
        recorded=recorded,
    )
    users, changed_sides = members([ledger.select("user_id", "is_holdout", "decided_at") for ledger in past.ledgers])
    program_effects(
        users,
        outcomes_since(workplace, readings(users, snapshot, horizon_days), snapshot, horizon_days),
        snapshot=snapshot,
        margin_share=decisions.margin_share,
        recorded=recorded,
        changed_sides=changed_sides,
    )
    drawn, sides = (closed_users(workplace, snapshot, users) for users in (past.random_options, past.sides))
    policy_value(drawn, used=decisions.policy, snapshot=snapshot)
    policy_readout(sides, drawn, snapshot=snapshot, window_days=horizon_days, recorded=recorded)
    young = compared_users(past.assignments, snapshot, EARLY_DAYS).rows
    early = early_outcomes(workplace, young, snapshot, EARLY_DAYS)
    early_signals(young, early, known, early_days=EARLY_DAYS, snapshot=snapshot)
    return effects


def power(workplace: Workplace, snapshot: date, ledger: pl.DataFrame, so_far: pl.DataFrame) -> None:
    """What the plan's sides can show."""
    horizon_days = workplace.settings.churn.horizon_days
    now = ledger.select("user_id", campaign=pl.lit("now"), assigned_at=pl.lit(datetime.combine(snapshot, time())))
    before = outcomes_since(workplace, now, snapshot, horizon_days)
    experiment_power(ledger, before, so_far, horizon_days=horizon_days)
