"""A question to some of the week's buyers, how likely they are to recommend the shop, and what half of them answer."""

from __future__ import annotations

import numpy as np
import polars as pl

from churn_assets.shop.arrays import DAY, HOUR, times
from churn_assets.shop.hazard import State
from churn_assets.shop.noise import known_times
from churn_assets.shop.orders import Orders
from churn_assets.shop.scene import Scene

QUESTION = "How likely are you to recommend us, from 0 to 10?"
ASKED_SHARE, ANSWERED_SHARE = 0.1, 0.5
CONTENT, PER_DISSATISFACTION, SPREAD = 8.4, 2.5, 1.6


def surveys_frame(rng: np.random.Generator, scene: Scene, state: State, orders: Orders) -> pl.DataFrame:
    """Rows of `surveys`, as asked and again as answered, with their known times. Anger lowers the answer."""
    late_share = scene.settings.late_share
    user, first = np.unique(orders.user, return_index=True)
    is_asked = rng.random(len(user)) < ASKED_SHARE
    user, at = user[is_asked], orders.delivered_at[first[is_asked]] + rng.integers(HOUR, DAY, int(is_asked.sum()))
    n = len(user)
    mood = CONTENT - PER_DISSATISFACTION * state.dissatisfaction[user] + SPREAD * rng.normal(0, 1, n)
    answer = np.clip(np.rint(mood), 0, 10).astype(np.int64)
    known = known_times(rng, at, late_share)
    asked = pl.DataFrame(
        {
            "user_id": scene.population.user_ids.gather(user),
            "asked_at": times(at),
            "question": pl.repeat(QUESTION, n, dtype=pl.String, eager=True),
            "answer": pl.Series([None] * n, dtype=pl.String),
            "ingested_at": times(known),
        }
    )
    answered_at = at + (rng.exponential(12, n) * HOUR).astype(np.int64)
    answered = asked.with_columns(
        answer=pl.Series(answer).cast(pl.String),
        ingested_at=times(known_times(rng, answered_at, late_share, after=known)),
    ).filter(pl.Series(rng.random(n) < ANSWERED_SHARE))
    return pl.concat([asked, answered])
