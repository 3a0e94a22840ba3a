"""The shop beyond its first end: a week more of prices and season, users who come, and consents that change."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import TypeVar

import numpy as np
import polars as pl

from churn_assets.shop.arrivals import arrival_frames
from churn_assets.shop.campaigns import PurchaseHistory, empty_history
from churn_assets.shop.consents import (
    Consents,
    a_week_of_changes,
    changes_frame,
    consents_frame,
    draw_answers,
    with_newcomers,
)
from churn_assets.shop.coupons import Purse, empty_purse
from churn_assets.shop.hazard import State, initial_state
from churn_assets.shop.population import draw_newcomers, users_frame
from churn_assets.shop.scene import Scene
from churn_assets.shop.world import a_week_longer


def longer(scene: Scene, week: int, arms: tuple[str, ...]) -> Scene:
    """The scene with what it needs for `week`, the first that it was not drawn for."""
    newcomers = draw_newcomers(scene.settings, week, arms, len(scene.population))
    return replace(
        scene,
        world=a_week_longer(scene.world, scene.settings, week),
        population=scene.population.and_then(newcomers),
    )


def arrivals_later(scene: Scene, consents: Consents, week: int) -> tuple[Consents, dict[str, pl.DataFrame]]:
    """(consents of everybody in `scene`, the week's rows of `users` and `consents`); `consents`: before the week."""
    rng, first = scene.stream(week, "arrivals"), consents.is_granted.shape[1]
    answers = draw_answers(rng, len(scene.population) - first)
    newcomers = scene.population.slice(first)
    joined = with_newcomers(consents, answers)
    changed = a_week_of_changes(rng, joined, scene.settings, scene.start(week), scene.is_present(week))
    said = pl.concat([consents_frame(newcomers, answers), changes_frame(scene.population, joined, changed)])
    users = users_frame(scene.stream(week, "users"), newcomers, first)
    frames = arrival_frames(rng, scene.settings, users, said)
    return changed, {table: frame.drop("week") for table, frame in frames.items()}


def with_room(
    state: State, purse: Purse, history: PurchaseHistory, newcomers: int
) -> tuple[State, Purse, PurchaseHistory]:
    """With as many users more, of whom nothing is known yet."""
    return (
        _joined(state, initial_state(newcomers)),
        _joined(purse, empty_purse(newcomers)),
        _joined(history, empty_history(newcomers)),
    )


Arrays = TypeVar("Arrays", State, Purse, PurchaseHistory)


def _joined(first: Arrays, second: Arrays) -> Arrays:
    names = [field.name for field in fields(first)]
    return type(first)(*(np.concatenate([getattr(first, name), getattr(second, name)]) for name in names))
