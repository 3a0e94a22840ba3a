"""After the purchase: returns and reviews of a week's orders, and how much everything hurt. Tickets: tickets.py."""

from __future__ import annotations

import numpy as np
import polars as pl

from churn_assets.shop.arrays import (
    DAY,
    HOUR,
    Floats,
    ids,
    money,
    times,
)
from churn_assets.shop.noise import corrected, known_times
from churn_assets.shop.orders import Orders
from churn_assets.shop.scene import Scene
from churn_assets.shop.texts import LANGUAGES, RETURN_REASONS, REVIEWS, WAYS
from churn_assets.shop.tickets import Tickets

RETURN_SHARE, RETURN_SHARE_DISAPPOINTED = 0.03, 0.30
REVIEW_SHARE = 0.25
HURT_DISAPPOINTING, HURT_LATE, HURT_UNANSWERED, HURT_PRICE = 1.2, 1.1, 1.4, 10.0


def experience(scene: Scene, week: int, orders: Orders, tickets: Tickets) -> Floats:
    """Bad experience of each user from this week: disappointing or late goods, silence, dearer favourites."""
    population, prices, n = scene.population, scene.world.price_levels, len(scene.population)
    by_order = ~orders.is_cancelled * (HURT_DISAPPOINTING * orders.is_disappointing + HURT_LATE * orders.is_late)
    goods = np.bincount(orders.user, by_order, minlength=n)
    silence = np.bincount(tickets.user, HURT_UNANSWERED * tickets.is_unanswered, minlength=n)
    rise = prices[week] / prices[max(week - 1, 0)] - 1
    dearer = HURT_PRICE * population.price_sensitivity * rise[population.favourite]
    return np.asarray((goods + silence + dearer) / population.patience)


def returns_frame(rng: np.random.Generator, scene: Scene, orders: Orders, first_number: int) -> pl.DataFrame:
    """Rows of `returns` with their known times."""
    settings, population = scene.settings, scene.population
    share = np.where(orders.is_disappointing, RETURN_SHARE_DISAPPOINTED, RETURN_SHARE) * ~orders.is_cancelled
    rows = np.flatnonzero(rng.random(len(share)) < share)
    at = orders.delivered_at[rows] + rng.integers(DAY, 12 * DAY, len(rows))
    paid = (orders.goods - orders.discount)[rows]
    other = rng.integers(2, len(RETURN_REASONS), len(rows))
    reason = np.select([orders.is_disappointing[rows], orders.is_late[rows]], [0, 1], other)
    frame = pl.DataFrame(
        {
            "return_id": ids("r", first_number + np.arange(len(rows)), 6),
            "order_id": ids("o", orders.number[rows], 7),
            "user_id": population.user_ids.gather(orders.user[rows]),
            "returned_at": times(at),
            "amount": money(paid * np.where(rng.random(len(rows)) < 0.7, 1, rng.uniform(0.3, 0.9, len(rows)))),
            "reason": RETURN_REASONS.gather(reason),
            "ingested_at": times(known_times(rng, at, settings.late_share)),
        }
    )
    return pl.concat([frame, corrected(rng, frame, settings.correction_share, (pl.col("amount") * 0.8).round(2))])


def reviews_frame(rng: np.random.Generator, scene: Scene, orders: Orders, first_number: int) -> pl.DataFrame:
    """Rows of `reviews` with their known times; ratings and words follow what happened."""
    settings, population = scene.settings, scene.population
    rows = np.flatnonzero((rng.random(len(orders.user)) < REVIEW_SHARE) & ~orders.is_cancelled)
    at = orders.delivered_at[rows] + rng.integers(6 * HOUR, 10 * DAY, len(rows))
    mood = 4.6 - 2.0 * orders.is_disappointing[rows] - 1.0 * orders.is_late[rows]
    rating = np.clip(np.rint(mood + rng.normal(0, 0.8, len(rows))), 1, 5).astype(np.int64)
    language = population.is_chinese[orders.user[rows]]
    words = (language * 5 + rating - 1) * WAYS + rng.integers(0, WAYS, len(rows))
    frame = pl.DataFrame(
        {
            "review_id": ids("v", first_number + np.arange(len(rows)), 6),
            "user_id": population.user_ids.gather(orders.user[rows]),
            "reviewed_at": times(at),
            "rating": rating,
            "product_id": scene.world.product_ids.gather(orders.main_product[rows]),
            "order_id": ids("o", orders.number[rows], 7),
            "text": REVIEWS.gather(words),
            "language": LANGUAGES.gather(language),
            "ingested_at": times(known_times(rng, at, settings.late_share)),
        }
    )
    lower = pl.when(pl.col("rating") > 1).then(pl.col("rating") - 1).otherwise(2).alias("rating")
    return pl.concat([frame, corrected(rng, frame, settings.correction_share, lower)])
