"""What plans earned against what else could have been done, for which groups arms work and when, which policy may be
next.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import pandera.polars as pa
import polars as pl

from churn_assets.contracts.group_effects import ANY, GroupEffects
from churn_assets.contracts.policy_promotions import PolicyPromotions
from churn_assets.contracts.policy_readout import AGAINST, PolicyReadout
from churn_assets.contracts.slot_effects import DIMENSIONS, SlotEffects
from churn_assets.report.estimate import Estimate
from churn_assets.stages import Stage
from churn_assets.workplace import Workplace

METRIC = "margin_amount"  # after coupons and sending: what a plan is made for
MOST_GROUPS = 12  # of segments; the others are in the table


@dataclass(frozen=True)
class AgainstSide:
    """Profit per user and window beyond that of a side (holdout, random, usual). The verdict is that of the
    interval that may be read every week, which is wider.
    """

    against: str
    weeks: int
    users: int
    against_users: int
    margin: Estimate | None
    verdict: str


@dataclass(frozen=True)
class Group:
    """Profit per user of an arm, a channel or a segment (`dimension`); `treatment`: None for all arms together."""

    dimension: str
    segment: str
    treatment: str | None
    users: int
    control_users: int
    margin: Estimate
    verdict: str


@dataclass(frozen=True)
class Slot:
    """Messages sent in a part of the week (`segment` of `dimension`) against others that could have been. Shares of
    users, and profit per user; None where it is not known. `verdict`: of what is opened. `in_slot`: of these messages,
    the share that went out in the slot that was drawn.
    """

    dimension: str
    segment: str
    messages: int
    others: int
    opened: Estimate | None
    visited: Estimate | None
    retained: Estimate | None
    margin: Estimate | None
    verdict: str
    in_slot: float | None


@dataclass(frozen=True)
class Compared:
    """`policies`: each with its status (contract PolicyPromotions)."""

    sides: Sequence[AgainstSide] = ()
    groups: Sequence[Group] = ()
    policies: Sequence[tuple[str, str]] = ()
    slots: Sequence[Slot] = ()


def compared_at(workplace: Workplace, snapshot: date) -> Compared:
    """Raises PartitionWithheld. A snapshot made before 2026-11-30 has some of the tables not."""

    def read(stage: str, table: str, contract: type[pa.DataFrameModel]) -> pl.DataFrame:
        tables = workplace.tables
        return tables.read(stage, table, snapshot) if tables.find(stage, table, snapshot) else contract.empty()

    return Compared(
        against_sides(read(Stage.EFFECTS, "policy_readout", PolicyReadout)),
        groups_of(read(Stage.EFFECTS, "group_effects", GroupEffects)),
        read(Stage.INTERVENTIONS, "policy_promotions", PolicyPromotions).select("policy", "status").rows(),
        slots_of(read(Stage.EFFECTS, "slot_effects", SlotEffects)),
    )


def against_sides(readout: pl.DataFrame) -> list[AgainstSide]:
    """In the order of AGAINST. `readout`: effects.policy_readout."""
    rows = {row["against"]: row for row in readout.filter(pl.col("metric") == METRIC).iter_rows(named=True)}
    return [
        AgainstSide(side, row["weeks"], row["users"], row["against_users"], Estimate.of(row), row["verdict"])
        for side in AGAINST
        if (row := rows.get(side))
    ]


def groups_of(effects: pl.DataFrame) -> list[Group]:
    """Arms, channels, then at most MOST_GROUPS of segments, proven ones first. `effects`: effects.group_effects."""
    known = effects.filter(pl.col("metric") == METRIC, pl.col("effect_low").is_not_null())
    is_proven = pl.col("verdict").is_in(["better", "worse"])
    by_segment = known.filter(pl.col("dimension") == "segment").sort(
        is_proven, "effect", "segment", "treatment", descending=[True, True, False, False]
    )
    others = [known.filter(pl.col("dimension") == each) for each in ("arm", "channel")]
    rows = pl.concat([*others, by_segment.head(MOST_GROUPS)])
    return [
        Group(
            row["dimension"], row["segment"], None if row["treatment"] == ANY else row["treatment"], row["users"],
            row["control_users"], Estimate(row["effect"], row["effect_low"], row["effect_high"]), row["verdict"],
        )
        for row in rows.iter_rows(named=True)
    ]  # fmt: skip


def slots_of(effects: pl.DataFrame) -> list[Slot]:
    """The user's own best slot, then days and parts of the day in their order. `effects`: effects.slot_effects."""
    by_slot: dict[tuple[str, str], dict[str, dict[str, Any]]] = {}
    for row in effects.iter_rows(named=True):
        by_slot.setdefault((row["dimension"], row["segment"]), {})[row["metric"]] = row
    slots = []
    for dimension, segments in DIMENSIONS.items():
        for segment in segments:
            rows = by_slot.get((dimension, segment))
            if not rows:
                continue
            any_row, opened, in_slot = next(iter(rows.values())), rows.get("opened"), rows.get("in_slot")
            slots.append(
                Slot(
                    dimension, segment, any_row["users"], any_row["control_users"], Estimate.of(opened),
                    Estimate.of(rows.get("visited")), Estimate.of(rows.get("retained")),
                    Estimate.of(rows.get(METRIC)), opened["verdict"] if opened else "unknown",
                    in_slot["mean"] if in_slot else None,
                )
            )  # fmt: skip
    return slots
