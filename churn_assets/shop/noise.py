"""How the warehouse learns of things: late, twice, corrected, broken. What happened is decided elsewhere.

A row's known time (`ingested_at`) is minutes to hours after its event; a `late_share` takes hours to three weeks.
Versions of one id (an order placed, then delivered) are known at least VERSION_GAP apart, and an exact re-delivery
comes within REDELIVERY, so a duplicate never overtakes a newer version.
"""

from __future__ import annotations

import numpy as np
import polars as pl

from churn_assets.shop.arrays import DAY, HOUR, MINUTE, Flags, Ints

USUAL_DELAY, LONGEST_USUAL_DELAY = 40 * MINUTE, 4 * HOUR
LATE_DELAYS = (6 * HOUR, 21 * DAY)
VERSION_GAP, REDELIVERY = 2 * HOUR, 1 * HOUR
CORRECTION_DELAYS = (VERSION_GAP, 10 * DAY)

# What a broken row looks like: typed files cannot hold text in a number, but all of this.
BREAKAGES: dict[str, list[tuple[str, float | None]]] = {
    "users": [("user_id", None)],
    "orders": [("order_id", None), ("user_id", None), ("ordered_at", None), ("amount", -20.0), ("amount", np.nan)],
    "order_items": [("order_id", None), ("product_id", None), ("quantity", -1)],
    "events": [("user_id", None), ("occurred_at", None), ("event_type", None), ("dwell_seconds", -5.0)],
    "returns": [("return_id", None), ("order_id", None), ("amount", -20.0)],
    "reviews": [("review_id", None), ("user_id", None), ("rating", 0), ("rating", 9)],
    "coupons": [("coupon_id", None), ("user_id", None), ("face_amount", -5.0)],
    "support_tickets": [("ticket_id", None), ("opened_at", None), ("satisfaction", 9)],
    "surveys": [("user_id", None), ("asked_at", None), ("question", None)],
    "contacts": [("contact_id", None), ("user_id", None), ("sent_at", None), ("cost_amount", np.nan)],
    "consents": [("user_id", None), ("changed_at", None), ("is_granted", None)],
    "products": [("product_id", None), ("price", -5.0)],
}


def known_times(rng: np.random.Generator, at: Ints, late_share: float, after: Ints | None = None) -> Ints:
    """When rows that happened at `at` become known; with `after`, VERSION_GAP after the version known then."""
    usual = np.minimum(rng.exponential(USUAL_DELAY, len(at)), LONGEST_USUAL_DELAY) + MINUTE
    late = np.exp(rng.uniform(np.log(LATE_DELAYS[0]), np.log(LATE_DELAYS[1]), len(at)))
    known = at + np.where(rng.random(len(at)) < late_share, late, usual).astype(np.int64)
    return known if after is None else np.maximum(known, after + VERSION_GAP)


def corrected(rng: np.random.Generator, frame: pl.DataFrame, share: float, *changes: pl.Expr) -> pl.DataFrame:
    """`share` of the rows again, changed, known hours to ten days later: same id, other content."""
    is_drawn = rng.random(frame.height) < share
    later = rng.integers(*CORRECTION_DELAYS, int(is_drawn.sum()))
    return frame.filter(is_drawn).with_columns(
        *changes, pl.col("ingested_at") + pl.Series(later).cast(pl.Duration("us"))
    )


def duplicated(rng: np.random.Generator, frame: pl.DataFrame, share: float) -> pl.DataFrame:
    """The frame and, after it, a `share` of its rows again: same content, known at the same time or within an hour."""
    is_drawn = rng.random(frame.height) < share
    later = rng.integers(0, REDELIVERY, int(is_drawn.sum())) * rng.integers(0, 2, int(is_drawn.sum()))
    again = frame.filter(is_drawn).with_columns(pl.col("ingested_at") + pl.Series(later).cast(pl.Duration("us")))
    return pl.concat([frame, again])


def broken(rng: np.random.Generator, table: str, frame: pl.DataFrame, share: float) -> pl.DataFrame:
    """The frame with a `share` of its rows broken in one of the ways of BREAKAGES."""
    ways = BREAKAGES[table]
    is_drawn: Flags = rng.random(frame.height) < share
    way = np.where(is_drawn, rng.integers(0, len(ways), frame.height), -1)
    for number, (column, value) in enumerate(ways):
        bad = pl.lit(value, dtype=frame.schema[column])
        frame = frame.with_columns(pl.when(pl.lit(pl.Series(way == number))).then(bad).otherwise(column).alias(column))
    return frame
