"""What waiting for a better week could earn where a user may have one message in four weeks: by the truth of worlds.

`python -m benchmarks.waiting [--users N] [--worlds N]`. Each world lives on for 26 weeks without any message, and every
week the true profit of the best arm on every user who may be written to is taken down (`LivingShop.true_gains`); money
is no limit. Then users are written to in three ways, which all know the true profit of the week: at once, whenever it
is above zero; by the rule of decisions.waiting with a forecast, which waits where what is expected of one of the next
three weeks, times what is then left of the window, is more than the profit now; and by somebody who knows all weeks to
come. The rule knows what becomes of such profits (by twentieths) from the first half; all three are compared on the
second half.
"""

from __future__ import annotations

import argparse

import numpy as np
from rich.console import Console
from rich.progress import track
from rich.table import Table
from scipy import stats

from benchmarks.closed_loop import END, HISTORY_WEEKS
from benchmarks.loop_world import WINDOW_WEEKS, LivingShop
from churn_assets.shop import ShopSettings
from churn_assets.shop.arrays import Floats

WEEKS = 26
TWENTIETHS = 20


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--users", type=int, default=6_000)
    parser.add_argument("--worlds", type=int, default=5)
    chosen = parser.parse_args()
    totals = np.array([_in_one_world(chosen.users, seed) for seed in track(range(chosen.worlds), "worlds ...")])
    table = Table("written to", "profit in 13 weeks", "beyond at once", box=None, pad_edge=False)
    table.title = f"{chosen.worlds} worlds of {chosen.users:,} users, one message in {WINDOW_WEEKS} weeks"
    for name, earned in zip(("at once", "by the rule", "knowing all weeks to come"), totals.T, strict=True):
        share = earned / totals[:, 0] - 1
        reach = stats.t.ppf(0.975, len(share) - 1) * share.std(ddof=1) / np.sqrt(len(share)) if len(share) > 1 else 0.0
        interval = f"{share.mean():+.1%} [{share.mean() - reach:+.1%}, {share.mean() + reach:+.1%}]"
        table.add_row(name, f"{earned.mean():,.0f}", interval)
    Console().print(table)


def _in_one_world(users: int, seed: int) -> tuple[float, float, float]:
    profits = _profits(users, seed)
    first, second = profits[:, : WEEKS // 2], profits[:, WEEKS // 2 :]
    return at_once(second), by_rule(second, first), knowing_all(second)


def _profits(users: int, seed: int) -> Floats:
    """(users, weeks): of the best arm, 0 for whom nobody may write to or it does not pay."""
    settings = ShopSettings(end=END, users=users, weeks=HISTORY_WEEKS + WEEKS, seed=seed)
    shop = LivingShop(settings, HISTORY_WEEKS)
    weeks = []
    for week in range(HISTORY_WEEKS + WEEKS):
        if week >= HISTORY_WEEKS:
            best = np.maximum.reduce(list(shop.true_gains().values()))
            weeks.append(np.where(shop.may_mail() & shop.is_eligible(), np.maximum(best, 0.0), 0.0))
        shop.live()
    return np.array(weeks).T


def at_once(profits: Floats) -> float:
    return _earned(profits, np.zeros(profits.shape, dtype=np.bool_))


def by_rule(profits: Floats, past: Floats) -> float:
    waits = np.zeros(profits.shape, dtype=np.bool_)
    for ahead in range(1, WINDOW_WEEKS):
        edges, later = _expected(past, ahead)
        waits |= later[np.searchsorted(edges, profits)] * (1 - ahead / WINDOW_WEEKS) > profits
    return _earned(profits, waits)


def knowing_all(profits: Floats) -> float:
    users, weeks = profits.shape
    best = np.zeros((users, weeks + WINDOW_WEEKS))
    for week in reversed(range(weeks)):
        best[:, week] = np.maximum(best[:, week + 1], profits[:, week] + best[:, week + WINDOW_WEEKS])
    return float(best[:, 0].sum())


def _earned(profits: Floats, waits: np.ndarray) -> float:
    free_at, earned = np.zeros(len(profits), dtype=np.int64), 0.0
    for week in range(profits.shape[1]):
        is_sent = (free_at <= week) & (profits[:, week] > 0) & ~waits[:, week]
        earned += float(profits[is_sent, week].sum())
        free_at[is_sent] = week + WINDOW_WEEKS
    return earned


def _expected(past: Floats, ahead: int) -> tuple[Floats, Floats]:
    """(edges between twentieths of profits above zero, mean profit of each so many weeks later)."""
    now, later = past[:, :-ahead].ravel(), past[:, ahead:].ravel()
    is_any = now > 0
    edges = np.quantile(now[is_any], np.arange(1, TWENTIETHS) / TWENTIETHS)
    part = np.searchsorted(edges, now[is_any])
    return edges, np.bincount(part, later[is_any], TWENTIETHS) / np.maximum(np.bincount(part, minlength=TWENTIETHS), 1)


if __name__ == "__main__":
    main()
