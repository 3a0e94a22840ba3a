"""Coupons: which one each user has, which order uses it, and the rows of `coupons`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from churn_assets.shop.arrays import DAY, NEVER, Floats, Ints, ids, money, times
from churn_assets.shop.population import Population

VALID = 28 * DAY
WELCOME_SHARE, WELCOME_AMOUNT = 0.5, 5.0


@dataclass(frozen=True)
class Purse:
    """The newest coupon of each user; a new one takes the place of an unused one."""

    number: Ints  # -1: none yet
    issued_at: Ints
    face_amount: Floats
    known_at: Ints

    def use(
        self, rng: np.random.Generator, population: Population, user: Ints, at: Ints, goods: Floats
    ) -> tuple[Ints, Floats]:
        """Coupon number (-1: none) and discount of each order: a user's first of the week may use what is at hand."""
        _, first = np.unique(user, return_index=True)
        is_first = np.zeros(len(user), dtype=np.bool_)
        is_first[first] = True
        usable = is_first & (self.number[user] >= 0) & (at > self.issued_at[user]) & (at < self.issued_at[user] + VALID)
        uses = usable & (rng.random(len(user)) < population.affinity[user])
        return np.where(uses, self.number[user], -1), np.where(uses, np.minimum(self.face_amount[user], goods), 0.0)

    def take(self, user: Ints, number: Ints, issued_at: Ints, face_amount: float, known_at: Ints) -> Purse:
        """The purse after `user` got these coupons."""
        pairs = ((self.number, number), (self.issued_at, issued_at), (self.face_amount, face_amount),
                 (self.known_at, known_at))  # fmt: skip
        return Purse(*(_replaced(old, user, new) for old, new in pairs))

    def drop(self, user: Ints) -> Purse:
        """The purse after `user` used the coupons."""
        return Purse(_replaced(self.number, user, -1), self.issued_at, self.face_amount, self.known_at)


def empty_purse(size: int) -> Purse:
    """Nobody holds a coupon."""
    return Purse(np.full(size, -1), np.zeros(size, dtype=np.int64), np.zeros(size), np.zeros(size, dtype=np.int64))


def coupon_rows(
    population: Population, purse: Purse, user: Ints, redeemed_at: Ints | None = None, order: Ints | None = None
) -> pl.DataFrame:
    """The coupons `user` hold: as issued, or as redeemed with `order`; one row each, without known times of its own."""
    never = np.full(len(user), NEVER)
    return pl.DataFrame(
        {
            "coupon_id": ids("k", purse.number[user], 7),
            "user_id": population.user_ids.gather(user),
            "issued_at": times(purse.issued_at[user]),
            "expires_at": times(purse.issued_at[user] + VALID),
            "redeemed_at": times(never if redeemed_at is None else redeemed_at),
            "order_id": ids("o", never if order is None else order, 7),
            "face_amount": money(purse.face_amount[user]),
            "min_spend_amount": pl.zeros(len(user), dtype=pl.Float64, eager=True),
            "ingested_at": times(purse.known_at[user]),
        }
    )


def _replaced(old: npt.NDArray[Any], rows: Ints, new: npt.ArrayLike) -> npt.NDArray[Any]:
    copy = old.copy()
    copy[rows] = new
    return copy
