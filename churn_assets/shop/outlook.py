"""Looking 28 days ahead from the latent state: exact expectations for the chain of hazard.py, from which truth is made.

What is looked at: four weeks in which nothing new is experienced. Backward induction, vectorised over users.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from churn_assets.shop.arrays import Floats
from churn_assets.shop.hazard import (
    FADING_WEEKS,
    MEMORY,
    ORDERS_FADING,
    ORDERS_RESTING,
    RESTING_RATE,
    RESTING_WEEKS,
    State,
    boosts,
    leaving_chance,
)
from churn_assets.shop.scene import Scene
from churn_assets.shop.world import HORIZON_WEEKS

Week = Callable[[Floats, Floats], Floats]  # (order rate of the week, value of what follows) -> value of both


@dataclass(frozen=True)
class Outlook:
    """The state of all users at the start of a week, and per coming week what holds while they are active."""

    state: State
    rates: list[Floats]  # orders that are not cancelled
    chances: list[Floats]  # to decide to leave


def outlook(scene: Scene, week: int, state: State, kept_share: float) -> Outlook:
    """The four weeks from the start of `week`; `kept_share` of orders are not cancelled."""
    rates, chances, mood = [], [], state.dissatisfaction
    nothing = np.zeros_like(mood)
    for ahead, arriving in enumerate((state.arriving, state.recent, nothing, nothing)):
        mood = MEMORY * mood + arriving
        on_orders, on_leaving = boosts(state, ahead)
        rates.append(kept_share * scene.population.order_rate * scene.world.season[week + ahead] * on_orders)
        chances.append(leaving_chance(scene, week + ahead, mood, on_leaving))
    return Outlook(state, rates, chances)


def churn_probability(view: Outlook) -> Floats:
    """P(no order in the coming four weeks)."""
    return _expected(view, lambda rate, value: np.exp(-rate) * value, at_end=1, gone=1)


def leaving_probability(view: Outlook) -> Floats:
    """P(gone before the coming four weeks are over)."""
    return _expected(view, lambda _, value: value, at_end=0, gone=1)


def expected_orders(view: Outlook) -> Floats:
    """Expected number of orders in the coming four weeks."""
    return _expected(view, lambda rate, value: rate + value, at_end=0, gone=0)


def _expected(view: Outlook, week: Week, *, at_end: float, gone: float) -> Floats:
    """Expected value per user; `at_end` after the last week, `gone` once the user is gone."""
    state, n, most = view.state, len(view.state.resting), HORIZON_WEEKS + 1
    active = np.full(n, at_end, dtype=np.float64)
    fading = [active] * len(ORDERS_FADING)  # index: weeks left before the week starts
    resting = [active] * (most + 1)  # the same; `most` and more never end within the horizon
    for rate, chance in zip(reversed(view.rates), reversed(view.chances), strict=True):
        stays = week(rate, active)
        fades = [week(share * rate, value) for share, value in zip(ORDERS_FADING, fading, strict=True)]
        rests = [week(ORDERS_RESTING * rate, value) for value in resting]
        decided = np.mean([fades[weeks] for weeks in FADING_WEEKS], axis=0)
        paused = np.mean([rests[min(weeks, most)] for weeks in RESTING_WEEKS], axis=0)
        active = (1 - chance - RESTING_RATE) * stays + chance * decided + RESTING_RATE * paused
        fading = [active, np.full(n, gone, dtype=np.float64), *fades[1:-1]]
        resting = [active, stays, *rests[1:-1]]
    value = np.choose(np.minimum(state.resting, most), resting)
    value = np.where(state.leaving_in > 0, np.choose(state.leaving_in, fading), value)
    return np.where(state.left_week >= 0, gone, value)
