"""The simulated shop lived on under a policy: the same users and laws as `churn simulate`, without writing raw rows.

What the policies may see is kept beside it (`Books`): purchases by user and week, as raw tables show them. Until
`first_week` the shop runs its own random campaigns; from then on it sends only what a policy says.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time

import numpy as np
import polars as pl

from churn_assets.shop import ShopSettings, campaigns, contacts, hazard, orders, service, tickets
from churn_assets.shop.arrays import Flags, Floats, Ints
from churn_assets.shop.baskets import mean_goods
from churn_assets.shop.campaigns import ARM_SHARES, ARMS, COUPON_AMOUNTS, Response
from churn_assets.shop.consents import draw_consents
from churn_assets.shop.coupons import WELCOME_AMOUNT, WELCOME_SHARE, empty_purse
from churn_assets.shop.outlook import churn_probability, expected_orders, outlook
from churn_assets.shop.scene import draw_scene
from churn_assets.shop.truth import KEPT_SHARE

MARGIN_SHARE, SENDING_COST = 0.3, 0.02
WINDOW_WEEKS = 4
LIVELY_WEEKS = 26  # without an order for longer nobody is written to


@dataclass
class Books:
    """(users, weeks): orders that were not called off, goods before coupons, coupons redeemed, orders that used one."""

    orders: Floats
    goods: Floats
    redeemed: Floats
    discounted: Floats

    @classmethod
    def empty(cls, users: int, weeks: int) -> Books:
        return cls(*(np.zeros((users, weeks), dtype=np.float32) for _ in range(4)))


@dataclass(frozen=True)
class Mailing:
    """Who was assigned what in a week, one entry per user, with exact propensities; an arm not of ARMS: left alone."""

    week: int
    campaign: list[str]
    user: Ints
    arm: list[str]
    propensity: Floats


class LivingShop:
    def __init__(
        self,
        settings: ShopSettings,
        first_week: int,
        change: dict[str, Response] | None = None,
        *,
        has_campaigns: bool = True,
    ) -> None:
        """`change`: true responses of arms, where they are not the shop's own. Without `has_campaigns` nothing is known
        of any arm at `first_week`.
        """
        self.has_campaigns = has_campaigns
        self.settings, self.first_week = settings, first_week
        self.scene = draw_scene(settings, campaigns.ARMS)
        self.consents = draw_consents(settings, self.scene.population)
        self.state = hazard.initial_state(settings.users)
        self.purse = empty_purse(settings.users)
        self.history = campaigns.empty_history(settings.users)
        self.books = Books.empty(settings.users, settings.weeks)
        self.mailings: list[Mailing] = []
        self.costs = np.zeros(settings.weeks)
        self.change = change or {}
        self.week = 0

    @property
    def today(self) -> date:
        return self.settings.boundary(self.week)

    def may_mail(self) -> Flags:
        return self.scene.is_present(self.week) & self.consents.may_mail(self.scene.start(self.week))

    def is_eligible(self) -> Flags:
        """Has bought within LIVELY_WEEKS and was there four weeks ago."""
        silent = self.week - self.history.last_order_week
        known = self.scene.is_present(max(self.week - WINDOW_WEEKS, 0))
        return known & (self.history.last_order_week >= 0) & (silent <= LIVELY_WEEKS)

    def responses(self) -> dict[str, Floats]:
        """True log factors on order rates, by arm, of whom is written to now."""
        response = campaigns.responses(self.scene, self.history, self.week)
        for arm, other in self.change.items():
            own = campaigns.RESPONSES[arm]
            response[arm] = other.mean + (response[arm] - own.mean) * other.spread / own.spread
        return response

    def true_gains(self) -> dict[str, Floats]:
        """Per arm the expected margin that it adds to each user's next four weeks, after coupons and sending."""
        basket, everyone = mean_goods(self.scene, self.week), np.ones(self.settings.users, dtype=np.bool_)
        alone = self._expected(self.state, basket)[1]
        gains = {}
        for arm, response in self.responses().items():
            retained, spend = self._expected(campaigns.boosted(self.state, response, everyone), basket)
            coupon = retained * self.scene.population.affinity * COUPON_AMOUNTS.get(arm, 0.0)
            gains[arm] = MARGIN_SHARE * (spend - alone) - coupon - SENDING_COST
        return gains

    def _expected(self, state: hazard.State, basket: Floats) -> tuple[Floats, Floats]:
        view = outlook(self.scene, self.week, state, KEPT_SHARE)
        return 1 - churn_probability(view), basket * expected_orders(view)

    def send(self, mailing: Mailing) -> None:
        """What a policy assigned at the start of the week; who is left alone is noted too."""
        response, rng = self.responses(), self.scene.stream(self.week, "sent")
        self.mailings.append(mailing)
        names = np.array(mailing.arm)
        for arm in ARMS:
            user = mailing.user[names == arm]
            treated = np.zeros(self.settings.users, dtype=np.bool_)
            treated[user] = True
            self.state = campaigns.boosted(self.state, response[arm], treated)
            self.costs[self.week] += SENDING_COST * len(user)
            if arm in COUPON_AMOUNTS:
                at = contacts.sending_times(rng, self.scene.start(self.week), len(user))
                self.purse = self.purse.take(user, np.zeros(len(user), dtype=np.int64), at, COUPON_AMOUNTS[arm], at)

    def live(self) -> None:
        """One week, as in churn_assets.shop.simulate."""
        week, scene = self.week, self.scene
        if self.has_campaigns and week < self.first_week and campaigns.is_campaign_week(week):
            self._campaign()
        self._welcome()
        self.state = hazard.step(scene, week, self.state)
        rng = scene.stream(week, "orders")
        bought, _ = orders.draw_orders(rng, scene, week, self.state, self.purse, 0)
        uses = bought.coupon >= 0
        self.purse = self.purse.drop(bought.user[uses])
        self.history = self.history.after(bought.user, uses, week)
        kept = ~bought.is_cancelled
        columns = {"orders": np.ones(len(kept)), "goods": bought.goods, "redeemed": bought.discount, "discounted": uses}
        for kind, values in columns.items():
            getattr(self.books, kind)[:, week] = np.bincount(
                bought.user[kept], values[kept], minlength=self.settings.users
            )
        around = scene.is_present(week) & (self.state.left_week < 0)
        opened = tickets.draw_tickets(scene.stream(week, "service"), scene, week, bought, around)
        self.state = hazard.end_week(self.state, service.experience(scene, week, bought, opened))
        self.week += 1

    def _campaign(self) -> None:
        rng = self.scene.stream(self.week, "campaign")
        arm = campaigns.draw_campaign(rng, self.may_mail())
        user = np.flatnonzero(arm >= 0)
        names, shares = list(ARM_SHARES), np.array(list(ARM_SHARES.values()))
        assigned = [names[place] for place in arm[user]]
        self.send(Mailing(self.week, [f"c{self.week:04d}"] * len(user), user, assigned, shares[arm[user]]))

    def _welcome(self) -> None:
        rng, joins = self.scene.stream(self.week, "welcome"), self.scene.joins(self.week)
        user = np.flatnonzero(joins & (rng.random(len(joins)) < WELCOME_SHARE))
        at = self.scene.population.registered_at[user]
        self.purse = self.purse.take(user, np.zeros(len(user), dtype=np.int64), at, WELCOME_AMOUNT, at)

    def profit(self) -> Floats:
        """By week: margin in goods less coupons and sending."""
        books = self.books
        return np.asarray(MARGIN_SHARE * books.goods.sum(axis=0) - books.redeemed.sum(axis=0) - self.costs, dtype=float)

    def retained_share(self) -> float:
        """Of whom could be written to at `first_week`: ordered in the last four weeks."""
        then = self.books.orders[:, self.first_week - LIVELY_WEEKS : self.first_week].sum(axis=1) > 0
        now = self.books.orders[:, self.week - WINDOW_WEEKS : self.week].sum(axis=1) > 0
        return float(now[then].mean())

    def profile(self, week: int, user: Ints) -> dict[str, Floats]:
        """What the policy that learns may know of users at the start of `week` (columns of effects.profile)."""
        orders_so_far = self.books.orders[user, :week]
        weeks = np.arange(week)
        last = np.where(orders_so_far > 0, weeks, -1).max(axis=1, initial=-1)
        count, goods = orders_so_far.sum(axis=1), self.books.goods[user, :week].sum(axis=1)
        recent = orders_so_far[:, max(week - WINDOW_WEEKS, 0) :].sum(axis=1)
        return {
            "silence": np.log1p(np.where(last < 0, 730.0, 7.0 * (week - 1 - last) + 3.5)),
            "orders": np.log1p(count),
            "order_size": np.log1p(goods / np.maximum(count, 1)),
            "discount_use": self.books.discounted[user, :week].sum(axis=1) / (count + 1),
            "recent_orders": np.log1p(recent),
        }

    def moment(self, week: int) -> datetime:
        return datetime.combine(self.settings.boundary(week), time())

    def assignments(self) -> pl.DataFrame:
        """Contract effects.assignments.Assignments, with `user` (number) and `week`."""
        return pl.concat([
            pl.DataFrame({
                "campaign": mailing.campaign, "user": mailing.user, "arm": mailing.arm,
                "propensity": mailing.propensity, "week": mailing.week,
            }, schema_overrides={"campaign": pl.String, "arm": pl.String, "week": pl.Int64})
            for mailing in self.mailings
        ]).with_columns(
            user_id=pl.col("user").cast(pl.String),
            assigned_at=pl.lit(self.moment(0)) + pl.duration(weeks="week"),
        )  # fmt: skip

    def outcomes(self, user: Ints, week: Ints, cost: Floats) -> dict[str, Floats]:
        """Retained and margin of users in the four weeks from `week` on."""
        columns = week[:, None] + np.arange(WINDOW_WEEKS)
        orders_count, goods, redeemed = (
            getattr(self.books, kind)[user[:, None], columns].sum(axis=1, dtype=float)
            for kind in ("orders", "goods", "redeemed")
        )
        return {"retained": (orders_count > 0).astype(float), "margin_amount": MARGIN_SHARE * goods - redeemed - cost}
