"""Half a year of decisions in simulated worlds: what each policy earns when its own messages change the world.

`python -m benchmarks.closed_loop [--users N] [--worlds N] [--weeks N] [--kind ...]`. Every world first lives through 78
weeks with its own random campaigns; then copies of it are run under nothing, the riskiest first, the policies rules,
value and learned (decisions.decide, with budget, consents and cool-down), and an oracle that knows every user's
expected effect. Profit is the margin in what was bought less coupons redeemed and sending, beyond the same world under
nothing; intervals are over worlds (t). What is learned comes from the random campaigns and from the policy's own
holdout and exploration.
"""

from __future__ import annotations

import argparse
import copy
import json
from collections.abc import Collection, Mapping
from datetime import date
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure
from rich.console import Console
from rich.progress import track
from rich.table import Table
from scipy import stats

from benchmarks.loop_policies import POLICIES, TREATMENTS
from benchmarks.loop_world import LivingShop
from churn_assets.shop import ShopSettings
from churn_assets.shop.arrays import Floats
from churn_assets.shop.campaigns import Response

END, HISTORY_WEEKS = date(2026, 11, 16), 78
BUDGET_PER_USER = 0.05  # currency per week, of all users: 1,000 a week at 20,000
HALF_TIME = "the coupon harms from half-time on"
COLD_START = "no campaigns before"
COLD_AND_HARMED = "no campaigns before, and the coupon harms"
HARM = Response(-0.25, 0.1, 0.8, 0.3)
WORLDS: Mapping[str, dict[str, Response]] = {
    "as it is": {},
    "nobody differs": {
        "coupon_10": Response(0.15, 1e-6, 1.0, 0.0), "reminder_email": Response(0.05, 1e-6, 1.0, 0.0),
    },
    "the coupon harms": {"coupon_10": HARM},
    COLD_AND_HARMED: {"coupon_10": HARM},
}  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--users", type=int, default=20_000)
    parser.add_argument("--worlds", type=int, default=5)
    parser.add_argument("--weeks", type=int, default=26)
    parser.add_argument("--policies", nargs="*", choices=list(POLICIES), default=list(POLICIES), help="Which of them.")
    parser.add_argument("--kind", choices=[*WORLDS, HALF_TIME, COLD_START], nargs="*", default=["as it is"])
    parser.add_argument("--curves", type=Path, help="Write the money over weeks of each policy here, as JSON.")
    parser.add_argument("--plot", type=Path, help="Draw them here (SVG or PNG); with --from-curves of an earlier run.")
    parser.add_argument("--from-curves", type=Path, help="Draw these, and simulate nothing.")
    chosen = parser.parse_args()
    if chosen.from_curves:
        draw(json.loads(chosen.from_curves.read_text()), chosen.plot)
        return
    for kind in chosen.kind:
        worlds = [
            in_one_world(chosen.users, seed, chosen.weeks, kind, {"nothing", "value", "oracle", *chosen.policies})
            for seed in track(range(chosen.worlds), description=f"{kind} ...")
        ]
        Console().print(
            _table(f"{kind}: {chosen.worlds} worlds of {chosen.users:,} users, {chosen.weeks} weeks", worlds)
        )
        if chosen.curves:
            money = {name: np.mean([w[name]["profit"].cumsum() for w in worlds], axis=0).tolist() for name in worlds[0]}
            chosen.curves.write_text(json.dumps(money))
            if chosen.plot:
                draw(money, chosen.plot)


def draw(money: Mapping[str, list[float]], file: Path) -> None:
    """Money over weeks, a line per policy, named at its end."""
    figure = Figure(figsize=(8, 4.2), layout="constrained")
    axes = figure.subplots()
    ends = sorted(money, key=lambda name: money[name][-1])
    least = 0.045 * max(values[-1] for values in money.values())
    height = -np.inf
    for name in ends:
        values = [0.0, *money[name]]
        (line,) = axes.plot(range(len(values)), values, linewidth=2.5 if name == "learned" else 1.5)
        height = max(values[-1], height + least)  # names of lines that end together are set apart
        axes.annotate(
            f"{name}  {values[-1]:,.0f}", (len(values) - 1, height), xytext=(6, 0), textcoords="offset points",
            va="center", color=line.get_color(), annotation_clip=False,
        )  # fmt: skip
    axes.set_title("What a plan that learns earns, beyond sending nothing", loc="left")
    axes.set_xlabel("weeks")
    axes.set_ylabel("profit, all users together")
    axes.yaxis.set_major_formatter("{x:,.0f}")
    axes.set_xlim(0, len(values) - 1)
    axes.spines[["top", "right"]].set_visible(False)
    figure.savefig(file, dpi=150)


def in_one_world(
    users: int, seed: int, weeks: int, kind: str, policies: Collection[str] = tuple(POLICIES)
) -> dict[str, dict[str, Floats]]:
    """By policy: profit per week beyond `nothing`, and figures of the end."""
    settings = ShopSettings(end=END, users=users, weeks=HISTORY_WEEKS + weeks, seed=seed)
    has_campaigns = kind not in (COLD_START, COLD_AND_HARMED)
    past = LivingShop(settings, HISTORY_WEEKS, dict(WORLDS.get(kind, {})), has_campaigns=has_campaigns)
    for _ in range(HISTORY_WEEKS):
        past.live()
    shops = {name: copy.deepcopy(past) for name in POLICIES if name in policies}
    for name, shop in shops.items():
        for week in range(weeks):
            if kind == HALF_TIME and week == weeks // 2:
                shop.change = dict(WORLDS["the coupon harms"])
            mailing = POLICIES[name](shop, BUDGET_PER_USER * users)
            if mailing is not None:
                shop.send(mailing)
            shop.live()
    nothing = shops["nothing"].profit()[HISTORY_WEEKS:]
    return {
        name: {
            "profit": shop.profit()[HISTORY_WEEKS:] - nothing,
            "retained": np.array([shop.retained_share()]),
            "contacts": np.array([_contacts(shop)]),
        }
        for name, shop in shops.items()
    }  # fmt: skip


def _contacts(shop: LivingShop) -> int:
    """Messages since the policies began."""
    return sum(int(np.isin(sent.arm, TREATMENTS).sum()) for sent in shop.mailings if sent.week >= HISTORY_WEEKS)


def _table(title: str, worlds: list[dict[str, dict[str, Floats]]]) -> Table:
    table = Table(
        "policy", "profit beyond nothing", "of the oracle's", "beyond value", "kept share", "messages", title=title
    )
    totals = {name: np.array([world[name]["profit"].sum() for world in worlds]) for name in worlds[0]}
    oracle = totals["oracle"].mean()
    for name, total in totals.items():
        table.add_row(
            name, _interval(total), f"{total.mean() / oracle:.0%}" if oracle else "-",
            _interval(total - totals["value"]),
            f"{np.mean([world[name]['retained'][0] for world in worlds]):.1%}",
            f"{np.mean([world[name]['contacts'][0] for world in worlds]):,.0f}",
        )  # fmt: skip
    return table


def _interval(values: Floats) -> str:
    if len(values) < 2 or not values.std():
        return f"{values.mean():,.0f}"
    reach = stats.t.ppf(0.975, len(values) - 1) * values.std(ddof=1) / np.sqrt(len(values))
    return f"{values.mean():,.0f} [{values.mean() - reach:,.0f}, {values.mean() + reach:,.0f}]"


if __name__ == "__main__":
    main()
