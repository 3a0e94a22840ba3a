"""Expected spend if kept: right in sum and by band where users differ, and never 0, infinite or led by one order."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from churn_assets.contracts.spend_calibration import SpendCalibration
from churn_assets.model.spend import MIN_KEPT, SpendModel, fit_spend, purchase_amounts
from churn_assets.model.spend_calibration import spend_calibration

DAYS, STEP = 91, 28
FIRST = date(2026, 1, 5)


def slice_of(users: int, snapshot: date, seed: int) -> pl.DataFrame:
    """Users who buy at a rate and for amounts of their own, and may have left; what they spend afterwards is drawn by
    the same rate and amounts, from those who have not.
    """
    random = np.random.default_rng(seed)
    rate, amount = random.gamma(1.2, 0.02, users), random.gamma(4.0, 15.0, users)  # per day; per purchase
    tenure = random.integers(1, 400, users).astype(float)
    repeats = random.poisson(rate * tenure)
    last = np.where(repeats > 0, tenure * random.beta(np.maximum(repeats, 1), 1), 0.0)
    recency = np.maximum(tenure - last, 0.1)
    left = random.random(users) < np.minimum(rate * recency, 0.9)
    orders = 1 + repeats
    paid = random.gamma(2.0 * orders, amount / 2.0)
    after = np.where(left, 0, random.poisson(rate * DAYS))
    first = random.poisson(rate * STEP)
    return pl.DataFrame(
        {
            "user_id": [f"u{number:05d}" for number in range(users)],
            "snapshot_date": [snapshot] * users,
            "is_churned": left | (first == 0),
            "purchase_days_count": orders.astype(float),
            "orders_count": orders.astype(float),
            "first_purchase_days": np.ceil(tenure),
            "recency_days": recency,
            "spent_amount": paid,
            "returned_amount": 0.05 * paid,
            "order_spread_amount": np.where(orders > 1, amount / np.sqrt(2.0), np.nan),
            "spent_after_amount": np.maximum(after, first) * random.gamma(2.0, amount / 2.0),
        }
    ).with_columns(pl.col("order_spread_amount").fill_nan(None))


@pytest.fixture(scope="module")
def slices() -> pl.DataFrame:
    return pl.concat(slice_of(6_000, FIRST + timedelta(days=STEP * number), seed=number) for number in range(6))


def test_users_kept_spend_what_was_expected_in_every_band(slices: pl.DataFrame) -> None:
    """Out of time: learned from older slices, held against the newest."""
    found = spend_calibration(slices, DAYS, snapshot=FIRST + timedelta(days=STEP * 5 + DAYS))
    SpendCalibration.validate(found, lazy=True)
    large = found.filter(pl.col("users") >= 100)
    assert large.height >= 6
    assert large["ratio"].min() > 0.8, large  # type: ignore[operator]
    assert large["ratio"].max() < 1.25, large  # type: ignore[operator]
    assert found["interval_share"][0] == pytest.approx(0.8, abs=0.05)


def test_spend_divided_by_tenure_is_not_what_is_expected(slices: pl.DataFrame) -> None:
    """Yesterday's first buyer is worth no more than others, whatever the first order was."""
    model = fit_spend(slices, DAYS)
    yesterday = slice_of(500, FIRST, seed=9).with_columns(
        first_purchase_days=pl.lit(1.0), recency_days=pl.lit(0.2), purchase_days_count=pl.lit(1.0),
        orders_count=pl.lit(1.0), spent_amount=pl.lit(573.0), returned_amount=pl.lit(None, pl.Float64),
        order_spread_amount=pl.lit(None, pl.Float64),
    )  # fmt: skip
    others = slice_of(500, FIRST, seed=10).with_columns(user_id="o" + pl.col("user_id"))
    both = pl.concat([yesterday.head(5), others], how="vertical_relaxed").sort("user_id")
    expected = both.hstack(model.expected(both)).with_columns(is_new=pl.col("spent_amount") == 573.0)
    worth = expected.filter("is_new")["expected_spend_amount"]
    assert worth.max() < 2 * 573  # type: ignore[operator]
    assert worth.min() > expected["expected_spend_amount"].median()  # type: ignore[operator]


def test_too_few_users_kept_are_not_learned_from(slices: pl.DataFrame) -> None:
    few = slices.filter(pl.col("user_id") < "u00040")
    model = fit_spend(few, DAYS)
    assert model.users_kept < MIN_KEPT
    assert not model.is_learned
    users = few.filter(snapshot_date=FIRST)
    spend = model.expected(users)
    assert (spend["expected_spend_amount"].to_numpy() >= purchase_amounts(users)).all(), "at least one purchase"


def test_a_shop_where_nobody_bought_twice_has_one_purchase_to_expect() -> None:
    once = slice_of(300, FIRST, seed=3).with_columns(
        purchase_days_count=pl.lit(1.0), orders_count=pl.lit(1.0), order_spread_amount=pl.lit(None, pl.Float64),
        recency_days=pl.col("first_purchase_days") - 0.5,
    )  # fmt: skip
    spend = SpendModel(DAYS, 0).expected(once)
    assert spend["expected_spend_amount"].to_list() == pytest.approx(purchase_amounts(once).tolist())
    assert spend["expected_spend_amount"].min() > 0  # type: ignore[operator]


def test_bytes_give_the_same_model(slices: pl.DataFrame) -> None:
    model = fit_spend(slices, DAYS)
    assert SpendModel.from_bytes(model.to_bytes()) == model
    assert fit_spend(slices.reverse(), DAYS) == model


@pytest.mark.parametrize("column", ["spent_amount", "recency_days", "purchase_days_count", "first_purchase_days"])
def test_a_constant_column_harms_nothing(slices: pl.DataFrame, column: str) -> None:
    flat = slices.with_columns(pl.lit(slices[column].mean()).alias(column))
    flat = flat.with_columns(first_purchase_days=pl.max_horizontal("first_purchase_days", "recency_days").ceil())
    spend = fit_spend(flat, DAYS).expected(flat.filter(snapshot_date=FIRST).sort("user_id"))
    assert np.isfinite(spend.to_numpy()).all()
    assert (spend.to_numpy() >= 0).all()


def with_first_order_of(outlier: float, frame: pl.DataFrame) -> pl.DataFrame:
    """The first user's order (of two, where there are several) is of this amount; nothing is returned."""
    is_first = pl.int_range(pl.len()) == 0
    return frame.with_columns(
        spent_amount=pl.when(is_first).then(outlier).otherwise("spent_amount"),
        order_spread_amount=pl.when(is_first & pl.col("order_spread_amount").is_not_null())
        .then(outlier / 2)
        .otherwise("order_spread_amount"),
        returned_amount=pl.lit(None, pl.Float64),
    )


@pytest.mark.parametrize("seed", range(4))
def test_an_order_of_a_billion_makes_nobody_else_worth_more(seed: int) -> None:
    frame = slice_of(400, FIRST, seed)
    plain_frame, found = with_first_order_of(60.0, frame), purchase_amounts(with_first_order_of(1e9, frame))
    ratio = found[1:] / purchase_amounts(plain_frame)[1:]
    assert np.median(ratio) == pytest.approx(1, abs=0.05)
    assert (ratio.min() > 0.6, ratio.max() < 1.6) == (True, True)
    own = (plain_frame["spent_amount"] / plain_frame["purchase_days_count"]).to_numpy()[1:]
    assert found[0] < 20 * np.quantile(own, 0.99)


def test_a_billion_spent_afterwards_teaches_nothing_about_others(slices: pl.DataFrame) -> None:
    is_one = (pl.col("user_id") == "u00005") & (pl.col("snapshot_date") == FIRST)
    odd = slices.with_columns(
        spent_after_amount=pl.when(is_one).then(1e9).otherwise("spent_after_amount"),
        is_churned=pl.col("is_churned") & ~is_one,
    )
    users = slices.filter(snapshot_date=FIRST)
    expected, before = (fit_spend(each, DAYS).expected(users)["expected_spend_amount"].sum() for each in (odd, slices))
    # A little: the regression sees one more user who spent as much as is believed.
    assert expected == pytest.approx(before, rel=0.05)


@given(outlier=st.floats(1, 200), users=st.integers(30, 60), seed=st.integers(0, 5))
def test_one_order_leads_nobody_else_astray(outlier: float, users: int, seed: int) -> None:
    """A purchase is worth something, finite, and between a user's own mean and the shop's."""
    frame = with_first_order_of(outlier, slice_of(users, FIRST, seed))
    found = purchase_amounts(frame)
    own = (frame["spent_amount"] / frame["purchase_days_count"]).to_numpy()
    overall = frame["spent_amount"].sum() / frame["purchase_days_count"].sum()
    assert (found >= np.minimum(own, overall) * (1 - 1e-9)).all()
    assert (found <= np.maximum(own, overall) * (1 + 1e-9)).all()
