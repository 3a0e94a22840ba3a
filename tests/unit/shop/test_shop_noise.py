"""How the warehouse learns of things: shares as stated, and every kind of noise told apart by its effect."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from churn_assets.shop import ShopSettings
from churn_assets.shop.noise import BREAKAGES, VERSION_GAP, broken, corrected, duplicated, known_times
from churn_assets.shop.tables import SCHEMAS

FEW_HOURS = pl.duration(hours=5)


def near(observed: float, stated: float, rows: int) -> bool:
    spread: float = (stated * (1 - stated) / rows) ** 0.5
    return abs(observed - stated) < 4 * spread


def test_late_rows_have_their_share(noisy: dict[str, pl.DataFrame], noisy_settings: ShopSettings) -> None:
    events = noisy["events"].filter(pl.col("occurred_at").is_not_null()).unique("event_id")
    month_before_end = pl.lit(noisy_settings.end) - pl.duration(days=28)  # later ones are not all known yet
    events = events.filter(pl.col("occurred_at") < month_before_end)
    delay = pl.col("ingested_at") - pl.col("occurred_at")
    late = events.select((delay > FEW_HOURS).mean()).item()
    assert near(late, noisy_settings.late_share, events.height), late
    assert events.select(delay.max() <= pl.duration(days=21)).item()
    assert events.select((delay > pl.duration(days=7)).sum()).item() > 0


def test_duplicates_have_their_share(noisy: dict[str, pl.DataFrame], noisy_settings: ShopSettings) -> None:
    events = noisy["events"].filter(pl.col("event_id").is_not_null())
    again = events.height - events["event_id"].n_unique()
    assert near(again / events.height, noisy_settings.duplicate_share, events.height), again


def test_broken_rows_have_their_share(noisy: dict[str, pl.DataFrame], noisy_settings: ShopSettings) -> None:
    events = noisy["events"]
    bad = events.filter(
        pl.any_horizontal(pl.col("user_id", "occurred_at", "event_type").is_null()) | (pl.col("dwell_seconds") < 0)
    )
    assert near(bad.height / events.height, noisy_settings.broken_share, events.height), bad.height


def test_corrections_have_their_share(noisy: dict[str, pl.DataFrame], noisy_settings: ShopSettings) -> None:
    users = noisy["users"].filter(pl.col("user_id").is_not_null() & pl.col("registered_at").is_not_null())
    moved = users.group_by("user_id").agg(regions=pl.col("region").n_unique())
    share = moved.select((pl.col("regions") > 1).mean()).item()
    assert near(share, noisy_settings.correction_share, moved.height), share


def test_a_shop_without_noise_has_none(clean: dict[str, pl.DataFrame]) -> None:
    assert clean["events"]["event_id"].is_unique().all()
    assert clean["events"].select((pl.col("ingested_at") - pl.col("occurred_at")).max() < FEW_HOURS).item()
    assert clean["users"]["user_id"].is_unique().all()
    assert clean["orders"].group_by("order_id").len()["len"].max() == 2


@pytest.mark.parametrize("table", SCHEMAS)
def test_every_breakage_leaves_the_type_and_changes_one_value(table: str) -> None:
    frame = pl.DataFrame({name: [_value(kind)] * 400 for name, kind in SCHEMAS[table].items()}, schema=SCHEMAS[table])
    result = broken(np.random.default_rng(1), table, frame, 1.0)
    assert result.schema == frame.schema
    for column, value in BREAKAGES[table]:
        hit = result.filter(pl.col(column).eq_missing(pl.lit(value, dtype=SCHEMAS[table][column])))
        assert hit.height > 20, f"{table}.{column} is never {value}"


def test_a_duplicate_has_the_same_content_and_never_comes_first() -> None:
    frame = _reviews(300)
    result = duplicated(np.random.default_rng(2), frame, 0.5)
    again = result.slice(300)
    assert 100 < again.height < 200
    both = again.join(frame, on="review_id")
    assert (both["rating"] == both["rating_right"]).all()
    assert (both["ingested_at"] >= both["ingested_at_right"]).all()
    assert ((both["ingested_at"] - both["ingested_at_right"]).dt.total_microseconds() < VERSION_GAP).all()


def test_a_correction_changes_the_content_and_comes_after_any_duplicate() -> None:
    frame = _reviews(300)
    both = corrected(np.random.default_rng(3), frame, 0.5, pl.col("rating") - 1).join(frame, on="review_id")
    assert 100 < both.height < 200
    assert (both["rating"] == both["rating_right"] - 1).all()
    assert ((both["ingested_at"] - both["ingested_at_right"]).dt.total_microseconds() >= VERSION_GAP).all()


def test_a_later_version_is_known_after_the_earlier_one() -> None:
    at = np.zeros(500, dtype=np.int64)
    first = known_times(np.random.default_rng(4), at, 0.5)
    second = known_times(np.random.default_rng(5), at + 1, 0.5, after=first)
    assert (first > at).all()
    assert (second >= first + VERSION_GAP).all()


def _value(kind: pl.DataType) -> object:
    return {pl.String(): "a", pl.Float64(): 4.0, pl.Int64(): 4, pl.Boolean(): True}.get(kind) or pl.Series(
        [0], dtype=pl.Datetime("us")
    )[0]


def _reviews(rows: int) -> pl.DataFrame:
    known = pl.Series(range(rows), dtype=pl.Int64).cast(pl.Datetime("us"))
    return pl.DataFrame({"review_id": [f"v{row}" for row in range(rows)], "rating": 4, "ingested_at": known})
