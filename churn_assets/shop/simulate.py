"""The shop over time: week after week, each part in its turn. What the parts do is in their own modules."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator

import numpy as np
import polars as pl

from churn_assets.shop import (
    answers,
    campaigns,
    contacts,
    coupons,
    hazard,
    later,
    orders,
    service,
    surveys,
    tickets,
    truth,
)
from churn_assets.shop.arrays import Flags, Ints
from churn_assets.shop.arrivals import arrivals
from churn_assets.shop.browsing import browsing_frame
from churn_assets.shop.consents import draw_consents
from churn_assets.shop.landing import LandingQueue
from churn_assets.shop.noise import known_times
from churn_assets.shop.products import products_frame
from churn_assets.shop.scene import draw_scene
from churn_assets.shop.settings import ShopSettings
from churn_assets.shop.tables import Batch


def simulate(settings: ShopSettings, progress: Callable[[int, int], None] | None = None) -> Iterator[Batch]:
    """The raw tables, one batch per table and week of known time, and the truth beside them.

    Same settings, same batches, byte for byte. `progress(weeks done, weeks)` is called after each week.
    """
    shop = Shop(settings)
    for week in range(settings.weeks):
        yield from shop.truth_before(week)
        shop.live(week)
        yield from shop.landing.deliver(week)
        if progress is not None:
            progress(week + 1, settings.weeks)
    yield from shop.truth_before(settings.weeks)
    yield Batch("truth", "users", "all", truth.users_truth(shop.scene, shop.state))


def live_on(
    settings: ShopSettings,
    lived: int,
    weeks: int,
    messages: Callable[[int], pl.DataFrame],
    progress: Callable[[int, int], None] | None = None,
) -> Iterator[Batch]:
    """The batches of `weeks` more weeks of a shop that has lived `lived` weeks (at least those of its settings).

    `messages(week)`: what plans sent that works in that week (answers.MESSAGES). The past is lived again with the same
    messages, which gives the same past. Same settings, same messages, same batches, however the weeks are split.
    `progress(weeks done, weeks)` counts those lived again as well.
    """
    shop = Shop(settings)
    for week in range(lived + weeks):
        if week > lived:
            yield from shop.truth_before(week)
        shop.live(week, messages(week))
        batches = shop.landing.deliver(week)
        if week >= lived:
            yield from batches
        if progress is not None:
            progress(week + 1, lived + weeks)
    yield from shop.truth_before(lived + weeks)
    yield Batch("truth", "users", "all", truth.users_truth(shop.scene, shop.state))


class Shop:
    """Everything that changes from week to week, in one place."""

    def __init__(self, settings: ShopSettings) -> None:
        self.settings = settings
        self.scene = draw_scene(settings, campaigns.ARMS)
        self.consents = draw_consents(settings, self.scene.population)
        self.arrivals = arrivals(self.scene, self.consents)
        self.state = hazard.initial_state(settings.users)
        self.purse = coupons.empty_purse(settings.users)
        self.history = campaigns.empty_history(settings.users)
        self.landing = LandingQueue(settings)
        self.numbers: Counter[str] = Counter()  # ids given out so far

    def truth_before(self, week: int) -> Iterator[Batch]:
        """Truth as at the start of `week`, before anything of it has happened."""
        name = f"week={self.settings.boundary(week).isoformat()}"
        yield Batch("truth", "leaving", name, truth.leaving_frame(self.scene, week, self.state))
        if campaigns.is_campaign_week(week) or week >= self.settings.weeks:
            response = campaigns.responses(self.scene, self.history, week)
            yield Batch("truth", "effects", name, truth.effects_frame(self.scene, week, self.state, response))

    def live(self, week: int, messages: pl.DataFrame | None = None) -> None:
        """One week: prices rise, mailings leave, users stay or go, buy, browse, complain; rows go to the landing.

        Beyond the weeks of the settings the shop has no random campaigns of its own: `messages` are those of plans.
        """
        is_later = week >= self.settings.weeks
        if is_later:
            self._grow(week)
        self.landing.add(week, "products", products_frame(self.scene, week))
        for table, by_week in self.arrivals.items():
            if week in by_week:
                self.landing.add(week, table, by_week[week])
        may_mail = self.scene.is_present(week) & self.consents.may_mail(self.scene.start(week))
        if campaigns.is_campaign_week(week) and not is_later:
            self._campaign(week, may_mail)
        if messages is not None and messages.height:
            self._answer(week, messages)
        if campaigns.is_newsletter_week(week):
            self._newsletter(week, may_mail)
        self._welcome(week)
        self.state = hazard.step(self.scene, week, self.state)
        bought = self._buy(week)
        self._browse(week, bought)
        self._serve(week, bought)

    def _grow(self, week: int) -> None:
        self.scene = later.longer(self.scene, week, campaigns.ARMS)
        newcomers = len(self.scene.population) - len(self.state.left_week)
        self.state, self.purse, self.history = later.with_room(self.state, self.purse, self.history, newcomers)
        self.consents, rows = later.arrivals_later(self.scene, self.consents, week)
        for table, frame in rows.items():
            self.landing.add(week, table, frame)

    def _answer(self, week: int, messages: pl.DataFrame) -> None:
        rng, (reaching, user) = self.scene.stream(week, "answers"), answers.users_of(self.scene, week, messages)
        for amount, places in answers.coupons_in(reaching).items():
            sent_at = reaching["sent_at"].gather(places).to_physical().to_numpy()
            self._issue(week, rng, user[places], sent_at, amount)
        self.consents, rows = answers.reactions(rng, self.scene, self.state, self.consents, reaching, user)
        self.state = answers.answered_state(self.scene, self.state, self.history, week, reaching, user)
        for table, frame in rows.items():
            self.landing.add(week, table, frame)

    def _campaign(self, week: int, may_mail: Flags) -> None:
        rng = self.scene.stream(week, "campaign")
        response = campaigns.responses(self.scene, self.history, week)
        arm = campaigns.draw_campaign(rng, may_mail)
        user = np.flatnonzero(arm >= 0)
        mailing = contacts.campaign(week, arm[user], self._take("contacts", len(user)))
        sent_at = self._send(week, rng, mailing, user)
        for position, name in enumerate(campaigns.ARM_SHARES):
            if name in campaigns.ARMS:
                self.state = campaigns.boosted(self.state, response[name], arm == position)
            if name in campaigns.COUPON_AMOUNTS:
                gets = arm[user] == position
                self._issue(week, rng, user[gets], sent_at[gets], campaigns.COUPON_AMOUNTS[name])

    def _newsletter(self, week: int, may_mail: Flags) -> None:
        rng = self.scene.stream(week, "newsletter")
        user = np.flatnonzero(campaigns.draw_newsletter(rng, may_mail, self.history, week))
        mailing = contacts.newsletter(week, len(user), self._take("contacts", len(user)))
        sent_at = self._send(week, rng, mailing, user)
        gets = rng.random(len(user)) < campaigns.NEWSLETTER_COUPON_SHARE
        self._issue(week, rng, user[gets], sent_at[gets], campaigns.NEWSLETTER_COUPON_AMOUNT)

    def _send(self, week: int, rng: np.random.Generator, mailing: pl.DataFrame, user: Ints) -> Ints:
        sent_at = contacts.sending_times(rng, self.scene.start(week), len(user))
        rows = contacts.contact_rows(rng, self.scene, self.state, mailing, user, sent_at)
        self.landing.add(week, "contacts", rows)
        return sent_at

    def _welcome(self, week: int) -> None:
        rng, joins = self.scene.stream(week, "welcome"), self.scene.joins(week)
        user = np.flatnonzero(joins & (rng.random(len(joins)) < coupons.WELCOME_SHARE))
        self._issue(week, rng, user, self.scene.population.registered_at[user], coupons.WELCOME_AMOUNT)

    def _issue(self, week: int, rng: np.random.Generator, user: Ints, at: Ints, face_amount: float) -> None:
        number = self._take("coupons", len(user)) + np.arange(len(user))
        self.purse = self.purse.take(user, number, at, face_amount, known_times(rng, at, self.settings.late_share))
        self.landing.add(week, "coupons", coupons.coupon_rows(self.scene.population, self.purse, user))

    def _buy(self, week: int) -> orders.Orders:
        rng = self.scene.stream(week, "orders")
        bought, items = orders.draw_orders(rng, self.scene, week, self.state, self.purse, self.numbers["orders"])
        self._take("orders", len(bought.user))
        for table, rows in orders.order_frames(rng, self.scene, bought, items).items():
            self.landing.add(week, table, rows)
        self.landing.add(week, "coupons", orders.redemption_frame(rng, self.scene, bought, self.purse))
        uses = bought.coupon >= 0
        self.purse = self.purse.drop(bought.user[uses])
        self.history = self.history.after(bought.user, uses, week)
        return bought

    def _browse(self, week: int, bought: orders.Orders) -> None:
        first_session, first_event = self.numbers["sessions"], self.numbers["events"]
        rows, sessions = browsing_frame(self.scene, week, self.state, bought, first_session, first_event)
        self._take("sessions", sessions)
        self._take("events", rows.height)
        self.landing.add(week, "events", rows)

    def _serve(self, week: int, bought: orders.Orders) -> None:
        rng = self.scene.stream(week, "service")
        around = self.scene.is_present(week) & (self.state.left_week < 0)
        opened = tickets.draw_tickets(rng, self.scene, week, bought, around)
        for table, rows in (
            ("returns", service.returns_frame(rng, self.scene, bought, self.numbers["returns"])),
            ("reviews", service.reviews_frame(rng, self.scene, bought, self.numbers["reviews"])),
            ("support_tickets", tickets.tickets_frame(rng, self.scene, opened, self.numbers["support_tickets"])),
        ):
            self._take(table, rows.height)
            self.landing.add(week, table, rows)
        asked = surveys.surveys_frame(self.scene.stream(week, "surveys"), self.scene, self.state, bought)
        self.landing.add(week, "surveys", asked)
        self.state = hazard.end_week(self.state, service.experience(self.scene, week, bought, opened))

    def _take(self, kind: str, count: int) -> int:
        """The first of `count` fresh numbers for ids."""
        first = self.numbers[kind]
        self.numbers[kind] += count
        return first
