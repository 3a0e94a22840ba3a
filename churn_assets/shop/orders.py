"""Purchases of a week: orders, their items, their delivery. What users think of them belongs to service.py.

An order is delivered to the landing twice: when placed (`placed`, delivered_at null) and when it has arrived
(`delivered`) or was called off (`cancelled`), the way shops export them. The second versions are 6 % of all rows.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

from churn_assets.shop.arrays import (
    DAY,
    HOUR,
    NEVER,
    WEEK,
    Flags,
    Floats,
    Ints,
    ids,
    money,
    pick,
    repeats,
    times,
)
from churn_assets.shop.baskets import Items, draw_items
from churn_assets.shop.coupons import Purse, coupon_rows
from churn_assets.shop.hazard import State, activity, boosts
from churn_assets.shop.noise import corrected, known_times
from churn_assets.shop.population import PLATFORMS
from churn_assets.shop.scene import Scene
from churn_assets.shop.season import moments
from churn_assets.shop.world import CATEGORIES, PRODUCTS_PER_CATEGORY

CANCELLED_SHARE = 0.02
FIRST_WEEK_RATE = 0.7  # orders in the week of registration: most people register to buy
FREE_SHIPPING_AMOUNT, SHIPPING_AMOUNT = 50.0, 5.0


@dataclass(frozen=True)
class Orders:
    """The orders of one week, by time; `user` is a user number. Amounts before the coupon are `goods`."""

    number: Ints
    user: Ints
    at: Ints
    goods: Floats
    discount: Floats
    coupon: Ints  # coupon number, -1: none
    promised_at: Ints
    delivered_at: Ints
    is_cancelled: Flags
    is_disappointing: Flags  # at least one item is
    main_product: Ints

    @property
    def is_late(self) -> Flags:
        """Came a day or more after the promise."""
        return np.asarray(~self.is_cancelled & (self.delivered_at - self.promised_at >= DAY))


def draw_orders(
    rng: np.random.Generator, scene: Scene, week: int, state: State, purse: Purse, first_number: int
) -> tuple[Orders, Items]:
    """Who buys what in this week, given the state the week has stepped into."""
    world, population, start = scene.world, scene.population, scene.start(week)
    rate = population.order_rate * world.season[week] * activity(state)[0] * boosts(state)[0]
    user, _ = repeats(rng.poisson(np.select([scene.joins(week), scene.is_present(week)], [FIRST_WEEK_RATE, rate], 0.0)))
    at = moments(rng, world.profile, start, len(user))
    registered = population.registered_at[user]
    room = np.maximum(start + WEEK - registered, 0)
    at = np.where(at < registered, registered + (rng.random(len(user)) ** 3 * room).astype(np.int64), at)
    by_time = np.argsort(at, kind="stable")
    user, at = user[by_time], at[by_time]
    items = draw_items(rng, scene, week, user)
    goods = np.bincount(items.order, items.quantity * items.unit_price, minlength=len(user)).astype(np.float64)
    coupon, discount = purse.use(rng, population, user, at, goods)
    promised = at + rng.integers(2, 5, len(user)) * DAY
    late = rng.random(len(user)) < world.late_shares[week, population.region[user]]
    early = promised - rng.integers(HOUR, DAY + 12 * HOUR, len(user))
    delay = (rng.exponential(2.5, len(user)) * DAY).astype(np.int64) + 12 * HOUR
    disappointing = rng.random(len(items.order)) < world.defect_shares[items.product]
    first_line = np.searchsorted(items.order, np.arange(len(user)))
    orders = Orders(
        number=first_number + np.arange(len(user)),
        user=user,
        at=at,
        goods=goods,
        discount=discount,
        coupon=coupon,
        promised_at=promised,
        delivered_at=np.where(late, promised + delay, early),
        is_cancelled=rng.random(len(user)) < CANCELLED_SHARE,
        is_disappointing=np.bincount(items.order, disappointing, minlength=len(user)) > 0,
        main_product=items.product[first_line],
    )
    return orders, items


def order_frames(rng: np.random.Generator, scene: Scene, orders: Orders, items: Items) -> dict[str, pl.DataFrame]:
    """Rows of `orders` (two versions each, plus corrections) and `order_items`, with their known times."""
    settings, population, world = scene.settings, scene.population, scene.world
    known = known_times(rng, orders.at, settings.late_share)
    called_off = orders.at + rng.integers(HOUR, DAY, len(orders.at))
    settled_at = np.where(orders.is_cancelled, called_off, orders.delivered_at)
    placed = pl.DataFrame(
        {
            "order_id": ids("o", orders.number, 7),
            "user_id": population.user_ids.gather(orders.user),
            "ordered_at": times(orders.at),
            "amount": money(orders.goods - orders.discount),
            "discount_amount": money(orders.discount),
            "shipping_amount": money(np.where(orders.goods >= FREE_SHIPPING_AMOUNT, 0, SHIPPING_AMOUNT)),
            "coupon_id": ids("k", orders.coupon, 7),
            "status": pl.repeat("placed", len(orders.at), dtype=pl.String, eager=True),
            "promised_at": times(orders.promised_at),
            "delivered_at": times(np.full(len(orders.at), NEVER)),
            "platform": PLATFORMS.gather(population.platform[orders.user]),
            "ingested_at": times(known),
        }
    )
    settled = placed.with_columns(
        status=pl.when(pl.lit(pl.Series(orders.is_cancelled))).then(pl.lit("cancelled")).otherwise(pl.lit("delivered")),
        delivered_at=times(np.where(orders.is_cancelled, NEVER, orders.delivered_at)),
        ingested_at=times(known_times(rng, settled_at, settings.late_share, after=known)),
    )
    reduced = corrected(rng, settled, settings.correction_share, (pl.col("amount") * 0.9).round(2))
    lines = pl.DataFrame(
        {
            "order_id": placed["order_id"].gather(items.order),
            "product_id": world.product_ids.gather(items.product),
            "category": pick(CATEGORIES, items.product // PRODUCTS_PER_CATEGORY),
            "quantity": items.quantity,
            "unit_price": money(items.unit_price),
            "list_price": money(items.list_price),
            "ingested_at": placed["ingested_at"].gather(items.order),
        }
    )
    return {"orders": pl.concat([placed, settled, reduced]), "order_items": lines}


def redemption_frame(rng: np.random.Generator, scene: Scene, orders: Orders, purse: Purse) -> pl.DataFrame:
    """Rows of `coupons`: second versions of those these orders used."""
    used = orders.coupon >= 0
    user, at = orders.user[used], orders.at[used]
    known = known_times(rng, at, scene.settings.late_share, after=purse.known_at[user])
    rows = coupon_rows(scene.population, purse, user, at, orders.number[used])
    return rows.with_columns(ingested_at=times(known))
