"""What a snapshot's plan does, for whom, at what cost, and what it earns as assumed and as measured."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

import polars as pl

from churn_assets.catalogue.arms import Arm, treatment_of
from churn_assets.contracts.decision_ledger import NO_ARM
from churn_assets.report.estimate import Estimate, by_treatment

MOST_NAMED = 2  # reasons and segments of an arm's users, the most frequent first


@dataclass(frozen=True)
class Measured:
    """What finished weeks say of a treatment. `kept`: churners kept, as a share of churners; `margin`: per user, after
    sending and coupons.
    """

    weeks: int
    users: int
    control_users: int
    kept: Estimate | None
    margin: Estimate | None


@dataclass(frozen=True)
class PlannedArm:
    """`assumed_kept`: share of churners kept by the catalogue; `gain`, `cost`: expected by the plan."""

    treatment: str
    arm: str
    level: str | None
    channel: str | None
    users: int
    cost: float
    gain: float
    assumed_kept: float | None
    measured: Measured | None
    reasons: Sequence[tuple[str, int]]
    segments: Sequence[tuple[str, int]]

    @property
    def profit_measured(self) -> Estimate | None:
        """Margin of these users in the window, after sending and coupons, if they are like those measured."""
        return self.measured.margin.times(self.users) if self.measured and self.measured.margin else None

    @property
    def is_assumption_refuted(self) -> bool:
        """Whether what is assumed lies outside what was measured."""
        kept = self.measured.kept if self.measured else None
        return kept is not None and self.assumed_kept is not None and not kept.low <= self.assumed_kept <= kept.high


@dataclass(frozen=True)
class Plan:
    """`policies`: by name (users, gain, cost, is_used); `budget`: (most, used, what one unit more earns)."""

    policy: str
    arms: Sequence[PlannedArm]
    budget: tuple[float, float, float] | None
    policies: Sequence[tuple[str, int, float, float, bool]]
    holdout: int
    by_chance: int
    before: tuple[date, Mapping[str, int], float] | None

    @property
    def users(self) -> int:
        return sum(arm.users for arm in self.arms)

    @property
    def cost(self) -> float:
        return sum(arm.cost for arm in self.arms)

    @property
    def gain(self) -> float:
        return sum(arm.gain for arm in self.arms)


@dataclass(frozen=True)
class LeftAlone:
    """Users of one reason to be left alone, with the value at risk of theirs."""

    why: str
    users: int
    amount: float


def measured_effects(effects: pl.DataFrame) -> dict[str, Measured]:
    """By treatment. `effects`: effects.arm_effects of the snapshot. An effect on the share who stay is one on churners:
    who would have stayed anyway cannot be kept.
    """
    measured = {}
    for treatment, by_metric in by_treatment(effects):
        retained = by_metric["retained"]
        churners = 1 - (retained["control_mean"] or 0.0)
        kept = Estimate.of(retained)
        measured[treatment] = Measured(
            retained["weeks"],
            retained["users"],
            retained["control_users"],
            kept.times(1 / churners) if kept and churners > 0 else None,
            Estimate.of(by_metric.get("margin_amount")),
        )
    return measured


def planned_arms(
    ledger: pl.LazyFrame, segments: pl.DataFrame, catalogue: Sequence[Arm], measured: Mapping[str, Measured]
) -> list[PlannedArm]:
    """By gain, the largest first. `ledger`: decision_ledger; `segments`: arm, level, segment, users of the plan."""
    acted = ledger.filter(pl.col("arm") != NO_ARM)
    rows = (
        acted.group_by("arm", "level", maintain_order=True)
        .agg(
            pl.col("channel").first(), pl.len().alias("users"),
            pl.col("expected_cost_amount").sum(), pl.col("expected_gain_amount").sum(),
        )
        .sort(pl.col("expected_gain_amount"), "arm", "level", descending=[True, False, False])
        .collect()
    )  # fmt: skip
    reasons = acted.group_by("arm", "level", "reason", maintain_order=True).agg(pl.len().alias("users")).collect()
    assumed = {treatment_of(arm.arm, level.level): level.assumed_lift for arm in catalogue for level in arm.strengths()}
    return [
        PlannedArm(
            treatment_of(arm, level), arm, level, channel, users, cost, gain,
            assumed.get(treatment_of(arm, level)), measured.get(treatment_of(arm, level)),
            _most_frequent(reasons, arm, level, "reason"), _most_frequent(segments, arm, level, "segment"),
        )
        for arm, level, channel, users, cost, gain in rows.iter_rows()
    ]  # fmt: skip


def _most_frequent(counts: pl.DataFrame, arm: str, level: str | None, column: str) -> list[tuple[str, int]]:
    rows = counts.filter(pl.col("arm") == arm, pl.col("level").eq_missing(pl.lit(level)), pl.col(column).is_not_null())
    top = rows.sort("users", column, descending=[True, False]).head(MOST_NAMED)
    return [(str(name), int(users)) for name, users in top.select(column, "users").iter_rows()]


def left_alone(ledger: pl.LazyFrame) -> list[LeftAlone]:
    """By reason, most users first."""
    rows = (
        ledger.filter(pl.col("arm") == NO_ARM)
        .group_by(pl.col("binding_constraint").fill_null("no_gain"), maintain_order=True)
        .agg(pl.len(), pl.col("value_at_risk_amount").sum())
        .collect()
        .sort("len", "binding_constraint", descending=[True, False])
    )
    return [LeftAlone(*row) for row in rows.iter_rows()]


def treatments_of(ledger: pl.LazyFrame) -> tuple[dict[str, int], float]:
    """(users by treatment, cost) of a plan."""
    acted = ledger.filter(pl.col("arm") != NO_ARM)
    rows = (
        acted.group_by("arm", "level", maintain_order=True)
        .agg(pl.len(), pl.col("expected_cost_amount").sum())
        .sort("arm", "level")
    )
    counts = [(treatment_of(arm, level), users, cost) for arm, level, users, cost in rows.collect().iter_rows()]
    return {name: users for name, users, _ in counts}, sum(cost for *_, cost in counts)
