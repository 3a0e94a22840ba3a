"""What policies truly earn on the simulated shop under one budget: the shop knows each user's answer to each arm.

`python -m benchmarks.policies [--users N] [--budget 1000] [--home DIR]`. A shop is simulated and scored; each policy
chooses among the users it may write to, from what the raw tables show; profit is taken from the truth: expected margin
(decisions.margin_share) of what the arm adds to the next 28 days' spend, less the coupons redeemed and the cost of
sending. Budget and oracle count the same costs: what the catalogue sets aside. The oracle chooses by the true profits,
which nobody can. Intervals: 1,000 bootstrap draws of users.
"""

from __future__ import annotations

import argparse
import os
import tempfile
from datetime import date
from pathlib import Path

import numpy as np
import polars as pl
import yaml
from rich.console import Console
from rich.table import Table

from benchmarks.quality import Floats, churn

SNAPSHOT, WEEKS, BUDGET = date(2026, 6, 1), 78, 1_000.0
SENDING_COST, COUPON = 0.02, 10.0
ARMS = [
    {"arm": "coupon", "channel": "email", "template": "coupon", "offer": "coupon",
     "answers": ["price", "offers", "rhythm"], "levels": [{"level": "10", "cost_amount": 2.5, "assumed_lift": 0.1}]},
    {"arm": "reminder_email", "channel": "email", "template": "reminder", "cost_amount": SENDING_COST,
     "assumed_lift": 0.02},
]  # fmt: skip
TREATMENTS = ("coupon_10", "reminder_email")
DRAWS = 1_000


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--users", type=int, default=20_000)
    parser.add_argument("--budget", type=float, default=BUDGET)
    parser.add_argument("--home", type=Path, help="A home that this benchmark made before.")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        home = chosen.home or Path(folder)
        os.environ["CHURN_HOME"] = str(home)
        if not (home / "warehouse.duckdb").exists():
            home.mkdir(parents=True, exist_ok=True)
            decisions = {"budget_amount": chosen.budget, "holdout_share": 0.0, "arms": ARMS}
            (home / "churn.yaml").write_text(yaml.safe_dump({"decisions": decisions}))
            churn(home, "simulate", "--users", str(chosen.users), "--weeks", str(WEEKS), "--end", str(SNAPSHOT))
            churn(home, "run", "--snapshot", str(SNAPSHOT))
        Console().print(_compared(home, chosen.budget))


def _compared(home: Path, budget: float) -> Table:
    from churn_assets.decisions.decide import decide  # noqa: PLC0415 - the home is settled only now
    from churn_assets.defs.interventions.candidates import candidates_at  # noqa: PLC0415
    from churn_assets.defs.snapshot_assets import Snapshot  # noqa: PLC0415
    from churn_assets.workplace import Workplace  # noqa: PLC0415

    workplace = Workplace(home_path=str(home))
    settings = workplace.settings.decisions.model_copy(update={"budget_amount": budget})
    candidates = candidates_at(Snapshot(SNAPSHOT, workplace, print)).sort("user_id")
    may = candidates["hindrance_email"].is_null().to_numpy()
    truth = _true_profits(home, candidates["user_id"], settings.margin_share)
    costs = np.array([2.5, SENDING_COST])
    table = Table("policy", "acted on", "set aside", "true profit", "2.5 %", "97.5 %", box=None, pad_edge=False)
    table.title = f"{len(candidates):,} eligible users, {may.sum():,} may be written to, budget {budget:,.0f}"
    riskiest = candidates.sort("risk_rank")["user_id"].to_list()
    place = {user: number for number, user in enumerate(riskiest)}
    order = np.argsort([place[user] for user in candidates["user_id"]])
    order = order[may[order]]
    coupons = int(budget // costs[0])
    plans = {
        "nobody": np.full(len(candidates), -1),
        "everyone, a coupon, whatever it costs": np.where(may, 0, -1),
        "everyone, a reminder": np.where(may, 1, -1),
        "highest risk first, a coupon": _given(len(candidates), order[:coupons]),
    }
    for name, policy, tiers in (
        ("rules, tiers urgent and watch", "rules", ("urgent", "watch")),
        ("rules, all tiers", "rules", settings.max_risk_tiers),
        ("value, tiers urgent and watch", "value", ("urgent", "watch")),
        ("value, all tiers", "value", settings.max_risk_tiers),
    ):
        chosen = settings.model_copy(update={"policy": policy, "max_risk_tiers": tiers})
        ledger = decide(candidates, chosen, SNAPSHOT).ledger
        plans[name] = ledger.select(
            pl.col("arm").replace_strict({"coupon": 0, "reminder_email": 1}, default=-1, return_dtype=pl.Int64)
        ).to_series().to_numpy()  # fmt: skip
    plans["the oracle's optimum"] = _oracle(truth, may, costs, budget)
    for name, options in plans.items():
        earned = np.where(options >= 0, truth[np.arange(len(options)), np.maximum(options, 0)], 0.0)
        low, high = _interval(earned)
        spent = costs[options[options >= 0]].sum()
        table.add_row(
            name, f"{(options >= 0).sum():,}", f"{spent:,.0f}", f"{earned.sum():,.0f}", f"{low:,.0f}", f"{high:,.0f}"
        )
    return table


def _true_profits(home: Path, users: pl.Series, margin_share: float) -> Floats:
    """(users, treatments): expected, net of the coupons redeemed and of sending."""
    effects = pl.read_parquet(home / "truth" / "effects" / "*.parquet", hive_partitioning=False)
    who = pl.read_parquet(home / "truth" / "users" / "*.parquet", hive_partitioning=False)
    now = effects.filter(pl.col("snapshot_date") == SNAPSHOT).join(
        who.select("user_id", "promotion_affinity"), on="user_id"
    )
    redeemed = pl.when(pl.col("arm") == "coupon_10").then(
        pl.col("retained_probability") * pl.col("promotion_affinity") * COUPON
    ).otherwise(0.0)  # fmt: skip
    added = pl.col("spend_amount") + redeemed - pl.col("spend_amount_without")  # spend is net of the arm's own coupon
    profit = now.select("user_id", "arm", profit=margin_share * added - redeemed - SENDING_COST)
    columns = [
        users.to_frame().join(profit.filter(pl.col("arm") == arm), on="user_id", how="left", maintain_order="left")
        for arm in TREATMENTS
    ]
    return np.column_stack([column["profit"].to_numpy() for column in columns])


def _oracle(truth: Floats, may: np.ndarray, costs: Floats, budget: float) -> np.ndarray:
    from churn_assets.decisions.optimise import optimise  # noqa: PLC0415
    from churn_assets.decisions.problem import Limit, Problem  # noqa: PLC0415

    gains = np.where(may[:, None] & (truth > 0), truth, -np.inf)
    return optimise(Problem(gains, (Limit("budget", np.round(costs * 100).astype(int), int(budget * 100)),))).options


def _given(users: int, chosen: np.ndarray) -> np.ndarray:
    options = np.full(users, -1)
    options[chosen] = 0
    return options


def _interval(earned: Floats) -> tuple[float, float]:
    chance = np.random.default_rng(7)
    sums = [earned[chance.integers(0, earned.size, earned.size)].sum() for _ in range(DRAWS)]
    low, high = np.quantile(sums, [0.025, 0.975])
    return float(low), float(high)


if __name__ == "__main__":
    main()
