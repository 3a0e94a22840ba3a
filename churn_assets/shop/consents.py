"""Who may be contacted how: the `consents` table, and the same as arrays for the shop's own mailings."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import polars as pl

from churn_assets.shop.arrays import NEVER, WEEK, Flags, Ints, microseconds, pick, stream, times
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


def draw_answers(rng: np.random.Generator, n: int) -> Consents:
    """Answers of users who register after the span; what they change their minds about is drawn week by week."""
    never = np.full((len(GRANTED_SHARES), n), NEVER)
    granted = rng.random(never.shape) < np.array([*GRANTED_SHARES.values()])[:, None]
    return Consents(granted, never, never[0].copy())


def with_newcomers(consents: Consents, newcomers: Consents) -> Consents:
    """The consents of both, in this order."""
    return Consents(
        is_granted=np.hstack([consents.is_granted, newcomers.is_granted]),
        changed_at=np.hstack([consents.changed_at, newcomers.changed_at]),
        objected_at=np.concatenate([consents.objected_at, newcomers.objected_at]),
    )


def a_week_of_changes(
    rng: np.random.Generator, consents: Consents, settings: ShopSettings, start: int, is_present: Flags
) -> Consents:
    """With what users change in one week after the span, as often as in one of it."""
    moments = start + rng.integers(0, WEEK, consents.changed_at.shape)
    changes = (rng.random(moments.shape) < CHANGE_SHARE / settings.weeks) & (consents.changed_at == NEVER) & is_present
    objects = (rng.random(len(is_present)) < OBJECTION_SHARE / settings.weeks) & (consents.objected_at == NEVER)
    return Consents(
        consents.is_granted,
        np.where(changes, moments, consents.changed_at),
        np.where(objects & is_present, start + rng.integers(0, WEEK, len(is_present)), consents.objected_at),
    )


def changes_frame(population: Population, before: Consents, after: Consents) -> pl.DataFrame:
    """Rows of `consents` of the changes and objections that `after` has more than `before`."""
    channel, user = np.nonzero(after.changed_at != before.changed_at)
    objector = np.flatnonzero(after.objected_at != before.objected_at)
    everything = np.full(len(objector), len(after.is_granted))
    changes = consent_rows(population, user, channel, ~after.is_granted[channel, user], after.changed_at[channel, user])
    refused = np.zeros(len(objector), dtype=np.bool_)
    objections = consent_rows(population, objector, everything, refused, after.objected_at[objector])
    return pl.concat([changes, objections])


def withdrawn(consents: Consents, channel: int, user: Ints) -> Consents:
    """With the channel refused by these users for good."""
    granted, changed = consents.is_granted.copy(), consents.changed_at.copy()
    granted[channel, user], changed[channel, user] = False, NEVER
    return replace(consents, is_granted=granted, changed_at=changed)


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
    return consent_rows(population, user[happens], channel[happens], granted[happens], at[happens])


def consent_rows(population: Population, user: Ints, channel: Ints, granted: Flags, at: Ints) -> pl.DataFrame:
    """Rows of `consents`, one per entry; `channel`: position in CHANNELS."""
    return pl.DataFrame(
        {
            "user_id": population.user_ids.gather(user),
            "channel": pick(CHANNELS, channel),
            "purpose": pl.repeat("direct_marketing", len(user), dtype=pl.String, eager=True),
            "is_granted": granted,
            "changed_at": times(at),
        }
    )
