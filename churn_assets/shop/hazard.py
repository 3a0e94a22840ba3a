"""Staying, pausing, deciding to leave, leaving: the latent state of every user and its weekly step.

No rows are made here, and nothing looks ahead (outlook.py does).

A week of a user: active; resting (a pause of some weeks, then back); fading (decided to leave, browsing and buying
less each week); gone for good. The chance to decide rises with dissatisfaction, which bad experiences add to and
weeks wear off.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from churn_assets.shop.arrays import WEEK, Floats, Ints
from churn_assets.shop.scene import Scene

FADING_WEEKS = (2, 3, 4, 5)  # equally likely lengths between the decision and the leaving
RESTING_WEEKS = (2, 3, 4, 6, 9)  # equally likely lengths of a pause
RESTING_RATE = 0.025  # chance per week that a pause begins
ORDERS_FADING = np.array([0.0, 0.30, 0.45, 0.60, 0.70, 0.80])  # by weeks left, this one included
BROWSE_FADING = np.array([0.0, 0.10, 0.20, 0.30, 0.45, 0.65])
ORDERS_RESTING, BROWSE_RESTING, BROWSE_GONE = 0.05, 0.15, 0.04
MEMORY = 0.85  # share of dissatisfaction that is left a week later
TEMPER = 1.8  # log hazard per unit of dissatisfaction
BOOST_WEEKS = 4  # how long a campaign works


@dataclass(frozen=True)
class State:
    """Latent state at the start of a week; one entry per user."""

    leaving_in: Ints  # weeks until gone, once decided; 0: not decided
    left_week: Ints  # week number from which on the user is gone, -1: not gone
    resting: Ints  # weeks of pause left
    dissatisfaction: Floats
    arriving: Floats  # bad experience of the week before last: parcels take a week to disappoint
    recent: Floats  # bad experience of last week
    boost_weeks: Ints  # weeks a campaign still works
    boost_orders: Floats  # factor on the order rate meanwhile
    boost_leaving: Floats  # factor on the hazard meanwhile


def initial_state(size: int) -> State:
    """Everybody active and content."""
    none, zero, one = np.zeros(size, dtype=np.int64), np.zeros(size), np.ones(size)
    return State(none, none - 1, none, zero, zero, zero, none, one, one)


def leaving_chance(scene: Scene, week: int, dissatisfaction: Floats, factor: Floats) -> Floats:
    """Chance that an active user decides to leave in this week; new users leave more easily."""
    population = scene.population
    tenure_weeks = np.maximum(scene.start(week) - population.registered_at, 0) / WEEK
    novelty = 1 + 3 * np.exp(-tenure_weeks / 6)
    anger = np.exp(np.minimum(TEMPER * dissatisfaction, 4))
    return np.asarray(np.minimum(population.leaving_rate * novelty * anger * factor, 0.6))


def boosts(state: State, ahead: int = 0) -> tuple[Floats, Floats]:
    """Factors of a campaign on the order rate and on the chance to leave, `ahead` weeks after the state's own."""
    works = state.boost_weeks > ahead
    return np.where(works, state.boost_orders, 1.0), np.where(works, state.boost_leaving, 1.0)


def step(scene: Scene, week: int, state: State) -> State:
    """From the start of the week into it: who decides, pauses, comes back, is gone."""
    rng, n = scene.stream(week, "state"), len(scene.population)
    dissatisfaction = MEMORY * state.dissatisfaction + state.arriving
    chance = leaving_chance(scene, week, dissatisfaction, boosts(state)[1])
    draw = rng.random(n)
    active = (state.leaving_in == 0) & (state.left_week < 0) & (state.resting == 0) & scene.is_present(week)
    decides = active & (draw < chance)
    rests = active & ~decides & (draw < chance + RESTING_RATE)
    return replace(
        state,
        leaving_in=np.where(decides, rng.choice(FADING_WEEKS, n), np.maximum(state.leaving_in - 1, 0)),
        left_week=np.where(state.leaving_in == 1, week, state.left_week),
        resting=np.where(rests, rng.choice(RESTING_WEEKS, n), np.maximum(state.resting - 1, 0)),
        dissatisfaction=dissatisfaction,
        arriving=state.recent,
        recent=np.zeros(n),
    )


def end_week(state: State, experience: Floats) -> State:
    """What the week did to them stays for the next ones; campaigns wear off."""
    return replace(state, recent=experience, boost_weeks=np.maximum(state.boost_weeks - 1, 0))


def activity(state: State) -> tuple[Floats, Floats]:
    """Factors on orders and on browsing in the week the state has stepped into."""
    gone, resting = state.left_week >= 0, state.resting > 0
    fading = state.leaving_in > 0
    orders = np.select([gone, fading, resting], [0.0, ORDERS_FADING[state.leaving_in], ORDERS_RESTING], 1.0)
    browse = np.select([gone, fading, resting], [BROWSE_GONE, BROWSE_FADING[state.leaving_in], BROWSE_RESTING], 1.0)
    return orders, browse
