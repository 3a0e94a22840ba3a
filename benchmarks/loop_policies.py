"""What is sent in the closed loop of the simulated shop: by nobody, by risk, by decisions.decide, and by an oracle."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import polars as pl
from sklearn.linear_model import LogisticRegression

from benchmarks.loop_world import LIVELY_WEEKS, MARGIN_SHARE, SENDING_COST, WINDOW_WEEKS, LivingShop, Mailing
from churn_assets.catalogue.arms import Arm
from churn_assets.contracts.channels import CHANNELS
from churn_assets.contracts.decision_ledger import NO_ARM
from churn_assets.decisions.decide import decide
from churn_assets.effects.assignments import ledger_assignments, random_assignments
from churn_assets.effects.compared_users import compared_users
from churn_assets.effects.user_effects import user_effects
from churn_assets.model.tiers import stake_amount
from churn_assets.settings import Decisions
from churn_assets.settings.sections import Scoring
from churn_assets.shop.arrays import Floats, Ints

COUPON_COST = 2.5
ARMS = (
    Arm.model_validate({
        "arm": "coupon", "channel": "email", "template": "coupon", "answers": ["rhythm", "offers"],
        "levels": [{"level": "10", "cost_amount": COUPON_COST, "assumed_lift": 0.10}],
    }),
    Arm.model_validate({
        "arm": "reminder_email", "channel": "email", "template": "reminder", "answers": ["engagement"],
        "cost_amount": SENDING_COST, "assumed_lift": 0.02,
    }),
)  # fmt: skip
TREATMENTS = ("coupon_10", "reminder_email")


def _nothing(_shop: LivingShop, _budget: float) -> None:
    return None


def _risk_first(shop: LivingShop, budget: float) -> Mailing:
    user, churn = at_risk(shop)
    open_users = user[reachable(shop, user)]
    order = np.argsort(-churn[reachable(shop, user)], kind="stable")
    chosen = open_users[order][: int(budget / COUPON_COST)]
    return Mailing(shop.week, ["risk"] * len(chosen), chosen, ["coupon_10"] * len(chosen), np.ones(len(chosen)))


def _oracle(shop: LivingShop, budget: float) -> Mailing:
    """By true expected gain per unit of budget, the better arm of each user."""
    user = np.flatnonzero(shop.is_eligible())
    user = user[reachable(shop, user)]
    truth = shop.true_gains()
    costs = {"coupon_10": COUPON_COST, "reminder_email": SENDING_COST}
    offers = [(truth[arm][user], cost, arm) for arm, cost in costs.items()]
    gain = np.concatenate([gains for gains, _, _ in offers])
    cost = np.repeat([cost for _, cost, _ in offers], len(user))
    order = np.argsort(-gain / cost, kind="stable")
    spent, taken, chosen = 0.0, set(), []
    # Upgrades from the reminder to the coupon are left out: it is a bound from below of what an oracle earns.
    best = np.maximum(*[gains for gains, _, _ in offers])
    for place in order:
        who = place % len(user)
        if gain[place] <= 0 or gain[place] < best[who] or who in taken or spent + cost[place] > budget:
            continue
        spent += cost[place]
        taken.add(who)
        chosen.append((user[who], offers[place // len(user)][2]))
    return Mailing(
        shop.week, ["oracle"] * len(chosen), np.array([u for u, _ in chosen], dtype=np.int64), [a for _, a in chosen],
        np.ones(len(chosen)),
    )  # fmt: skip


def _by(policy: str, **changes: Any) -> Callable[[LivingShop, float], Mailing | None]:
    """A policy for all tiers, without a holdout or anything by chance but what `changes` say."""
    plain = {"holdout_share": 0.0, "random_share": 0.0, "max_risk_tiers": ("urgent", "watch", "small")}
    return _with(policy=policy, **plain | changes)


def _with(**changes: Any) -> Callable[[LivingShop, float], Mailing | None]:
    """The settings as they come, but for `changes`."""

    def choose(shop: LivingShop, budget: float) -> Mailing | None:
        settings = Decisions.model_validate({
            "arms": ARMS, "budget_amount": budget, "margin_share": MARGIN_SHARE, "salt": f"loop{shop.settings.seed}",
            **changes,
        })  # fmt: skip
        candidates, user = candidates_of(shop)
        measured = measured_effects(shop, user) if settings.policy == "learned" else None
        decided = decide(candidates, settings, shop.today, measured=measured)
        by_chance = decided.random_side.with_columns(
            snapshot_date=pl.lit(shop.today), policy_version=pl.lit(decided.ledger.item(0, "policy_version"))
        )
        held_back = decided.held_back.select(
            campaign=pl.lit(f"held back@{shop.today}"), user_id="user_id", arm=pl.lit(NO_ARM), propensity=pl.lit(1.0),
            assigned_at=pl.col("snapshot_date").cast(pl.Datetime("us")),
        )  # fmt: skip
        sides = [ledger_assignments(decided.ledger), random_assignments(by_chance), held_back]
        assigned = pl.concat(sides)
        if assigned.is_empty():
            return None
        user = assigned["user_id"].cast(pl.Int64).to_numpy()
        campaign, arm = assigned["campaign"].to_list(), assigned["arm"].to_list()
        return Mailing(shop.week, campaign, user, arm, assigned["propensity"].to_numpy())

    return choose


def candidates_of(shop: LivingShop) -> tuple[pl.DataFrame, Ints]:
    """decisions.candidates.Candidates of whoever bought within half a year, from what raw tables show."""
    user, churn = at_risk(shop)
    profile = shop.profile(shop.week, user)
    books = shop.books
    back = slice(max(shop.week - LIVELY_WEEKS, 0), shop.week)
    weekly = (books.goods[user, back].sum(axis=1) + 10) / (LIVELY_WEEKS + 4)
    uses_coupons = books.redeemed[user, : shop.week].sum(axis=1) > 0
    is_late = profile["silence"] > np.log1p(28)
    losses = churn * weekly * 13
    reason = np.where(is_late, "rhythm", np.where(uses_coupons, "offers", "engagement"))
    n = len(user)
    nobody: list[str | None] = [None] * n
    hindrance = [None if may else "no_consent" for may in shop.may_mail()[user]]
    cooling = [[] if is_rested else ["coupon", "reminder_email"] for is_rested in _rested(shop, user)]
    return pl.DataFrame(
        {
            "user_id": user.astype(str),
            "snapshot_date": [shop.today] * n,
            "churn_probability": churn,
            "risk_rank": np.argsort(np.argsort(-churn, kind="stable"), kind="stable") + 1,
            # Either kind of alarm may be answered, so which of the two it is makes no difference here.
            "risk_tier": np.where(losses < stake_amount(losses, Scoring()), "small", "urgent"),
            "value_at_risk_amount": losses,
            "reason_1": reason,
            "reason_2": pl.Series([None] * n, dtype=pl.String),
            "reason_3": pl.Series([None] * n, dtype=pl.String),
            **{f"hindrance_{c}": pl.Series(hindrance if c == "email" else nobody, dtype=pl.String) for c in CHANNELS},
            "cooling_arms": pl.Series(cooling, dtype=pl.List(pl.String)),
            "wordless_arms": pl.Series([[]] * n, dtype=pl.List(pl.String)),
            "unit_id": user.astype(str),
        }
    ), user  # fmt: skip


def at_risk(shop: LivingShop) -> tuple[Ints, Floats]:
    """Eligible users, and their chance of no order in the next four weeks by a regression on four weeks ago."""
    before = shop.week - WINDOW_WEEKS
    then = np.flatnonzero(shop.books.orders[:, max(before - LIVELY_WEEKS, 0) : before].sum(axis=1) > 0)
    came = shop.books.orders[then, before : shop.week].sum(axis=1) > 0
    features = np.column_stack(list(shop.profile(before, then).values()))
    model = LogisticRegression().fit(features, ~came)
    user = np.flatnonzero(shop.is_eligible())
    now = np.column_stack(list(shop.profile(shop.week, user).values()))
    return user, model.predict_proba(now)[:, 1].clip(1e-3, 1)


def reachable(shop: LivingShop, user: Ints) -> np.ndarray:
    return np.asarray(shop.may_mail()[user] & _rested(shop, user))


def _rested(shop: LivingShop, user: Ints) -> np.ndarray:
    """Nobody is written to again while the last message still works; whom a plan meant rests all the same."""
    busy = np.zeros(shop.settings.users, dtype=np.bool_)
    for mailing in shop.mailings:
        if mailing.week > shop.week - WINDOW_WEEKS:
            is_meant = np.array(["@" in campaign and "/random/" not in campaign for campaign in mailing.campaign])
            busy[mailing.user[np.isin(mailing.arm, TREATMENTS) | is_meant]] = True
    return np.asarray(~busy[user])


def measured_effects(shop: LivingShop, user: Ints) -> pl.DataFrame | None:
    """effects.user_effects of `user`, by the random campaigns and the policy's own weeks; None before the first."""
    if not shop.mailings:
        return None
    assignments = shop.assignments()
    closed = assignments.filter(pl.col("week") <= shop.week - WINDOW_WEEKS)
    contract = closed.select("campaign", "user_id", "arm", "propensity", "assigned_at")
    by_treatment = compared_users(contract, shop.today, 7 * WINDOW_WEEKS).rows
    known = by_treatment.join(
        closed.select("user_id", "assigned_at", "user", "week"),
        on=["user_id", "assigned_at"],
        how="left",
        maintain_order="left",
    )
    cost = np.where(known["is_treated"], SENDING_COST, 0.0)
    users, weeks = known["user"].to_numpy(), known["week"].to_numpy()
    outcomes = shop.outcomes(users, weeks, cost)
    profiles = {name: np.zeros(known.height) for name in shop.profile(shop.week, users[:0])}
    before = np.zeros((known.height, 2))
    for week in np.unique(weeks):
        here = weeks == week
        for name, values in shop.profile(int(week), users[here]).items():
            profiles[name][here] = values
        back = slice(max(int(week) - WINDOW_WEEKS, 0), int(week))
        before[here, 0] = shop.books.goods[users[here], back].sum(axis=1)
        before[here, 1] = shop.books.orders[users[here], back].sum(axis=1)
    rows = known.with_columns(
        **{name: pl.Series(values) for name, values in (outcomes | profiles).items()},
        spent_before_amount=pl.Series(before[:, 0]), orders_before_count=pl.Series(before[:, 1]),
    )  # fmt: skip
    now = pl.DataFrame({"user_id": user.astype(str)} | shop.profile(shop.week, user))
    return user_effects(rows, now, TREATMENTS, shop.today)


POLICIES: Mapping[str, Callable[[LivingShop, float], Mailing | None]] = {
    "nothing": _nothing,
    "risk first": _risk_first,
    "rules": _by("rules"),
    "value": _by("value"),
    "learned": _by("learned", holdout_share=0.05, exploration_share=0.1),
    "learned, random side": _by("learned", holdout_share=0.05, random_share=0.1),
    "as it comes": _with(),
    "as it came before 2026-11-30": _with(policy="rules", max_risk_tiers=("urgent", "watch"), random_share=0.0),
    "oracle": _oracle,
}
