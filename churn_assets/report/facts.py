"""Everything that the report of a snapshot says, read from what the snapshot has published. Aggregates only.

Frames of users are scanned, never held whole, so that a million of them take seconds.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

import polars as pl

from churn_assets.contracts.return_on_spend import ReturnOnSpend
from churn_assets.contracts.scored_users import ALARMS
from churn_assets.effects.power import holdout_weeks
from churn_assets.instance.policy_promotions import PolicyPromotions
from churn_assets.monitoring.reasons import TENURES
from churn_assets.report.compared import Compared, compared_at
from churn_assets.report.measured import ArmEffect, Programme, arm_effects, programme
from churn_assets.report.planned import (
    LeftAlone,
    Plan,
    left_alone,
    measured_effects,
    planned_arms,
    treatments_of,
)
from churn_assets.report.population import COLUMNS, Movement, Population, movement, population_of
from churn_assets.report.samples import SampledArm, sampled_arms
from churn_assets.report.trust import (
    DataSource,
    Expected,
    ModelChoice,
    Past,
    Ranked,
    Warned,
    calibration_error,
    data_sources,
    drifted_features,
    expected_of,
    model_choice,
    past_scores,
    ranked_models,
    warned_of,
)
from churn_assets.stages import Stage
from churn_assets.warehouse.report_reads import newest_rows, refused_rows, segments_planned
from churn_assets.workplace import Workplace

MOST_WEEKS = 8  # of the past that the trends show


@dataclass(frozen=True)
class ReasonCount:
    """Users with an alarm who have this reason, and the value at risk of theirs."""

    reason: str
    users: int
    amount: float


@dataclass(frozen=True)
class PastWeek:
    """What an earlier snapshot showed, and this one: users with an alarm, their value at risk, reasons, plan."""

    snapshot: date
    alarms: int
    amount: float
    reasons: Mapping[str, int]
    messages: int | None
    cost: float | None


@dataclass(frozen=True)
class Stopped:
    """A treatment proven to lose money: margin per user with its interval, and whether the plan leaves it out."""

    treatment: str
    margin: float
    low: float
    high: float
    is_stopped: bool


@dataclass(frozen=True)
class Facts:
    """Of one snapshot. `valid_until`: when the planned messages expire. `tenures`: by how long users are known, how
    many are scored, and how many have each reason. `settings_changed`: name, value before and now, since the snapshot
    before; None where those are not known. `definitions`: share of churners by each definition of churn on the
    newest slice that has matured.
    """

    snapshot: date
    population: Population
    movement: Movement | None
    plan: Plan
    valid_until: datetime | None
    samples: Sequence[SampledArm]
    left_alone: Sequence[LeftAlone]
    reasons: Sequence[ReasonCount]
    tenures: Sequence[tuple[str, int, Mapping[str, int]]]
    weeks: Sequence[PastWeek]
    effects: Sequence[ArmEffect]
    programme: Programme | None
    stopped: Sequence[Stopped]
    weeks_to_show: Sequence[tuple[float, float]]
    models: Sequence[Ranked]
    calibration_error: float | None
    model: ModelChoice | None
    past: Sequence[Past]
    expected: Expected | None
    warned: Warned | None
    sources: Sequence[DataSource]
    drifted: Sequence[str]
    definitions: Sequence[tuple[str, float]]
    churn_definition: str
    horizon_days: int
    value_days: int
    has_consents: bool
    settings_changed: Sequence[tuple[str, str, str]] | None
    compared: Compared = field(default_factory=Compared)


def facts_of(workplace: Workplace, snapshot: date) -> Facts:
    """Raises PartitionMissing or PartitionWithheld where the snapshot is not whole."""
    tables, settings = workplace.tables, workplace.settings

    def read(stage: str, table: str) -> pl.DataFrame:
        return tables.read(stage, table, snapshot)

    scored = tables.scan(Stage.SCORING, "scored_users", snapshot).select(COLUMNS)
    ledger = tables.scan(Stage.INTERVENTIONS, "decision_ledger", snapshot)
    outbox = tables.scan(Stage.INTERVENTIONS, "outbox", snapshot)
    measured = read(Stage.EFFECTS, "arm_effects")
    before = tables.newest_before(Stage.SCORING, "scored_users", snapshot)
    comparison = read(Stage.TRAINING, "model_comparison")
    newest = newest_rows(workplace, snapshot)
    return Facts(
        snapshot=snapshot,
        population=population_of(scored, snapshot),
        movement=movement(scored, tables.scan(Stage.SCORING, "scored_users", before), before) if before else None,
        plan=_plan(workplace, snapshot, ledger, measured),
        valid_until=outbox.select(pl.col("expires_at").min()).collect().item(),
        samples=sampled_arms(outbox, ledger),
        left_alone=left_alone(ledger),
        reasons=_reasons(read(Stage.MONITORING, "reason_summaries")),
        tenures=_tenures(read(Stage.MONITORING, "reason_summaries")),
        weeks=_weeks(workplace, snapshot),
        effects=arm_effects(measured, read(Stage.EFFECTS, "experiment_readout"), _returns(workplace, snapshot)),
        programme=programme(read(Stage.EFFECTS, "program_effects")),
        stopped=_stopped(read(Stage.INTERVENTIONS, "stopped_arms")),
        weeks_to_show=holdout_weeks(read(Stage.EFFECTS, "experiment_power"), settings.churn.horizon_days),
        models=ranked_models(comparison),
        calibration_error=calibration_error(comparison),
        model=model_choice(read(Stage.TRAINING, "model_promotions")),
        past=past_scores(read(Stage.MONITORING, "model_performance")),
        expected=expected_of(read(Stage.MONITORING, "performance_estimates")),
        warned=warned_of(read(Stage.TRAINING, "warned_churners")),
        sources=data_sources(newest, refused_rows(workplace, snapshot)),
        drifted=drifted_features(read(Stage.MONITORING, "feature_drift")),
        definitions=_definitions(read(Stage.MONITORING, "churn_definitions")),
        churn_definition=settings.churn.definition,
        horizon_days=settings.churn.horizon_days,
        value_days=settings.scoring.value_days,
        has_consents=newest["consents"][0],
        settings_changed=_settings_changed(workplace, snapshot, before),
        compared=compared_at(workplace, snapshot),
    )


def _plan(workplace: Workplace, snapshot: date, ledger: pl.LazyFrame, measured: pl.DataFrame) -> Plan:
    tables, decisions = workplace.tables, workplace.settings.decisions
    policies = tables.read(Stage.INTERVENTIONS, "policy_comparison", snapshot)
    prices = tables.read(Stage.INTERVENTIONS, "limit_prices", snapshot).filter(pl.col("limit") == "budget")
    sides = ledger.select(pl.col("is_holdout").sum(), pl.col("is_exploration").sum()).collect().row(0)
    earlier = tables.newest_before(Stage.INTERVENTIONS, "decision_ledger", snapshot)
    before = None
    if earlier:
        before = (earlier, *treatments_of(tables.scan(Stage.INTERVENTIONS, "decision_ledger", earlier)))
    columns = ("policy", "users_acted_on", "expected_gain_amount", "expected_cost_amount", "is_used")
    return Plan(
        PolicyPromotions(workplace.record).in_force(snapshot, decisions).policy,
        planned_arms(ledger, segments_planned(workplace, snapshot), decisions.arms, measured_effects(measured)),
        prices.select("most", "used", "price_amount").row(0) if prices.height else None,
        policies.select(columns).sort("expected_gain_amount", descending=True).rows(),
        int(sides[0] or 0),
        int(sides[1] or 0),
        before,
    )


def _returns(workplace: Workplace, snapshot: date) -> pl.DataFrame:
    """Empty of a snapshot that was made before 2026-11-29, which has none."""
    table = (Stage.EFFECTS, "return_on_spend")
    is_made = workplace.tables.find(*table, snapshot) is not None
    return workplace.tables.read(*table, snapshot) if is_made else ReturnOnSpend.empty()


def _settings_changed(
    workplace: Workplace, snapshot: date, before: date | None
) -> Sequence[tuple[str, str, str]] | None:
    table = (Stage.MONITORING, "settings_used")
    if before is None or workplace.tables.find(*table, before) is None:
        return None
    then, now = (
        dict(workplace.tables.read(*table, day).select("setting", "value").rows()) for day in (before, snapshot)
    )
    return [(name, then[name], now[name]) for name in now if name in then and then[name] != now[name]]


def _reasons(summaries: pl.DataFrame) -> list[ReasonCount]:
    """What the company can act on, of users with an alarm, most users first."""
    rows = (
        summaries.filter(
            pl.col("kind") == "actionable", pl.col("dimension") == "risk_tier", pl.col("segment").is_in(ALARMS)
        )
        .group_by("reason_group", maintain_order=True)
        .agg(pl.col("users", "value_at_risk_amount").sum())
        .sort("users", "reason_group", descending=[True, False])
    )
    return [ReasonCount(*row) for row in rows.iter_rows()]


def _tenures(summaries: pl.DataFrame) -> list[tuple[str, int, Mapping[str, int]]]:
    """The shortest first; users of unknown tenure last."""
    rows = summaries.filter(pl.col("kind") == "actionable", pl.col("dimension") == "tenure")
    order = {name: place for place, name in enumerate(TENURES)}
    parts = rows.partition_by("segment", maintain_order=True)
    parts.sort(key=lambda part: order.get(part.item(0, "segment"), len(order)))
    return [
        (part.item(0, "segment"), part.item(0, "segment_users"), dict(part.select("reason_group", "users").iter_rows()))
        for part in parts
    ]


def _weeks(workplace: Workplace, snapshot: date) -> list[PastWeek]:
    """Oldest first, the snapshot itself last."""
    tables = workplace.tables
    days = [*tables.snapshots_before(Stage.SCORING, "scored_users", snapshot)[-(MOST_WEEKS - 1) :], snapshot]
    weeks = []
    for day in days:
        if tables.find(Stage.MONITORING, "reason_summaries", day) is None:
            continue
        has_alarm = pl.col("risk_tier").is_in(ALARMS)
        alarms, amount = (
            tables.scan(Stage.SCORING, "scored_users", day)
            .filter(has_alarm)
            .select(pl.len(), pl.col("value_at_risk_amount").sum())
            .collect()
            .row(0)
        )
        reasons = {each.reason: each.users for each in _reasons(tables.read(Stage.MONITORING, "reason_summaries", day))}
        messages, cost = None, None
        if tables.find(Stage.INTERVENTIONS, "decision_ledger", day) is not None:
            treatments, cost = treatments_of(tables.scan(Stage.INTERVENTIONS, "decision_ledger", day))
            messages = sum(treatments.values())
        weeks.append(PastWeek(day, alarms, amount, reasons, messages, cost))
    return weeks


def _stopped(arms: pl.DataFrame) -> list[Stopped]:
    columns = ("treatment", "margin_effect_amount", "margin_low_amount", "margin_high_amount", "is_stopped")
    return [Stopped(*row) for row in arms.select(columns).iter_rows()]


def _definitions(definitions: pl.DataFrame) -> list[tuple[str, float]]:
    """Churners of 1 by each definition, on the newest slice."""
    rates = definitions.filter(
        pl.col("measure") == "base_rate", pl.col("slice_date").is_not_null(), pl.col("value").is_not_null()
    )
    newest = rates.filter(pl.col("slice_date") == pl.col("slice_date").max()).sort("definition")
    return [(name, float(value)) for name, value in newest.select("definition", "value").iter_rows()]


def matures_on(facts: Facts, gap_days: int) -> date:
    """The day on which it is known what came of the snapshot's scores."""
    return facts.snapshot + timedelta(days=gap_days + facts.horizon_days)
