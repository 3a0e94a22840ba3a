"""The logistic regression on all features: what it learns, what it must survive, and that no value leads it astray."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import expit

from churn_assets.contracts.feature import RFM_COLUMNS, Feature
from churn_assets.contracts.treatment import Treatment
from churn_assets.model import logistic
from churn_assets.model.artifact import ChurnModel
from churn_assets.model.boosting import fit_boosting
from churn_assets.model.calibration import Calibrator
from churn_assets.model.logistic import FARTHEST, LEAST_KNOWN, Logistic, fit_logistic
from churn_assets.model.rfm import fit_rfm
from churn_assets.settings import Training

FIRST, ROWS, SLICES = date(2026, 1, 5), 400, 3
TREATMENTS = {
    "orders": Treatment("orders", "winsorise", (0.01, 0.99), "median"),
    "price": Treatment("price", "none", (0.01, 0.99), "interpolate"),
    "profile": Treatment("profile", "none", (0.01, 0.99), "mode"),
}


def feature(name: str, family: str, unit: str = "days", window_days: int | None = None) -> Feature:
    return Feature(name, family, unit, window_days, "rhythm", False, False, name, name)


FEATURES = [
    *(feature(name, "orders") for name in RFM_COLUMNS),
    *(feature(f"discount_share_{days}d", "price", "share", days) for days in (28, 91)),
    feature("tier", "profile", "tier"),
    feature("net_amount", "orders", "currency"),  # may be negative
]
NAMES = [each.name for each in FEATURES]


def slices() -> pl.DataFrame:
    """Slices of users with gaps; churn follows recency, discounts, and whether these are known."""
    random = np.random.default_rng(3)
    rows = ROWS * SLICES
    recency, share = random.exponential(40, rows), random.random(rows)
    is_unknown = random.random(rows) < 0.3
    log_odds = np.log1p(recency) - 3 + np.where(is_unknown, 1.0, 2 * (share - 0.5))
    orders = 1 + random.poisson(2, rows)
    return pl.DataFrame(
        {
            "user_id": [f"u{number % ROWS:04d}" for number in range(rows)],
            "snapshot_date": [FIRST + timedelta(days=28 * (number // ROWS)) for number in range(rows)],
            "is_churned": random.random(rows) < expit(log_odds),
            "recency_days": recency,
            "orders_count": orders.astype(float),
            "spent_amount": orders * random.lognormal(3, 0.7, rows),
            "tenure_days": recency + random.exponential(200, rows),
            "discount_share_28d": pl.Series(np.where(is_unknown, np.nan, share), nan_to_null=True),
            "discount_share_91d": pl.Series(np.where(random.random(rows) < 0.1, np.nan, share), nan_to_null=True),
            "tier": random.integers(0, 4, rows).astype(float),
            "net_amount": random.normal(0, 20, rows),
        }
    )


FRAME = slices()
MODEL = fit_logistic(FRAME, FEATURES, TREATMENTS)


def in_a_plain_loop(model: Logistic, row: Mapping[str, Any]) -> float:
    """Log-odds of one user, column by column; without gaps that a series fills."""
    terms = []
    for place, name in enumerate(model.columns):
        value = row[name]
        value = model.fillings[place] if value is None else min(max(value, model.lows[place]), model.highs[place])
        terms.append(np.log1p(value) if model.is_logged[place] else value)
    terms += [float(row[name] is None) for name in model.flagged]
    standardised = [(term - mean) / scale for term, mean, scale in zip(terms, model.means, model.scales, strict=True)]
    bounded = [min(max(term, -FARTHEST), FARTHEST) for term in standardised]
    return model.intercept + sum(term * each for term, each in zip(bounded, model.coefficients, strict=True))


def test_log_odds_are_those_of_a_plain_loop() -> None:
    rows = FRAME.with_columns(  # both windows known, or neither
        pl.when(pl.all_horizontal(pl.col("^discount.*$").is_not_null())).then(pl.col("^discount.*$"))
    )
    assert 100 < rows["discount_share_28d"].null_count() < rows.height - 100
    expected = [in_a_plain_loop(MODEL, row) for row in rows.iter_rows(named=True)]
    assert MODEL.log_odds(rows) == pytest.approx(expected)


def test_contributions_add_up_an_indicator_with_its_column() -> None:
    contributions = MODEL.contributions(FRAME)
    assert contributions.shape == (FRAME.height, len(NAMES))
    assert MODEL.log_odds(FRAME) == pytest.approx(contributions.sum(axis=1) + MODEL.intercept)
    assert MODEL.flagged == ("discount_share_28d", "discount_share_91d")
    place = NAMES.index("discount_share_28d")
    without = replace(MODEL, coefficients=tuple(
        0.0 if number == len(NAMES) else each for number, each in enumerate(MODEL.coefficients)
    ))  # fmt: skip
    changed = contributions - without.contributions(FRAME)
    assert np.abs(changed[:, place]).min() > 0
    assert not np.delete(changed, place, axis=1).any()


def test_what_churn_follows_is_found() -> None:
    coefficients = dict(zip([*NAMES, *(f"unknown {name}" for name in MODEL.flagged)], MODEL.coefficients, strict=True))
    largest = sorted(coefficients, key=lambda name: -abs(coefficients[name]))[:4]
    assert set(largest) >= {"recency_days", "unknown discount_share_28d"}
    assert coefficients["recency_days"] > 0.5
    assert coefficients["unknown discount_share_28d"] > 0.2
    assert abs(coefficients["net_amount"]) < 0.15
    logged = dict(zip(NAMES, MODEL.is_logged, strict=True))
    assert logged == dict.fromkeys(RFM_COLUMNS, True) | dict.fromkeys(NAMES[4:6], False) | {
        "tier": True, "net_amount": False,
    }  # fmt: skip


def test_bytes_there_and_back_are_the_same_model() -> None:
    model = ChurnModel(MODEL, Calibrator(0.9, 0.1), (FIRST,), 0, 28)
    back = ChurnModel.from_bytes(model.to_bytes())
    assert back == model
    assert back.fitted.columns == MODEL.columns
    np.testing.assert_array_equal(back.predict(FRAME), model.predict(FRAME))


HARM: dict[str, Callable[[pl.DataFrame], pl.DataFrame]] = {
    "constant": lambda rows: rows.with_columns(spent_amount=pl.lit(20.0)),
    # The mean of such a column is not exact: its standard deviation is 1e-16 rather than 0.
    "nearly constant": lambda rows: rows.with_columns(
        spent_amount=pl.lit(0.1) + (pl.int_range(pl.len()) % 2) * 1.4e-17, tenure_days=pl.lit(0.3)
    ),
    "unknown in one slice": lambda rows: rows.with_columns(
        pl.when(pl.col("snapshot_date") > FIRST).then(pl.col("^(discount.*|tier|net_amount)$"))
    ),
    "collinear": lambda rows: rows.with_columns(
        tenure_days=pl.col("recency_days"), net_amount=pl.col("recency_days") * 2, spent_amount=pl.col("orders_count")
    ),
    "everybody bought once": lambda rows: rows.with_columns(
        orders_count=pl.lit(1.0), tenure_days=pl.col("recency_days"), spent_amount=pl.lit(9.9)
    ),
    "all but the outcome is constant": lambda rows: rows.with_columns(
        *(pl.lit(1.0).alias(name) for name in NAMES if name != "recency_days")
    ),
    "one user differs": lambda rows: rows.with_columns(tier=(pl.int_range(pl.len()) == 7).cast(pl.Float64)),
}
FITS: dict[str, Callable[[pl.DataFrame], Any]] = {
    "logistic_rfm": fit_rfm,
    "logistic": lambda rows: fit_logistic(rows, FEATURES, TREATMENTS),
    "catboost": lambda rows: fit_boosting(rows, NAMES, Training(iterations=10, learning_rate=0.3)),
}


@pytest.mark.parametrize("harm", HARM)
@pytest.mark.parametrize("kind", FITS)
def test_every_rival_survives(kind: str, harm: str) -> None:
    """It predicts harmed rows and sound ones, ranks better than by chance, and what it adds up to is what it says."""
    rows = HARM[harm](FRAME)
    model = ChurnModel(FITS[kind](rows), Calibrator(), (FIRST,), 0, 28)
    assert ChurnModel.from_bytes(model.to_bytes()) == model
    assert model.kind == kind
    y = rows["is_churned"].to_numpy()
    for frame in (rows, FRAME):
        log_odds, contributions = model.fitted.log_odds(frame), model.contributions(frame)
        assert np.isfinite(log_odds).all()
        rest = log_odds - contributions.sum(axis=1)
        assert rest == pytest.approx([rest[0]] * frame.height, abs=1e-6)
        assert log_odds[y].mean() > log_odds[~y].mean() + 0.1
        assert np.abs(log_odds).max() < 15


@pytest.mark.parametrize("kind", ["logistic_rfm", "logistic"])
@pytest.mark.parametrize("harm", ["constant", "nearly constant", "everybody bought once"])
def test_what_did_not_vary_says_nothing_of_those_in_whom_it_does(kind: str, harm: str) -> None:
    model = FITS[kind](HARM[harm](FRAME))
    extreme = FRAME.with_columns(spent_amount=pl.lit(1e9))
    np.testing.assert_array_equal(model.log_odds(extreme), model.log_odds(FRAME))


def test_twins_share_what_one_of_them_had() -> None:
    twins = [*FEATURES, feature("twin", "orders")]
    rows = FRAME.with_columns(twin=pl.col("recency_days"))
    model = fit_logistic(rows, twins, TREATMENTS)
    assert model.coefficients[0] == pytest.approx(model.coefficients[len(NAMES)], abs=1e-6)
    both = model.coefficients[0] + model.coefficients[len(NAMES)]
    assert MODEL.coefficients[0] < both < 1.3 * MODEL.coefficients[0]  # the penalty of two halves is half that of one
    assert np.corrcoef(model.log_odds(rows), MODEL.log_odds(FRAME))[0, 1] > 0.99


@pytest.mark.parametrize(
    ("known", "is_used"), [(0, False), (ROWS * LEAST_KNOWN - 1, False), (ROWS * LEAST_KNOWN, True)]
)
@pytest.mark.parametrize("place", range(SLICES))
def test_a_feature_seldom_known_in_one_slice_is_left_out(known: float, place: int, *, is_used: bool) -> None:
    """Whichever slice it is; that it is known in all others does not matter."""
    is_slice = pl.col("snapshot_date") == FIRST + timedelta(days=28 * place)
    rank = pl.int_range(pl.len()).over("snapshot_date")
    rows = FRAME.with_columns(net_amount=pl.when(~is_slice | (rank < known)).then("net_amount"))
    model = fit_logistic(rows, FEATURES, TREATMENTS)
    assert ("net_amount" in model.columns) == is_used
    assert set(NAMES) - set(model.columns) == (set() if is_used else {"net_amount"})
    assert ("net_amount" in model.flagged) == is_used
    if not is_used:
        moved = FRAME.with_columns(net_amount=pl.lit(1e6))
        np.testing.assert_array_equal(model.log_odds(moved), model.log_odds(FRAME))


def test_without_a_feature_that_is_known_throughout_that_is_said() -> None:
    nothing = FRAME.with_columns(pl.when(pl.col("snapshot_date") > FIRST).then(pl.col(NAMES)))
    with pytest.raises(ValueError, match="training_set: no feature is known throughout its slices"):
        fit_logistic(nothing, FEATURES, TREATMENTS)


ANYTHING = st.none() | st.floats(allow_nan=False) | st.sampled_from([-1.0, 0.0, 1e-300, 1e300])


@settings(max_examples=60)
@given(values=st.tuples(*[ANYTHING] * len(NAMES)))
def test_no_value_takes_a_user_farther_than_the_rows_it_learned_from(values: tuple[float | None, ...]) -> None:
    """A term is at most FARTHEST standard deviations from its mean, and beyond the bounds nothing changes."""
    row = pl.DataFrame([values], schema=dict.fromkeys(NAMES, pl.Float64), orient="row")
    log_odds = MODEL.log_odds(row)[0]
    reach = FARTHEST * np.abs(MODEL.coefficients).sum()
    assert abs(log_odds - MODEL.intercept) <= reach + 1e-9
    bounds = dict(zip(MODEL.columns, zip(MODEL.lows, MODEL.highs, strict=True), strict=True))
    inside = row.with_columns(pl.col(name).clip(*bounds[name]) for name in NAMES)
    assert MODEL.log_odds(inside)[0] == pytest.approx(log_odds, abs=1e-9)


def test_what_few_rows_had_counts_as_four_standard_deviations() -> None:
    """One of 1,200 users has the flag: 35 standard deviations from the mean."""
    rows = HARM["one user differs"](FRAME)
    model = fit_logistic(rows, FEATURES, TREATMENTS)
    place = NAMES.index("tier")
    assert (1 - model.means[place]) / model.scales[place] > 30
    assert model.coefficients[place] != 0
    contributions = model.contributions(rows)[:, place]
    assert contributions[7] == pytest.approx(FARTHEST * model.coefficients[place])
    assert model.log_odds(rows)[7] == pytest.approx(in_a_plain_loop(model, rows.row(7, named=True)))


def test_bounds_are_those_of_the_training_rows_where_the_treatment_has_none() -> None:
    place = NAMES.index("discount_share_28d")
    known = FRAME["discount_share_28d"]
    assert (MODEL.lows[place], MODEL.highs[place]) == pytest.approx((known.min(), known.max()), abs=1e-9)
    place = NAMES.index("recency_days")
    assert MODEL.highs[place] == pytest.approx(FRAME["recency_days"].quantile(0.99, "higher"), abs=1e-9)


def test_of_very_many_rows_every_n_th_is_learned_from(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(logistic, "FIT_ROWS", FRAME.height // 3 + 1)
    assert fit_logistic(FRAME, FEATURES, TREATMENTS) == fit_logistic(FRAME.gather_every(3), FEATURES, TREATMENTS)
    assert fit_logistic(FRAME, FEATURES, TREATMENTS) != MODEL
