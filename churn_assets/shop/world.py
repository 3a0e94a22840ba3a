"""The shop itself, without its users: products, prices over time, season, and how well parcels arrive.

Drawn once from the seed, and continued week by week where the shop lives on.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import polars as pl

from churn_assets.shop.arrays import Floats, Ints, ids, microseconds, stream
from churn_assets.shop.season import weekly_profile, yearly
from churn_assets.shop.settings import ShopSettings

CATEGORIES = pl.Series(
    ["beauty", "books", "electronics", "fashion", "food", "garden", "home", "kids", "pets", "shoes", "sports", "toys"]
)
TYPICAL_PRICES = np.array([22, 14, 95, 38, 11, 30, 42, 27, 18, 55, 48, 20], dtype=np.float64)
PRODUCTS_PER_CATEGORY = 40
REGIONS = pl.Series(["north", "east", "south", "west", "centre", "islands"])
REGION_SHARES = (0.22, 0.30, 0.22, 0.10, 0.13, 0.03)
REGION_LATE_SHARES = np.array([0.06, 0.05, 0.07, 0.12, 0.08, 0.22])
HORIZON_WEEKS = 4  # truth looks 28 days ahead, so season reaches beyond the end
TIERS = 3  # how dear a user buys: 0 cheap, 2 dear


@dataclass(frozen=True)
class World:
    """Arrays over products (index = category * 40 + rank by price), categories, regions and weeks."""

    product_ids: pl.Series
    list_prices: Floats
    defect_shares: Floats  # per product: how often it disappoints
    tier_edges: Floats  # [tier, rank]: cumulated chance of each price rank
    tier_prices: Floats  # [tier, category]: expected list price before price rises
    price_levels: Floats  # [week, category], 1 at the start
    season: Floats  # [week]
    late_shares: Floats  # [week, region]
    profile: Ints
    start: int  # microseconds


def draw_world(settings: ShopSettings) -> World:
    """The world that belongs to the settings' seed."""
    rng = stream(settings.seed, 0, "world")
    weeks = settings.weeks + HORIZON_WEEKS
    spread = np.sort(np.exp(rng.normal(0, 0.5, (len(CATEGORIES), PRODUCTS_PER_CATEGORY))), axis=1)
    prices = np.round(TYPICAL_PRICES[:, None] * spread, 2)
    rank = (np.arange(PRODUCTS_PER_CATEGORY) + 0.5) / PRODUCTS_PER_CATEGORY
    weights = np.array([np.exp(-3 * rank), np.ones_like(rank), np.exp(3 * (rank - 1))])
    weights /= weights.sum(axis=1, keepdims=True)
    rises, storms = _rises(rng, weeks), _storms(rng, weeks)
    return World(
        product_ids=ids("p", np.arange(prices.size), 4),
        list_prices=prices.ravel(),
        defect_shares=rng.beta(1.2, 14, prices.size),
        tier_edges=np.cumsum(weights, axis=1),
        tier_prices=weights @ prices.T,
        price_levels=np.asarray(np.cumprod(1 + rises, axis=0), dtype=np.float64),
        season=yearly(settings.start, weeks),
        late_shares=REGION_LATE_SHARES + storms,
        profile=weekly_profile(settings.start),
        start=microseconds(settings.start),
    )


def a_week_longer(world: World, settings: ShopSettings, week: int) -> World:
    """The world with prices, season and parcels of the week HORIZON_WEEKS after `week`, the first it does not know."""
    rng, last = stream(settings.seed, week, "world"), week + HORIZON_WEEKS
    return replace(
        world,
        price_levels=np.vstack([world.price_levels, world.price_levels[-1] * (1 + _rises(rng, 1))]),
        late_shares=np.vstack([world.late_shares, REGION_LATE_SHARES + _storms(rng, 1)]),
        season=yearly(settings.start, last + 1),
    )


def _rises(rng: np.random.Generator, weeks: int) -> Floats:
    size = (weeks, len(CATEGORIES))
    return np.asarray((rng.random(size) < 1 / 26) * rng.uniform(0.03, 0.12, size))


def _storms(rng: np.random.Generator, weeks: int) -> Floats:
    size = (weeks, len(REGIONS))
    return np.asarray((rng.random(size) < 1 / 20) * rng.uniform(0.1, 0.4, size))
