"""What finished campaigns and the whole programme did: one line per week and arm, and all of them together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import polars as pl

from churn_assets.contracts.arm_effects import ALL
from churn_assets.report.estimate import Estimate, by_treatment

MOST_CAMPAIGNS = 12  # lines of a plot; older ones count in the pooled line all the same


@dataclass(frozen=True)
class Week:
    """One campaign of an arm: users more of 100 who bought, against those left alone by chance."""

    name: str
    day: date
    effect: Estimate


@dataclass(frozen=True)
class ArmEffect:
    """`retained`: share of users; `margin`: per user after sending and coupons; each with its verdict. `returned`:
    margin before both per spent on them.
    """

    treatment: str
    weeks: int
    users: int
    control_users: int
    retained: Estimate | None
    margin: Estimate | None
    verdict: str
    margin_verdict: str
    campaigns: Sequence[Week]
    returned: Estimate | None = None


@dataclass(frozen=True)
class Programme:
    """Everybody decided about against the universal holdout, since a day. `*_total`: of all users together."""

    since: date
    users: int
    holdout_users: int
    retained: Estimate | None
    margin: Estimate | None
    margin_total: Estimate | None
    is_proven: bool
    note: str | None


def arm_effects(effects: pl.DataFrame, readout: pl.DataFrame, returns: pl.DataFrame) -> list[ArmEffect]:
    """By treatment. `effects`: effects.arm_effects, `readout`: effects.experiment_readout, `returns`:
    effects.return_on_spend of one snapshot.
    """
    arms, returned = [], _returned(returns)
    for treatment, by_metric in by_treatment(effects):
        retained, margin = by_metric["retained"], by_metric.get("margin_amount")
        arms.append(
            ArmEffect(
                treatment, retained["weeks"], retained["users"], retained["control_users"], Estimate.of(retained),
                Estimate.of(margin), retained["verdict"], margin["verdict"] if margin else "unknown",
                _campaigns(readout, treatment), returned.get(treatment),
            )
        )  # fmt: skip
    return arms


def _returned(returns: pl.DataFrame) -> dict[str, Estimate]:
    rows = returns.filter(pl.col("campaign") == ALL, pl.col("return_low").is_not_null())
    columns = ("treatment", "return_ratio", "return_low", "return_high")
    return {treatment: Estimate(*figures) for treatment, *figures in rows.select(columns).iter_rows()}


def _campaigns(readout: pl.DataFrame, treatment: str) -> list[Week]:
    rows = readout.filter(
        pl.col("arm") == treatment, pl.col("metric") == "retained", pl.col("effect_low").is_not_null()
    ).sort("matures_at", "campaign")
    return [
        Week(row["campaign"], row["matures_at"].date(), Estimate(row["effect"], row["effect_low"], row["effect_high"]))
        for row in rows.tail(MOST_CAMPAIGNS).iter_rows(named=True)
    ]


def programme(effects: pl.DataFrame) -> Programme | None:
    """`effects`: effects.program_effects; None before the first decision has a window."""
    by_metric = {row["metric"]: row for row in effects.iter_rows(named=True)}
    margin, retained = by_metric.get("margin_amount"), by_metric.get("retained")
    if margin is None:
        return None
    total = None
    if margin["total_low"] is not None:
        total = Estimate(margin["total"], margin["total_low"], margin["total_high"])
    low, high = margin["always_valid_low"], margin["always_valid_high"]
    return Programme(
        margin["since_date"], margin["users"], margin["holdout_users"], Estimate.of(retained), Estimate.of(margin),
        total, low is not None and not low <= 0 <= high, margin["note"],
    )  # fmt: skip
