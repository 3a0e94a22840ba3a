"""The feature expected_purchases: per snapshot, from that snapshot's own eligible users."""

from __future__ import annotations

from datetime import date

import numpy as np
import polars as pl
import pytest
from polars.testing import assert_frame_equal

from churn_assets.contracts.feature import RFM_COLUMNS
from churn_assets.model.expected import EXPECTED_PURCHASES, with_expected_purchases

FIRST, SECOND = date(2026, 1, 5), date(2026, 2, 2)
WINDOW = {"gap_days": 0, "horizon_days": 28}


def users_at(snapshot: date, *, users: int = 400, seed: int = 1) -> pl.DataFrame:
    random = np.random.default_rng(seed)
    first = random.integers(1, 300, users)
    days = 1 + random.poisson(first / 40)
    recency = np.where(days == 1, first - 0.5, np.maximum(0.5, (first * random.random(users)).round() - 0.5))
    return pl.DataFrame({
        "user_id": [f"u{i:05d}" for i in range(users)],
        "snapshot_date": [snapshot] * users,
        "purchase_days_count": days,
        "first_purchase_days": first,
        "recency_days": recency,
    })  # fmt: skip


@pytest.fixture(scope="module")
def two_slices() -> pl.DataFrame:
    return pl.concat([users_at(FIRST), users_at(SECOND, seed=2)])


def expected(frame: pl.DataFrame, **window: int) -> pl.Series:
    return with_expected_purchases(frame, **(WINDOW | window))[EXPECTED_PURCHASES.name]


def test_everybody_who_bought_gets_a_finite_number(two_slices: pl.DataFrame) -> None:
    found = expected(two_slices)
    assert found.null_count() == 0
    assert found.is_finite().all()
    assert (found >= 0).all()
    assert found.mean() > 0.1


def test_a_slice_knows_of_no_other_slice(two_slices: pl.DataFrame) -> None:
    alone = with_expected_purchases(two_slices.filter(snapshot_date=FIRST), **WINDOW)
    together = with_expected_purchases(two_slices, **WINDOW)
    assert_frame_equal(together.filter(snapshot_date=FIRST), alone)


def test_scoring_gives_what_training_gave_for_the_same_snapshot(two_slices: pl.DataFrame) -> None:
    """Scoring sees all users with their status, training eligible ones only."""
    eligible = two_slices.filter(snapshot_date=FIRST)
    others = users_at(FIRST, users=90, seed=5).with_columns(user_id="x" + pl.col("user_id"))
    scoring = pl.concat([
        eligible.with_columns(status=pl.lit("eligible")),
        others.with_columns(status=pl.Series(["lapsed", "new", "objected"] * 30)),
    ])  # fmt: skip
    found = with_expected_purchases(scoring, **WINDOW)
    trained = with_expected_purchases(eligible, **WINDOW)
    assert_frame_equal(found.filter(status="eligible").drop("status"), trained)
    assert found.filter(pl.col("status") != "eligible")[EXPECTED_PURCHASES.name].null_count() == 90


def test_the_order_of_rows_changes_nothing_and_is_kept(two_slices: pl.DataFrame) -> None:
    shuffled = two_slices.sample(fraction=1.0, shuffle=True, seed=3)
    found = with_expected_purchases(shuffled, **WINDOW)
    assert_frame_equal(found.drop(EXPECTED_PURCHASES.name), shuffled)
    keys = ["snapshot_date", "user_id"]
    assert_frame_equal(found.sort(keys), with_expected_purchases(two_slices, **WINDOW).sort(keys))


def test_a_gap_is_no_part_of_the_window(two_slices: pl.DataFrame) -> None:
    whole, gap, after = (
        expected(two_slices, gap_days=gap, horizon_days=days) for gap, days in ((0, 28), (0, 7), (7, 21))
    )
    assert (whole - gap).to_numpy() == pytest.approx(after.to_numpy(), abs=2e-6)


def test_where_nobody_came_back_nothing_is_expected_and_nothing_fails() -> None:
    once = users_at(FIRST).with_columns(purchase_days_count=pl.lit(1), recency_days=pl.col("first_purchase_days") - 0.5)
    assert expected(once).null_count() == once.height
    assert expected(once.clear()).is_empty()


def test_it_is_made_of_what_every_buyer_has() -> None:
    assert "recency_days" in RFM_COLUMNS
    assert not EXPECTED_PURCHASES.is_protected
