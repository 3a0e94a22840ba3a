"""The best option for every user under shared limits, beside the plain linear relaxation by HiGHS.

`python -m benchmarks.knapsack [--users N] [--options N] [--relaxed-users N]`. A budget in cents, places per option,
three channels and two floors; gains grow with the user's value. `optimise`: whole users, never over a limit, with
prices and a bound. `linprog`: the same matrix with divisible users, by scipy, which is a bound and no choice yet. Each
is measured in a process of its own, so that its memory is its own; the ratio is of users per second. Seeded.
"""

from __future__ import annotations

import argparse
import json
import resource
import sys
import time
from subprocess import run

import numpy as np
from rich.console import Console
from rich.table import Table
from scipy.optimize import linprog
from scipy.sparse import csr_array, vstack

from churn_assets.decisions.optimise import optimise
from churn_assets.decisions.problem import Floor, Limit, Problem

SEED = 11
CHANNELS = 3
OPTIMISE, RELAXED = "optimise", "linprog"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--users", type=int, default=1_000_000)
    parser.add_argument("--options", type=int, default=8)
    parser.add_argument("--relaxed-users", type=int, default=20_000)
    parser.add_argument("--part", choices=(OPTIMISE, RELAXED))
    chosen = parser.parse_args()
    if chosen.part is not None:
        print(json.dumps(_measured(chosen.part, _problem(chosen.users, chosen.options))))
        return
    table = Table("", "users", "seconds", "MB", "profit", "bound", "gap", title=f"{chosen.options} options")
    sizes = [(OPTIMISE, chosen.users), (OPTIMISE, chosen.relaxed_users), (RELAXED, chosen.relaxed_users)]
    found = [_row(part, users, chosen.options) for part, users in sizes]
    for (part, users), row in zip(sizes, found, strict=True):
        has_choice = row["profit"] is not None
        table.add_row(
            part,
            f"{users:,}",
            f"{row['seconds']:.2f}",
            f"{row['megabytes']:,.0f}",
            f"{row['profit']:,.0f}" if has_choice else "",
            f"{row['bound']:,.0f}",
            f"{1 - row['profit'] / row['bound']:.1e}" if has_choice else "",
        )
    Console().print(table)
    for row, (_, users) in zip(found[:2], sizes[:2], strict=True):
        ratio = found[2]["seconds"] / chosen.relaxed_users / (row["seconds"] / users)
        Console().print(f"{users:,} users: {ratio:,.0f} x as many per second as {RELAXED}, floors short {row['short']}")


def _row(part: str, users: int, options: int) -> dict[str, float]:
    size = ["--users", str(users), "--options", str(options), "--part", part]
    done = run([sys.executable, "-m", "benchmarks.knapsack", *size], check=True, capture_output=True, text=True)
    return json.loads(done.stdout.splitlines()[-1])  # HiGHS may print lines of its own before


def _measured(part: str, problem: Problem) -> dict[str, float | None]:
    started = time.perf_counter()
    if part == OPTIMISE:
        choice = optimise(problem)
        profit, bound, short = choice.profit, choice.bound, int(choice.short.sum())
        if (problem.used(choice.options) > problem.most).any():
            raise RuntimeError("over a limit")
    else:
        profit, bound, short = None, _relaxed(problem), None
    seconds = time.perf_counter() - started
    megabytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3
    return {"seconds": seconds, "megabytes": megabytes, "profit": profit, "bound": bound, "short": short}


def _relaxed(problem: Problem) -> float:
    users, options = np.nonzero(problem.gains > -np.inf)
    one = csr_array((np.ones(users.size), (users, np.arange(users.size))), shape=(problem.gains.shape[0], users.size))
    rows = vstack([one, csr_array(problem.use[:, options]), csr_array(-problem.members[:, users].astype(int))]).tocsr()
    most = np.concatenate([np.ones(problem.gains.shape[0]), problem.most, -problem.least])
    return -float(linprog(-problem.gains[users, options], A_ub=rows, b_ub=most, method="highs").fun)


def _problem(users: int, options: int) -> Problem:
    random = np.random.default_rng(SEED)
    cents = np.geomspace(2, 1_000, options).astype(int)
    value = random.lognormal(6, 1, users)
    gains = value[:, None] * random.uniform(0, 0.4, (users, options)) * np.sqrt(cents) / 20 - cents
    gains[random.random((users, options)) < 0.2] = -np.inf
    channel = np.arange(options) % CHANNELS
    limits = [Limit("budget", cents, users * 30)]
    limits += [Limit(f"places {arm}", np.eye(options, dtype=int)[arm], users // 10) for arm in range(options)]
    limits += [Limit(f"channel {number}", (channel == number).astype(int), users // 6) for number in range(CHANNELS)]
    floors = (
        Floor("new", random.random(users) < 0.2, users // 8),
        Floor("rich", value > np.quantile(value, 0.9), users // 12),
    )
    return Problem(gains, tuple(limits), floors)


if __name__ == "__main__":
    main()
