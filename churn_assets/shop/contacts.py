"""Rows of `contacts`: one per user and mailing, again when opened. Who gets what is decided in campaigns.py."""

from __future__ import annotations

import numpy as np
import polars as pl

from churn_assets.shop.arrays import HOUR, MINUTE, NEVER, Floats, Ints, ids, times
from churn_assets.shop.campaigns import ARM_SHARES, CONTROL
from churn_assets.shop.hazard import State
from churn_assets.shop.noise import known_times
from churn_assets.shop.scene import Scene

OPEN_SHARE, CLICK_SHARE = 0.35, 0.25
OPEN_FADING, OPEN_RESTING, OPEN_GONE = 0.55, 0.5, 0.1
EMAIL_COST_AMOUNT = 0.02


def sending_times(rng: np.random.Generator, week_start: int, size: int) -> Ints:
    """Mailings leave in the first hour of a week, so the weeks after it are the weeks they work in."""
    return week_start + rng.integers(MINUTE, HOUR, size)


def campaign(week: int, arm: Ints, first_number: int) -> pl.DataFrame:
    """A randomised campaign; control users have a row too, with channel `none`, and nothing to open."""
    names, shares = pl.Series(list(ARM_SHARES)), np.array(list(ARM_SHARES.values()))
    is_control = np.array([name == CONTROL for name in ARM_SHARES])[arm]
    return pl.DataFrame(
        {
            "arm": names.gather(arm),
            "channel": pl.Series(["email", "none"]).gather(is_control.astype(np.int64)),
            "propensity": shares[arm],
            "cost_amount": np.where(is_control, 0.0, EMAIL_COST_AMOUNT),
        }
    ).with_columns(
        contact_id=ids("m", first_number + np.arange(len(arm)), 7),
        campaign_id=pl.lit(f"c{week:04d}"),
        is_randomised=True,
    )


def newsletter(week: int, size: int, first_number: int) -> pl.DataFrame:
    """A newsletter to `size` users: not randomised, so no propensity and nothing to learn an effect from."""
    return pl.DataFrame({"contact_id": ids("m", first_number + np.arange(size), 7)}).with_columns(
        campaign_id=pl.lit(f"n{week:04d}"),
        arm=pl.lit("newsletter"),
        channel=pl.lit("email"),
        is_randomised=False,
        propensity=pl.lit(None, dtype=pl.Float64),
        cost_amount=EMAIL_COST_AMOUNT,
    )


def contact_rows(
    rng: np.random.Generator, scene: Scene, state: State, mailing: pl.DataFrame, user: Ints, sent_at: Ints
) -> pl.DataFrame:
    """Rows of `contacts` for a mailing (one row per entry of `user`) with their known times."""
    known = known_times(rng, sent_at, scene.settings.late_share)
    never = times(np.full(len(user), NEVER))
    sent = mailing.with_columns(
        user_id=scene.population.user_ids.gather(user),
        sent_at=times(sent_at),
        opened_at=never,
        clicked_at=never,
        ingested_at=times(known),
    )
    return pl.concat([sent, openings(rng, scene, state, sent, user)])


def openings(rng: np.random.Generator, scene: Scene, state: State, sent: pl.DataFrame, user: Ints) -> pl.DataFrame:
    """The rows of `sent` (columns of `contacts`, one per entry of `user`) again that are opened, known later."""
    n, sent_at, known = len(user), *(sent[name].to_physical().to_numpy() for name in ("sent_at", "ingested_at"))
    opened_at = sent_at + MINUTE + (rng.exponential(8, n) * HOUR).astype(np.int64)
    clicks = rng.random(n) < CLICK_SHARE
    opens = (rng.random(n) < _open_chance(state)[user]) & (sent["channel"] == "email").to_numpy()
    return sent.with_columns(
        opened_at=times(opened_at),
        clicked_at=times(np.where(clicks, opened_at + rng.integers(5_000_000, 5 * MINUTE, n), NEVER)),
        ingested_at=times(known_times(rng, opened_at + 5 * MINUTE, scene.settings.late_share, after=known)),
    ).filter(pl.Series(opens))


def _open_chance(state: State) -> Floats:
    factors = np.select(
        [state.left_week >= 0, state.leaving_in > 0, state.resting > 0], [OPEN_GONE, OPEN_FADING, OPEN_RESTING], 1.0
    )
    return OPEN_SHARE * factors
