"""Who may be contacted how: the `consents` table, and the same as arrays for the shop's own mailings."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

from churn_assets.shop.arrays import NEVER, Flags, Ints, microseconds, pick, stream, times
from churn_assets.shop.population import Population
from churn_assets.shop.settings import ShopSettings

GRANTED_SHARES = {"email": 0.80, "sms": 0.45, "push": 0.55, "call": 0.20}  # of the channels that this shop asks about
CHANNELS = pl.Series([*GRANTED_SHARES, "all"])
CHANGE_SHARE = 0.05  # per user and channel, once in the span
OBJECTION_SHARE = 0.01
EMAIL = 0


@dataclass(frozen=True)
class Consents:
    """By channel (rows) and user: the answer at registration, and when it turns into its opposite (NEVER: stays)."""

    is_granted: Flags
    changed_at: Ints
    objected_at: Ints  # per user; NEVER: does not object

    def may_mail(self, at: int) -> Flags:
        """Users who granted e-mail and did not object, as of `at`."""
        changed = (self.changed_at[EMAIL] != NEVER) & (self.changed_at[EMAIL] < at)
        objected = (self.objected_at != NEVER) & (self.objected_at < at)
        return np.asarray((self.is_granted[EMAIL] ^ changed) & ~objected)


def draw_consents(settings: ShopSettings, population: Population) -> Consents:
    """Answers, changes and objections of all users over the span."""
    rng, n, channels = stream(settings.seed, 0, "consents"), len(population), len(GRANTED_SHARES)
    start, end = microseconds(settings.start), microseconds(settings.end)
    room = end - np.maximum(population.registered_at, start)
    moments = np.maximum(population.registered_at, start) + (rng.random((channels + 1, n)) * room).astype(np.int64)
    changes = rng.random((channels, n)) < CHANGE_SHARE
    return Consents(
        is_granted=rng.random((channels, n)) < np.array([*GRANTED_SHARES.values()])[:, None],
        changed_at=np.where(changes, moments[:channels], NEVER),
        objected_at=np.where(rng.random(n) < OBJECTION_SHARE, moments[channels], NEVER),
    )


def consents_frame(population: Population, consents: Consents) -> pl.DataFrame:
    """Rows of `consents`: four answers per user at registration, then changes and objections; no known times yet."""
    answers, n = consents.is_granted, len(population)
    user = np.tile(np.arange(n), 9)
    channel = np.repeat(np.array([0, 1, 2, 3, 0, 1, 2, 3, len(answers)]), n)
    at = np.concatenate(
        [np.tile(population.registered_at, len(answers)), consents.changed_at.ravel(), consents.objected_at]
    )
    granted = np.concatenate([answers.ravel(), ~answers.ravel(), np.zeros(n, dtype=np.bool_)])
    happens = at != NEVER
    return pl.DataFrame(
        {
            "user_id": population.user_ids.gather(user[happens]),
            "channel": pick(CHANNELS, channel[happens]),
            "purpose": pl.repeat("direct_marketing", int(happens.sum()), dtype=pl.String, eager=True),
            "is_granted": granted[happens],
            "changed_at": times(at[happens]),
        }
    )
