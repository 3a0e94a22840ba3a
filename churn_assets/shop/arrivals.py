"""Users and consents as they become known: everything from before the first week arrives with it, as a first load."""

from __future__ import annotations

import numpy as np
import polars as pl

from churn_assets.shop.arrays import WEEK, microseconds, stream, times
from churn_assets.shop.consents import Consents, consents_frame
from churn_assets.shop.noise import corrected, known_times
from churn_assets.shop.population import users_frame
from churn_assets.shop.scene import Scene
from churn_assets.shop.settings import ShopSettings
from churn_assets.shop.world import REGIONS


def arrivals(scene: Scene, consents: Consents) -> dict[str, dict[int, pl.DataFrame]]:
    """Rows of `users` (with corrections: some move) and `consents` by the number of the week they happen in."""
    settings, population = scene.settings, scene.population
    rng = scene.stream(0, "arrivals")
    users = users_frame(stream(settings.seed, 0, "users"), population)
    answers = consents_frame(population, consents)
    frames = arrival_frames(rng, settings, users, answers)
    return {table: _by_week(frame) for table, frame in frames.items()}


def arrival_frames(
    rng: np.random.Generator, settings: ShopSettings, users: pl.DataFrame, answers: pl.DataFrame
) -> dict[str, pl.DataFrame]:
    """Rows of `users` and `consents` with their known times and the `week` they happen in."""
    known = _dated(rng, settings, users, "registered_at")
    elsewhere = pl.col("region").replace(REGIONS, REGIONS.gather(np.roll(np.arange(len(REGIONS)), 1)))
    moved = corrected(rng, known, settings.correction_share, elsewhere)
    return {"users": pl.concat([known, moved]), "consents": _dated(rng, settings, answers, "changed_at")}


def _dated(rng: np.random.Generator, settings: ShopSettings, frame: pl.DataFrame, event: str) -> pl.DataFrame:
    start = microseconds(settings.start)
    happens = np.maximum(frame[event].to_physical().to_numpy(), start)
    return frame.with_columns(
        ingested_at=times(known_times(rng, happens, settings.late_share)), week=pl.Series((happens - start) // WEEK)
    )


def _by_week(frame: pl.DataFrame) -> dict[int, pl.DataFrame]:
    parts = frame.partition_by("week", as_dict=True, include_key=False, maintain_order=True)
    return {int(key[0]): part for key, part in parts.items()}
