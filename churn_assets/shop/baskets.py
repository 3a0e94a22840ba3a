"""What is in a basket: items of orders, and what an order is worth on average. Who orders when is in orders.py."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from churn_assets.shop.arrays import Floats, Ints, choose, repeats
from churn_assets.shop.scene import Scene
from churn_assets.shop.world import CATEGORIES, PRODUCTS_PER_CATEGORY

CATEGORY_SHARES = (0.5, 0.25, 0.25)  # favourite, second, any
EXTRA_ITEMS, MOST_ITEMS = 0.7, 6
QUANTITY_SHARES = (0.84, 0.12, 0.04)
MEAN_QUANTITY = float(np.dot(QUANTITY_SHARES, (1, 2, 3)))
SALE_SHARE, SALE_CUT = 0.2, 0.15


@dataclass(frozen=True)
class Items:
    """Lines of those orders; `order` is a position in Orders."""

    order: Ints
    product: Ints
    quantity: Ints
    unit_price: Floats
    list_price: Floats


def draw_items(rng: np.random.Generator, scene: Scene, week: int, user: Ints) -> Items:
    """Items of one order per entry of `user`: their favourite categories, dear or cheap as they like it."""
    world, population = scene.world, scene.population
    order, _ = repeats(np.minimum(1 + rng.poisson(EXTRA_ITEMS, len(user)), MOST_ITEMS))
    buyer, n = user[order], len(order)
    wish = choose(rng, CATEGORY_SHARES, n)
    anything = rng.integers(0, len(CATEGORIES), n)
    category = np.choose(wish, [population.favourite[buyer], population.second[buyer], anything])
    draw = rng.random(n)
    rank = np.zeros(n, dtype=np.int64)
    for tier, edges in enumerate(world.tier_edges):
        in_tier = population.tier[buyer] == tier
        rank[in_tier] = np.searchsorted(edges[:-1], draw[in_tier], side="right")
    product = category * PRODUCTS_PER_CATEGORY + rank
    list_price = world.list_prices[product] * world.price_levels[week, category]
    cut = np.where(rng.random(n) < SALE_SHARE, 1 - SALE_CUT, 1)
    quantity = choose(rng, QUANTITY_SHARES, n) + 1
    return Items(order, product, quantity, np.round(list_price * cut, 2), np.round(list_price, 2))


def mean_goods(scene: Scene, week: int) -> Floats:
    """Expected goods amount of one order of each user, at this week's prices."""
    population, prices = scene.population, scene.world.tier_prices * scene.world.price_levels[week]
    by_wish = (
        prices[population.tier, population.favourite],
        prices[population.tier, population.second],
        prices.mean(axis=1)[population.tier],
    )
    price = sum(share * prices_of_wish for share, prices_of_wish in zip(CATEGORY_SHARES, by_wish, strict=True))
    return np.asarray(price * (1 + EXTRA_ITEMS) * MEAN_QUANTITY * (1 - SALE_SHARE * SALE_CUT))
