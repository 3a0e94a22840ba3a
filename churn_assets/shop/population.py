"""Who the users are: what they show (the `users` table) and what no table shows (their latent traits)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
import polars as pl

from churn_assets.shop.arrays import (
    DAY,
    HOUR,
    WEEK,
    Floats,
    Ints,
    choose,
    ids,
    microseconds,
    pick,
    stream,
    times,
    whole,
)
from churn_assets.shop.settings import ShopSettings
from churn_assets.shop.world import CATEGORIES, REGION_SHARES, REGIONS, TIERS

# Rates are tuned for a hard shop (20,000 users, 78 weeks, 2026-11): of users with an order in the last 180 days
# 60 % have none in the next 28; AUC of recency 0.72, of orders 0.75, with browsing 0.78, of the oracle 0.85.
# tests/unit/shop/test_shop_is_hard.py keeps it so.
EARLIER_SHARE = 0.45  # registered in the two years before the span
ACQUISITION = pl.Series(["ads", "friend", "organic", "search", "social"])
GENDERS = pl.Series(["f", "m", "other"])
PLATFORMS = pl.Series(["app", "mini_program", "web"])


@dataclass(frozen=True)
class Population:
    """One entry per user, ordered by registration; user number i is `user_ids[i]`. Rates are per week."""

    user_ids: pl.Series
    registered_at: Ints
    order_rate: Floats  # purchases when active, heavy-tailed
    browse_rate: Floats  # sessions when active, heavy-tailed and only loosely tied to purchases
    leaving_rate: Floats  # hazard of deciding to leave without any bad experience
    patience: Floats  # divides what a bad experience does
    price_sensitivity: Floats
    affinity: Floats  # chance of using a coupon at hand
    favourite: Ints  # category
    second: Ints  # category
    tier: Ints  # how dear they buy
    region: Ints
    platform: Ints
    is_chinese: Ints  # language of the reviews
    pet_query: Ints  # the search they repeat, -1: none
    hidden_response: dict[str, Floats]  # per arm: part of the response to a campaign that no table shows

    def __len__(self) -> int:
        return len(self.registered_at)

    def and_then(self, later: Population) -> Population:
        """The users of both, in this order."""
        return self._mapped(
            lambda one, two: pl.concat([one, two]) if isinstance(one, pl.Series) else np.concatenate([one, two]), later
        )

    def slice(self, first: int) -> Population:
        """The users from number `first` on."""
        return self._mapped(lambda values: values[first:])

    def _mapped(self, of_each: Callable[..., Any], *others: Population) -> Population:
        """`of_each` of every field, with the same field of the `others`."""
        everybody = (self, *others)
        hidden = {arm: of_each(*(each.hidden_response[arm] for each in everybody)) for arm in self.hidden_response}
        arrays = {
            field.name: of_each(*(getattr(each, field.name) for each in everybody))
            for field in fields(self)
            if field.name != "hidden_response"
        }
        return Population(hidden_response=hidden, **arrays)


def draw_population(settings: ShopSettings, arms: tuple[str, ...]) -> Population:
    """All users of the span; registration is spread over it, with a share before its start."""
    rng, n = stream(settings.seed, 0, "population"), settings.users
    start, end = microseconds(settings.start), microseconds(settings.end)
    earlier = start - rng.integers(DAY, 104 * WEEK, n)
    within = start + rng.integers(0, end - start - HOUR, n)
    return _people(rng, 0, arms, lambda: np.sort(np.where(rng.random(n) < EARLIER_SHARE, earlier, within)), n)


def draw_newcomers(settings: ShopSettings, week: int, arms: tuple[str, ...], first_number: int) -> Population:
    """Users who register in a week after the span, about as many as in one of it."""
    rng, start = stream(settings.seed, week, "population"), microseconds(settings.boundary(week))
    n = int(rng.poisson(settings.users * (1 - EARLIER_SHARE) / settings.weeks))
    return _people(rng, first_number, arms, lambda: np.sort(start + rng.integers(0, WEEK - HOUR, n)), n)


def _people(
    rng: np.random.Generator, first_number: int, arms: tuple[str, ...], registered_at: Callable[[], Ints], n: int
) -> Population:
    tempo = rng.normal(0, 1, n)
    favourite = rng.integers(0, len(CATEGORIES), n)
    return Population(
        user_ids=ids("u", first_number + np.arange(n), 6),
        registered_at=registered_at(),
        order_rate=np.clip(np.exp(np.log(0.27) + 0.85 * tempo), 0.01, 2.5),
        browse_rate=np.clip(np.exp(np.log(0.55) + 0.6 * tempo + 0.45 * rng.normal(0, 1, n)), 0.02, 6),
        leaving_rate=0.004 * np.exp(0.7 * rng.normal(0, 1, n)),
        patience=np.exp(0.4 * rng.normal(0, 1, n)),
        price_sensitivity=rng.beta(2, 3, n),
        affinity=rng.beta(1.2, 2.5, n),
        favourite=favourite,
        second=(favourite + rng.integers(1, len(CATEGORIES), n)) % len(CATEGORIES),
        tier=rng.integers(0, TIERS, n),
        region=choose(rng, REGION_SHARES, n),
        platform=choose(rng, (0.5, 0.3, 0.2), n),
        is_chinese=(rng.random(n) < 0.7).astype(np.int64),
        pet_query=np.where(rng.random(n) < 0.3, rng.integers(0, 2, n), -1),
        hidden_response={arm: rng.normal(0, 1, n) for arm in arms},
    )


def users_frame(rng: np.random.Generator, population: Population, first_number: int = 0) -> pl.DataFrame:
    """One row per user, as registered. Addresses cannot exist: example.com, country code 000."""
    n = len(population)
    year = 1970 + population.registered_at // (365.25 * DAY)
    born = year - 18 - np.floor(rng.gamma(3, 7, n)).clip(0, 70)
    return pl.DataFrame(
        {
            "user_id": population.user_ids,
            "registered_at": times(population.registered_at),
            "birth_year": whole(np.where(rng.random(n) < 0.18, np.nan, born)),
            "gender": pick(GENDERS, np.where(rng.random(n) < 0.15, -1, choose(rng, (0.52, 0.45, 0.03), n))),
            "region": pick(REGIONS, population.region),
            "city_tier": choose(rng, (0.3, 0.4, 0.3), n) + 1,
            "acquisition_channel": pick(ACQUISITION, choose(rng, (0.3, 0.12, 0.28, 0.2, 0.1), n)),
            "friend_count": whole(np.where(rng.random(n) < 0.2, np.nan, rng.poisson(rng.gamma(1, 4, n)))),
            "email": population.user_ids + "@example.com",
            "phone": ids("+000", first_number + np.arange(n), 8),
        }
    )
