"""One small shop with its usual noise and one without any, simulated once for all tests of the shop."""

from __future__ import annotations

from collections import defaultdict
from datetime import date

import polars as pl
import pytest

from churn_assets.shop import Batch, ShopSettings, simulate

END = date(2026, 11, 16)
Tables = dict[str, pl.DataFrame]


def joined(batches: list[Batch], folder: str) -> Tables:
    """All batches of a folder, by table."""
    frames = defaultdict(list)
    for batch in batches:
        if batch.folder == folder:
            frames[batch.table].append(batch.frame)
    return {table: pl.concat(parts) for table, parts in frames.items()}


@pytest.fixture(scope="session")
def noisy_settings() -> ShopSettings:
    return ShopSettings(end=END, users=2_000, weeks=26)


@pytest.fixture(scope="session")
def noisy_batches(noisy_settings: ShopSettings) -> list[Batch]:
    return list(simulate(noisy_settings))


@pytest.fixture(scope="session")
def noisy(noisy_batches: list[Batch]) -> Tables:
    return joined(noisy_batches, "landing")


@pytest.fixture(scope="session")
def clean_batches() -> list[Batch]:
    return list(
        simulate(
            ShopSettings(
                end=END, users=4_000, weeks=30, late_share=0, correction_share=0, duplicate_share=0, broken_share=0
            )
        )
    )


@pytest.fixture(scope="session")
def clean(clean_batches: list[Batch]) -> Tables:
    return joined(clean_batches, "landing")


@pytest.fixture(scope="session")
def true(clean_batches: list[Batch]) -> Tables:
    return joined(clean_batches, "truth")
