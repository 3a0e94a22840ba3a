"""How long it takes to learn effects for a million users, and to read a year of weekly plans: CPU, clock and memory.

`python -m benchmarks.effects_speed [--users N] [--weeks N] [--planned N]`: made-up users through the functions that the
assets call; what the assets read from the warehouse is not in it.
"""

from __future__ import annotations

import argparse
import resource
import time
from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Any

import numpy as np
import polars as pl
from rich.console import Console
from rich.table import Table

from churn_assets.effects.arm_effects import arm_effects
from churn_assets.effects.assignments import TRAITS, ledger_assignments, ledger_traits
from churn_assets.effects.compared_users import compared_users
from churn_assets.effects.group_effects import group_effects
from churn_assets.effects.known_users import known_users
from churn_assets.effects.policy_readout import policy_readout
from churn_assets.effects.profile import NAMES
from churn_assets.effects.readout import readout
from churn_assets.effects.uplift_curves import uplift_curves
from churn_assets.effects.user_effects import uplift_comparison, user_effects

ARMS = ("coupon_10", "points", "reminder")
TREATED_SHARE, HOLDOUT_SHARE, USUAL_SHARE = 0.9, 0.1, 0.2
WINDOW_DAYS = 28
RECORDED = ("orders", "contacts", "consents", "returns", "support_tickets")
FIRST = date(2025, 1, 6)


def outcomes(random: np.random.Generator, keys: pl.DataFrame) -> pl.DataFrame:
    """Contract AllOutcomes, for rows of campaign and user_id."""
    rows = keys.height
    orders, before = random.poisson(0.4, rows), random.poisson(0.5, rows)
    return keys.select("campaign", "user_id").with_columns(
        spent_amount=pl.Series(orders * random.lognormal(3.8, 0.5, rows)),
        orders_count=pl.Series(orders),
        returned_amount=pl.lit(0.0),
        redeemed_amount=pl.Series((random.random(rows) < 0.1) * 10.0),
        contact_cost_amount=pl.lit(0.02),
        clicks_count=pl.Series(random.poisson(0.1, rows)),
        objections_count=pl.Series(random.poisson(0.01, rows)),
        tickets_count=pl.Series(random.poisson(0.02, rows)),
        satisfaction=pl.lit(None, pl.Float64),
        orders_before_count=pl.Series(before),
        spent_before_amount=pl.Series(before * 50.0),
    )


def learned(users: int) -> pl.DataFrame:
    """`known_users` with profiles: every user was meant for one of ARMS in one of eight weeks."""
    random = np.random.default_rng(1)
    arm, week = random.integers(0, len(ARMS), users), random.integers(0, 8, users)
    compared = pl.DataFrame(
        {
            "treatment": np.array(ARMS)[arm],
            "campaign": [f"w{number}/{name}" for number, name in zip(week, arm, strict=True)],
            "user_id": [f"u{number}" for number in range(users)],
            "is_treated": random.random(users) < TREATED_SHARE,
            "propensity": TREATED_SHARE,
            "assigned_at": datetime(2025, 1, 6),
        }
    ).with_columns(stratum="campaign")
    known = known_users(compared, outcomes(random, compared), margin_share=0.3)
    return known.with_columns(**{name: pl.Series(random.normal(0, 1, users)) for name in NAMES})


def plans(users: int, weeks: int, planned: int) -> tuple[list[pl.DataFrame], pl.DataFrame]:
    """(decision ledgers of the users for whom an arm was intended, as far as effects read them; policy sides)."""
    random = np.random.default_rng(2)
    side_of_user = random.random(users)
    ledgers, sides = [], []
    for week in range(weeks):
        day = FIRST + timedelta(weeks=week)
        user = random.choice(users, planned, replace=False)
        arm = np.array(ARMS)[random.integers(0, len(ARMS), planned)]
        is_held = side_of_user[user] < HOLDOUT_SHARE
        ids = [f"u{number}" for number in user]
        ledgers.append(
            pl.DataFrame(
                {
                    "user_id": ids, "snapshot_date": day, "policy_version": "learned-01234567",
                    "arm": np.where(is_held, "none", arm), "intended_arm": arm, "reason": "price",
                    "propensity": np.where(is_held, HOLDOUT_SHARE, 1 - HOLDOUT_SHARE), "is_exploration": False,
                    "churn_probability": random.random(planned),
                    "value_at_risk_amount": random.exponential(50, planned),
                    "decided_at": datetime.combine(day, datetime.min.time()),
                }
            ).with_columns(level=pl.lit(None, pl.String), intended_level=pl.lit(None, pl.String))
        )  # fmt: skip
        is_usual = ~is_held & (side_of_user[user] < HOLDOUT_SHARE + (1 - HOLDOUT_SHARE) * USUAL_SHARE)
        side = np.select([is_held, is_usual], ["holdout", "usual"], "policy")
        chance = np.select([is_held, is_usual], [HOLDOUT_SHARE, 0.9 * USUAL_SHARE], 0.9 * (1 - USUAL_SHARE))
        drawn = {"user_id": ids, "snapshot_date": day, "side": side, "propensity": chance, "campaign": f"{day}"}
        sides.append(pl.DataFrame(drawn))
    return ledgers, pl.concat(sides)


def readouts(ledgers: list[pl.DataFrame], sides: pl.DataFrame, weeks: int) -> None:
    """All that is read of the plans, but for the reading of outcomes."""
    random, snapshot = np.random.default_rng(3), FIRST + timedelta(weeks=weeks + 5)
    assigned = pl.concat([ledger_assignments(ledger) for ledger in ledgers])
    made = outcomes(random, assigned)
    readout(assigned, made, window_days=WINDOW_DAYS, snapshot=snapshot)
    compared = compared_users(assigned, snapshot, WINDOW_DAYS)
    traits = ledger_traits(ledgers, []).select(list(TRAITS))
    known = known_users(compared.rows, made, margin_share=0.3, traits=traits)
    arm_effects(known, snapshot=snapshot, window_days=WINDOW_DAYS, recorded=RECORDED)
    segment = pl.col("user_id").str.len_chars().cast(pl.String)
    arms = {arm: arm for arm in ARMS}
    group_effects(
        known.with_columns(segment=segment), arms, dict.fromkeys(ARMS, "email"), snapshot=snapshot,
        window_days=WINDOW_DAYS, recorded=RECORDED,
    )  # fmt: skip
    dated = sides.with_columns(assigned_at=pl.col("snapshot_date").cast(pl.Datetime("us")))
    read = known_users(dated, outcomes(random, sides), margin_share=0.3)
    policy_readout(read, read.clear(), snapshot=snapshot, window_days=WINDOW_DAYS, recorded=RECORDED)


def measured(step: Callable[[], Any]) -> tuple[Any, float, float]:
    """(result, CPU seconds of this process, seconds by the clock)."""
    started, clock = time.process_time(), time.perf_counter()
    result = step()
    return result, time.process_time() - started, time.perf_counter() - clock


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--users", type=int, default=1_000_000)
    parser.add_argument("--weeks", type=int, default=52)
    parser.add_argument("--planned", type=int, default=20_000, help="users for whom a week's plan intends an arm")
    chosen = parser.parse_args()
    today = FIRST + timedelta(weeks=60)
    known = learned(chosen.users)
    now = known.select("user_id", *NAMES)
    table = Table("step", "CPU seconds", "seconds", "peak memory so far, GB")

    def row(name: str, step: Callable[[], Any]) -> None:
        _, cpu, clock = measured(step)
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
        table.add_row(name, f"{cpu:.1f}", f"{clock:.1f}", f"{peak:.2f}")

    row(f"user_effects, {chosen.users:,} users, {len(ARMS)} arms", lambda: user_effects(known, now, ARMS, today))
    row("uplift_comparison of these", lambda: uplift_comparison(known, today))
    row("uplift_curves of these", lambda: uplift_curves(known, today))
    ledgers, sides = plans(chosen.users, chosen.weeks, chosen.planned)
    row(
        f"readouts of {chosen.weeks} weeks, {chosen.planned:,} users meant a week",
        lambda: readouts(ledgers, sides, chosen.weeks),
    )
    Console().print(table)


if __name__ == "__main__":
    main()
