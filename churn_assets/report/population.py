"""Who is scored at a snapshot, how much is at stake, and how that has moved since the one before."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

import polars as pl

from churn_assets.contracts.scored_users import ALARMS, IS_ELIGIBLE, RISK_TIERS

COLUMNS = ("user_id", "status", "churn_probability", "risk_tier", "value_at_risk_amount", "model_version")
TENTHS = 10


@dataclass(frozen=True)
class Tier:
    """`churn_share`: mean probability; `amount`: value at risk."""

    name: str
    users: int
    churn_share: float
    amount: float


@dataclass(frozen=True)
class Population:
    """Of one snapshot. `tenths`: eligible users with a churn probability of 0 to 10 %, and so on."""

    snapshot: date
    statuses: Mapping[str, int]
    eligible: int
    churn_share: float | None
    amount: float
    tiers: Sequence[Tier]
    tenths: Sequence[int]
    model_version: str | None

    @property
    def alarms(self) -> int:
        return sum(tier.users for tier in self.tiers if tier.name in ALARMS)

    @property
    def alarm_amount(self) -> float:
        return sum(tier.amount for tier in self.tiers if tier.name in ALARMS)

    @property
    def alarm_churners(self) -> float:
        """Of the users with an alarm those expected to churn."""
        return sum(tier.users * tier.churn_share for tier in self.tiers if tier.name in ALARMS)


@dataclass(frozen=True)
class Movement:
    """Users with an alarm now and at `before`, and where they came from and went. `is_same_model`: scored by one."""

    before: date
    stayed: int
    worsened: int
    came: int
    safer: int
    lapsed: int
    objected: int
    gone: int
    is_same_model: bool

    @property
    def new_alarms(self) -> int:
        return self.worsened + self.came

    @property
    def ended_alarms(self) -> int:
        return self.safer + self.lapsed + self.objected + self.gone


def population_of(scored: pl.LazyFrame, snapshot: date) -> Population:
    """`scored`: scored_users of the snapshot."""
    statuses = dict(scored.group_by("status", maintain_order=True).len().sort("status").collect().iter_rows())
    eligible = scored.filter(IS_ELIGIBLE)
    by_tier = (
        eligible.group_by("risk_tier", maintain_order=True)
        .agg(pl.len(), pl.col("churn_probability").mean(), pl.col("value_at_risk_amount").sum())
        .collect()
    )
    rows = {name: figures for name, *figures in by_tier.iter_rows()}
    tiers = [Tier(name, *rows[name]) for name in RISK_TIERS if name in rows]
    tenth = (pl.col("churn_probability") * TENTHS).floor().clip(0, TENTHS - 1).cast(pl.Int64).alias("tenth")
    tenths = dict(eligible.group_by(tenth, maintain_order=True).len().collect().iter_rows())
    users = sum(tier.users for tier in tiers)
    versions = scored.select(pl.col("model_version").drop_nulls().first()).collect()
    return Population(
        snapshot,
        statuses,
        users,
        sum(tier.users * tier.churn_share for tier in tiers) / users if users else None,
        sum(tier.amount for tier in tiers),
        tiers,
        [tenths.get(place, 0) for place in range(TENTHS)],
        versions.item() if versions.height else None,
    )


def movement(now: pl.LazyFrame, then: pl.LazyFrame, before: date) -> Movement:
    """`now`, `then`: scored_users of a snapshot and of an earlier one, `before`."""
    has_alarm = pl.col("risk_tier").is_in(ALARMS).fill_null(value=False)
    one, other = (frame.select("user_id", "status", has_alarm.alias("alarm"), "model_version") for frame in (now, then))
    pairs = one.join(other, on="user_id", how="full", coalesce=True, suffix="_then")
    alarm, alarm_then = pl.col("alarm").fill_null(value=False), pl.col("alarm_then").fill_null(value=False)
    was_eligible, status = pl.col("status_then") == "eligible", pl.col("status")
    counts = (
        pairs.select(
            stayed=(alarm & alarm_then).sum(),
            worsened=(alarm & ~alarm_then & was_eligible.fill_null(value=False)).sum(),
            came=(alarm & ~alarm_then & ~was_eligible.fill_null(value=False)).sum(),
            safer=(alarm_then & ~alarm & (status == "eligible")).sum(),
            lapsed=(alarm_then & (status == "lapsed")).sum(),
            objected=(alarm_then & (status == "objected")).sum(),
            gone=(alarm_then & (status.is_null() | (status == "new"))).sum(),
            versions=pl.concat_list(
                pl.col("model_version").drop_nulls().first(), pl.col("model_version_then").drop_nulls().first()
            ).first(),
        )
        .collect()
        .row(0, named=True)
    )
    one_version, other_version = counts.pop("versions")
    return Movement(before, is_same_model=one_version == other_version, **counts)
