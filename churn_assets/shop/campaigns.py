"""What the shop sends: randomised campaigns every eight weeks, and newsletters to users who buy anyway.

Also the true response of every user to every arm. A newsletter does nothing: its receivers only look loyal.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from churn_assets.shop.arrays import Flags, Floats, Ints, choose
from churn_assets.shop.hazard import BOOST_WEEKS, State
from churn_assets.shop.scene import Scene

CAMPAIGN_EVERY, CAMPAIGN_FIRST = 8, 4  # weeks
CAMPAIGN_SHARE = 0.4  # of users who may be mailed
CONTROL = "control"
ARMS = ("reminder_email", "coupon_10")
ARM_SHARES = {CONTROL: 0.4, "reminder_email": 0.3, "coupon_10": 0.3}
COUPON_AMOUNTS = {"coupon_10": 10.0}
NEWSLETTER_EVERY = 2  # weeks
NEWSLETTER_COUPON_SHARE, NEWSLETTER_COUPON_AMOUNT = 0.15, 5.0


@dataclass(frozen=True)
class Response:
    """Log factor on the order rate: mean and spread over users, and the weights of its observable part."""

    mean: float
    spread: float
    coupon_use: float
    recency: float


RESPONSES = {
    "reminder_email": Response(mean=0.01, spread=0.20, coupon_use=-0.7, recency=-0.25),
    "coupon_10": Response(mean=0.15, spread=0.33, coupon_use=0.8, recency=0.3),
}
STAYING = 1.5  # a response r changes the hazard of leaving by exp(-STAYING * r)


@dataclass(frozen=True)
class PurchaseHistory:
    """Purchases and coupon use of each user so far, as the raw tables show them."""

    orders: Ints
    redeemed: Ints
    last_order_week: Ints  # -1: none yet

    def after(self, user: Ints, redeems: Flags, week: int) -> PurchaseHistory:
        """With the orders of a week."""
        last = self.last_order_week.copy()
        last[user] = week
        n = len(last)
        return PurchaseHistory(
            self.orders + np.bincount(user, minlength=n), self.redeemed + np.bincount(user[redeems], minlength=n), last
        )


def empty_history(size: int) -> PurchaseHistory:
    """Nobody bought yet."""
    none = np.zeros(size, dtype=np.int64)
    return PurchaseHistory(none, none, none - 1)


def observable(history: PurchaseHistory, week: int, arm: str, among: Flags) -> Floats:
    """The part of the response that raw tables show, with mean 0 and variance 1 over `among`.

    A weighted sum of coupon use, (redeemed + 0.5) / (orders + 2), and recency, weeks since the last order up to 26.
    """
    use = (history.redeemed + 0.5) / (history.orders + 2)
    recency = np.where(history.last_order_week < 0, 26, np.minimum(week - history.last_order_week, 26))
    weights = RESPONSES[arm]
    return _standard(weights.coupon_use * _standard(use, among) + weights.recency * _standard(recency, among), among)


def responses(scene: Scene, history: PurchaseHistory, week: int) -> dict[str, Floats]:
    """Per arm the log factor on each user's order rate for BOOST_WEEKS after sending at the start of `week`."""
    among, explained_share = scene.is_present(week), scene.settings.explained_share
    return {
        arm: response.mean
        + response.spread
        * (
            np.sqrt(explained_share) * observable(history, week, arm, among)
            + np.sqrt(1 - explained_share) * scene.population.hidden_response[arm]
        )
        for arm, response in RESPONSES.items()
    }


def boosted(state: State, response: Floats, treated: Flags) -> State:
    """The state with the arm's effect on the treated, starting now."""
    return replace(
        state,
        boost_weeks=np.where(treated, BOOST_WEEKS, state.boost_weeks),
        boost_orders=np.where(treated, np.exp(response), state.boost_orders),
        boost_leaving=np.where(treated, np.exp(-STAYING * response), state.boost_leaving),
    )


def is_campaign_week(week: int) -> bool:
    """Whether a randomised campaign leaves at the start of `week`."""
    return week % CAMPAIGN_EVERY == CAMPAIGN_FIRST


def is_newsletter_week(week: int) -> bool:
    """Whether a newsletter leaves at the start of `week`."""
    return week % NEWSLETTER_EVERY == 1


def draw_campaign(rng: np.random.Generator, may_mail: Flags) -> Ints:
    """Per user: -1 not in the campaign, else position of the arm in ARM_SHARES, at random."""
    n = len(may_mail)
    arm = choose(rng, list(ARM_SHARES.values()), n)
    return np.where(may_mail & (rng.random(n) < CAMPAIGN_SHARE), arm, -1)


def draw_newsletter(rng: np.random.Generator, may_mail: Flags, history: PurchaseHistory, week: int) -> Flags:
    """Receivers of a newsletter: mostly recent buyers and coupon users."""
    recent = (history.last_order_week >= 0) & (week - history.last_order_week <= 6)
    chance = 0.08 + 0.25 * recent + 0.10 * (history.redeemed > 0)
    return may_mail & (rng.random(len(may_mail)) < chance)


def _standard(values: Floats | Ints, among: Flags) -> Floats:
    included = values[among]
    if included.size == 0 or included.std() == 0:
        return np.zeros(len(values))
    return np.asarray((values - included.mean()) / included.std())
