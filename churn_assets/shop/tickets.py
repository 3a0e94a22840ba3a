"""Support tickets: who complains about what, and who answers. What silence does to users is in service.py."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

from churn_assets.shop.arrays import DAY, HOUR, MINUTE, NEVER, Flags, Ints, ids, times, whole
from churn_assets.shop.noise import corrected, known_times
from churn_assets.shop.orders import Orders
from churn_assets.shop.scene import Scene
from churn_assets.shop.season import moments
from churn_assets.shop.texts import TICKETS, TOPICS

TICKET_SHARE, TICKET_SHARE_DISAPPOINTED, TICKET_SHARE_LATE = 0.01, 0.12, 0.30
IDLE_TICKETS = 0.001  # per user and week, without an order behind it
UNANSWERED_SHARE = 0.10


@dataclass(frozen=True)
class Tickets:
    """Tickets opened because of this week; `first_replied_at` and `closed_at` NEVER when nobody answered."""

    user: Ints
    topic: Ints
    opened_at: Ints
    first_replied_at: Ints
    closed_at: Ints

    @property
    def is_unanswered(self) -> Flags:
        return np.asarray(self.first_replied_at == NEVER)


def draw_tickets(rng: np.random.Generator, scene: Scene, week: int, orders: Orders, is_around: Flags) -> Tickets:
    """Tickets about this week's orders, and a few about nothing in particular from users who are around."""
    is_late = orders.is_late
    share = np.select(
        [orders.is_cancelled, is_late, orders.is_disappointing], [0.0, TICKET_SHARE_LATE, TICKET_SHARE_DISAPPOINTED],
        TICKET_SHARE,
    )  # fmt: skip
    about = np.flatnonzero(rng.random(len(share)) < share)
    idle = np.flatnonzero((rng.random(len(is_around)) < IDLE_TICKETS) & is_around)
    after = np.where(is_late, orders.promised_at, orders.delivered_at)[about]
    opened = np.concatenate(
        [
            after + rng.integers(HOUR, 4 * DAY, len(about)),
            moments(rng, scene.world.profile, scene.start(week), len(idle)),
        ]
    )
    topic = np.select([is_late[about], orders.is_disappointing[about]], [0, 1], 4)
    n = len(opened)
    replied = opened + 5 * MINUTE + (rng.exponential(14, n) * HOUR).astype(np.int64)
    unanswered = rng.random(n) < UNANSWERED_SHARE
    closed = replied + 10 * MINUTE + (rng.exponential(20, n) * HOUR).astype(np.int64)
    return Tickets(
        user=np.concatenate([orders.user[about], idle]),
        topic=np.concatenate([topic, rng.integers(2, 5, len(idle))]),
        opened_at=opened,
        first_replied_at=np.where(unanswered, NEVER, replied),
        closed_at=np.where(unanswered, NEVER, closed),
    )


def tickets_frame(rng: np.random.Generator, scene: Scene, tickets: Tickets, first_number: int) -> pl.DataFrame:
    """Rows of `support_tickets`: opened, and again when closed; unanswered ones stay open."""
    settings, population = scene.settings, scene.population
    n = len(tickets.user)
    known = known_times(rng, tickets.opened_at, settings.late_share)
    never = times(np.full(n, NEVER))
    slow_days = np.where(tickets.is_unanswered, 0, (tickets.first_replied_at - tickets.opened_at) / DAY)
    grade = np.clip(np.rint(4.3 - 1.2 * slow_days + rng.normal(0, 0.9, n)), 1, 5)
    opened = pl.DataFrame(
        {
            "ticket_id": ids("t", first_number + np.arange(n), 6),
            "user_id": population.user_ids.gather(tickets.user),
            "opened_at": times(tickets.opened_at),
            "first_replied_at": never,
            "closed_at": never,
            "topic": TOPICS.gather(tickets.topic),
            "satisfaction": whole(np.full(n, np.nan)),
            "text": TICKETS.gather(population.is_chinese[tickets.user] * len(TOPICS) + tickets.topic),
            "ingested_at": times(known),
        }
    )
    closed_at = np.where(tickets.is_unanswered, tickets.opened_at, tickets.closed_at)
    closed = opened.with_columns(
        first_replied_at=times(tickets.first_replied_at),
        closed_at=times(tickets.closed_at),
        satisfaction=whole(np.where(rng.random(n) < 0.5, grade, np.nan)),
        ingested_at=times(known_times(rng, closed_at, settings.late_share, after=known)),
    ).filter(~pl.lit(pl.Series(tickets.is_unanswered)))
    retagged = corrected(rng, closed, settings.correction_share, pl.lit("account").alias("topic"))
    return pl.concat([opened, closed, retagged])
