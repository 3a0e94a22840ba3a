"""What the readout of effects claims, against simulated programmes whose truth is known.

`python -m benchmarks.effects [--worlds N]`. A programme is 12 weeks of 2,000 users, of whom some 600 are meant to be
treated each week, half or four in five of them by chance (by segment, so that propensities differ from user to user).
Users have a rate of their own that lasts; money is heavy-tailed. Each programme is read every week, as it would be.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import polars as pl
from rich.console import Console
from rich.table import Table

from churn_assets.contracts.experiment_readout import SAMPLE_RATIO_THRESHOLD
from churn_assets.effects.always_valid import always_valid_reach
from churn_assets.effects.pooled import PooledEffect, pooled_effect
from churn_assets.effects.remarks import sample_ratio_p_value

WEEKS, USERS, MEANT_SHARE = 12, 2_000, 0.3
SHARES = np.array([0.5, 0.8])  # treated, by segment
METRICS = ("retained", "spent_amount")
COVARIATES = ("orders_before", "spent_before")
# Of 100 users 3 more are kept, and who buys spends as much as others: the effects that are planted.
GAIN = 0.03
MEAN_LOG, SPREAD_LOG = 3.5, 1.2  # of an order: mean 68, standard deviation 121
SPLIT_USERS, SPLIT_SHARE, LEAK_SHARE = 20_000, 0.52, 0.04


@dataclass(frozen=True)
class Programme:
    rows: pl.DataFrame
    true_gain: dict[str, float]


def programme(random: np.random.Generator, gain: float) -> Programme:
    """One world: users with lasting rates and sizes of orders, weeks in which chance decides about those meant."""
    rate = random.beta(2, 3, USERS)
    size = MEAN_LOG + random.normal(0, 0.5, USERS)
    segment = (rate > np.median(rate)).astype(np.int64)  # who buys often is treated more often
    weeks = []
    bought_before = random.random(USERS) < rate
    spent_before = bought_before * np.exp(size + random.normal(0, SPREAD_LOG, USERS))
    for week in range(WEEKS):
        level = 0.05 * np.sin(week)  # some weeks are better for everybody
        meant = random.random(USERS) < MEANT_SHARE
        is_treated = random.random(USERS) < SHARES[segment]
        chance = np.clip(rate + level + gain * (is_treated & meant), 0, 1)
        bought = random.random(USERS) < chance
        spent = bought * np.exp(size + random.normal(0, SPREAD_LOG, USERS))
        users = np.flatnonzero(meant)
        weeks.append(
            pl.DataFrame(
                {
                    "week": week,
                    "stratum": f"week {week}",
                    "user_id": users,
                    "is_treated": is_treated[users],
                    "propensity": SHARES[segment][users],
                    "retained": bought[users].astype(np.float64),
                    "spent_amount": spent[users],
                    "orders_before": bought_before[users].astype(np.float64),
                    "spent_before": spent_before[users],
                }
            )
        )
        bought_before, spent_before = bought, spent
    rows = pl.concat(weeks)
    # Weeks weigh by p (1 - p), and whoever buys more orders for more: the money of the purchases that were gained.
    weight = (rows["propensity"] * (1 - rows["propensity"])).to_numpy()
    users = rows["user_id"].to_numpy()
    worth = np.exp(size[users] + SPREAD_LOG**2 / 2)
    return Programme(rows, {"retained": gain, "spent_amount": gain * float(np.average(worth, weights=weight))})


def looks(rows: pl.DataFrame, metric: str) -> Iterator[tuple[PooledEffect, float]]:
    """The effect as read after each week, and the reach of the always-valid interval."""
    for week in range(WEEKS):
        known = rows.filter(pl.col("week") <= week)
        effect = pooled_effect(known, metric, COVARIATES)
        yield effect, always_valid_reach(effect.error or np.inf, float(known[metric].std()))  # type: ignore[arg-type]


def calm(worlds: int, random: np.random.Generator) -> dict[str, dict[str, float]]:
    """Programmes without any effect: how often something is seen, at the end and at any weekly look."""
    seen: dict[str, list[tuple[bool, bool, bool]]] = {metric: [] for metric in METRICS}
    for _ in range(worlds):
        rows = programme(random, 0.0).rows
        for metric in METRICS:
            read = list(looks(rows, metric))
            weekly = [(effect.p_value or 1.0) < 0.05 for effect, _ in read]
            valid = [abs(effect.effect or 0.0) > reach for effect, reach in read]
            seen[metric].append((weekly[-1], any(weekly), any(valid)))
    names = ("at the end", "at any of 12 looks", "always-valid, at any of 12 looks")
    return {metric: dict(zip(names, np.mean(rows, axis=0).tolist(), strict=True)) for metric, rows in seen.items()}


def planted(worlds: int, random: np.random.Generator) -> dict[str, dict[str, float]]:
    """Programmes with a known effect: how often the interval holds it, how often it is seen, what CUPED saves."""
    read: dict[str, list[tuple[float, float, float, float]]] = {metric: [] for metric in METRICS}
    for _ in range(worlds):
        world = programme(random, GAIN)
        for metric, truth in world.true_gain.items():
            effect = pooled_effect(world.rows, metric, COVARIATES)
            if effect.effect is None or effect.low is None or effect.high is None:
                raise ValueError(f"{metric}: {effect.notes}")  # 7,000 assignments always give an interval
            saved = effect.variance_saved_share or 0.0
            read[metric].append((effect.low <= truth <= effect.high, effect.low > 0, effect.effect - truth, saved))
    names = ("interval holds the truth", "seen", "bias", "variance saved")
    return {metric: dict(zip(names, np.mean(rows, axis=0).tolist(), strict=True)) for metric, rows in read.items()}


def blocked(worlds: int, random: np.random.Generator) -> dict[str, float]:
    """Campaigns stated as half and half: how often the sizes block them, where they were right and where not."""

    def share(treated_share: float, leak: float) -> float:
        return float(np.mean([_is_blocked(random, treated_share, leak) for _ in range(worlds)]))

    return {
        "an honest split": share(0.5, 0.0),
        f"{SPLIT_SHARE:.0%} instead of 50%": share(SPLIT_SHARE, 0.0),
        f"{LEAK_SHARE:.0%} of the treated counted as control": share(0.5, LEAK_SHARE),
    }


def _is_blocked(random: np.random.Generator, treated_share: float, leak: float) -> bool:
    is_treated = (random.random(SPLIT_USERS) < treated_share) & (random.random(SPLIT_USERS) >= leak)
    users = pl.DataFrame({"stratum": 0, "arm": np.where(is_treated, "coupon", "none"), "propensity": 0.5})
    p_value = sample_ratio_p_value(users)
    return p_value is not None and p_value < SAMPLE_RATIO_THRESHOLD


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--worlds", type=int, default=1_000)
    worlds, random, console, start = parser.parse_args().worlds, np.random.default_rng(7), Console(), time.monotonic()
    for title, figures in (
        (f"No effect, {worlds:,} programmes: share in which one is seen", calm(worlds, random)),
        (f"A gain of {GAIN:.0%}, {worlds:,} programmes", planted(worlds, random)),
    ):
        table = Table("metric", *next(iter(figures.values())), title=title, title_justify="left")
        for metric, values in figures.items():
            table.add_row(metric, *(f"{value:.3f}" for value in values.values()))
        console.print(table)
    table = Table("campaign", "blocked", title=f"{worlds:,} campaigns of {SPLIT_USERS:,} users", title_justify="left")
    for name, value in blocked(worlds, random).items():
        table.add_row(name, f"{value:.3f}")
    console.print(table)
    console.print(f"{time.monotonic() - start:.0f} s")


if __name__ == "__main__":
    main()
