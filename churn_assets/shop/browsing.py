"""Browsing of a week: sessions and their events. Browsing fades before a user leaves; buying has its own session."""

from __future__ import annotations

import numpy as np
import polars as pl

from churn_assets.shop.arrays import MINUTE, Flags, Ints, choose, ids, numbers, pick, repeats, times
from churn_assets.shop.hazard import State, activity
from churn_assets.shop.noise import known_times
from churn_assets.shop.orders import Orders
from churn_assets.shop.population import PLATFORMS, Population
from churn_assets.shop.scene import Scene
from churn_assets.shop.season import moments
from churn_assets.shop.texts import SEARCHES, SEARCHES_PER_CATEGORY
from churn_assets.shop.world import CATEGORIES, PRODUCTS_PER_CATEGORY

EVENT_TYPES = pl.Series(
    ["view", "search", "add_to_cart", "remove_from_cart", "favorite", "follow_shop", "share", "login", "ad_impression",
     "ad_click"]
)  # fmt: skip
EVENT_SHARES = (0.60, 0.12, 0.06, 0.02, 0.04, 0.01, 0.01, 0.07, 0.055, 0.015)
VIEW, SEARCH, ADD_TO_CART = 0, 1, 2
WITH_PRODUCT = np.array([True, False, True, True, True, False, True, False, False, False])
MORE_EVENTS = 1.5  # expected events of a session after the first
LEAD = (4 * MINUTE, 40 * MINUTE)  # a session starts so long before its order
OWN_PLATFORM_SHARE = 0.85
FIRST_WEEK_SESSIONS = 1.0
PET_QUERY_SHARE = 0.7


def browsing_frame(
    scene: Scene, week: int, state: State, orders: Orders, first_session: int, first_event: int
) -> tuple[pl.DataFrame, int]:
    """Rows of `events` of this week with their known times, and the number of sessions they make."""
    rng, world, population = scene.stream(week, "browsing"), scene.world, scene.population
    user, start, buys = _sessions(rng, scene, week, state, orders)
    session, position = repeats(rng.geometric(1 / (1 + MORE_EVENTS), len(user)) + 2 * buys)
    n = len(session)
    gaps = np.cumsum(rng.exponential(35, n) + 2)
    at = start[session] + ((gaps - gaps[np.arange(n) - position]) * 1_000_000).astype(np.int64)
    kind = choose(rng, EVENT_SHARES, n)
    is_last = np.append(position[1:] == 0, True)[:n]
    kind = np.where(buys[session], np.where(is_last, ADD_TO_CART, VIEW), kind)
    who = user[session]
    category = np.where(rng.random(n) < 0.55, population.favourite[who], rng.integers(0, len(CATEGORIES), n))
    product = category * PRODUCTS_PER_CATEGORY + rng.integers(0, PRODUCTS_PER_CATEGORY, n)
    platform = np.where(
        rng.random(len(user)) < OWN_PLATFORM_SHARE,
        population.platform[user],
        rng.integers(0, len(PLATFORMS), len(user)),
    )
    has_product = WITH_PRODUCT[kind]
    frame = pl.DataFrame(
        {
            "user_id": population.user_ids.gather(who),
            "occurred_at": times(at),
            "event_type": EVENT_TYPES.gather(kind),
            "event_id": ids("e", first_event + np.arange(n)),
            "session_id": ids("s", first_session + np.arange(len(user))).gather(session),
            "product_id": pick(world.product_ids, np.where(has_product, product, -1)),
            "category": pick(CATEGORIES, np.where(has_product, category, -1)),
            "dwell_seconds": numbers(np.where(kind == VIEW, np.round(rng.exponential(24, n) + 1, 1), np.nan)),
            "search_query": pick(SEARCHES, np.where(kind == SEARCH, _queries(rng, population, who, category), -1)),
            "platform": PLATFORMS.gather(platform[session]),
            "ingested_at": times(known_times(rng, at, scene.settings.late_share)),
        }
    )
    return frame, len(user)


def _sessions(
    rng: np.random.Generator, scene: Scene, week: int, state: State, orders: Orders
) -> tuple[Ints, Ints, Flags]:
    """User and start of each session, and whether it ends in an order."""
    world, population, week_start = scene.world, scene.population, scene.start(week)
    rate = population.browse_rate * np.sqrt(world.season[week]) * activity(state)[1]
    rate = np.select([scene.joins(week), scene.is_present(week)], [FIRST_WEEK_SESSIONS, rate], 0.0)
    idle, _ = repeats(rng.poisson(rate))
    earliest = np.maximum(population.registered_at, week_start)
    idle_start = np.maximum(moments(rng, world.profile, week_start, len(idle)), earliest[idle])
    before_order = np.maximum(orders.at - rng.integers(*LEAD, len(orders.at)), earliest[orders.user])
    user = np.concatenate([idle, orders.user])
    return user, np.concatenate([idle_start, before_order]), np.arange(len(user)) >= len(idle)


def _queries(rng: np.random.Generator, population: Population, who: Ints, category: Ints) -> Ints:
    """What is searched: something of the category, or the one thing this user searches again and again."""
    n = len(who)
    anything = category * SEARCHES_PER_CATEGORY + rng.integers(0, SEARCHES_PER_CATEGORY, n)
    pet = population.favourite[who] * SEARCHES_PER_CATEGORY + population.pet_query[who]
    return np.where((population.pet_query[who] >= 0) & (rng.random(n) < PET_QUERY_SHARE), pet, anything)
