"""What stays the same while the weeks pass: settings, world and population together, and questions about a week."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from churn_assets.shop.arrays import WEEK, Flags, stream
from churn_assets.shop.population import Population, draw_population
from churn_assets.shop.settings import ShopSettings
from churn_assets.shop.world import World, draw_world


@dataclass(frozen=True)
class Scene:
    """Drawn once from the settings; weeks are numbered from 0."""

    settings: ShopSettings
    world: World
    population: Population

    def start(self, week: int) -> int:
        """Time at which the week starts."""
        return self.world.start + week * WEEK

    def is_present(self, week: int) -> Flags:
        """Users registered before the week starts."""
        return np.asarray(self.population.registered_at < self.start(week))

    def joins(self, week: int) -> Flags:
        """Users who register during the week."""
        return self.is_present(week + 1) & ~self.is_present(week)

    def stream(self, week: int, name: str) -> np.random.Generator:
        """Random numbers of one part in one week."""
        return stream(self.settings.seed, week, name)


def draw_scene(settings: ShopSettings, arms: tuple[str, ...]) -> Scene:
    """The scene that belongs to the settings."""
    return Scene(settings, draw_world(settings), draw_population(settings, arms))
