"""The season is read from earlier years that had settled and matured, and chance is no season."""

from datetime import date, timedelta

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import logit

from churn_assets.model.season import YEAR_DAYS, season_dates, season_shift

SNAPSHOT, NEWEST = date(2026, 1, 5), date(2025, 12, 8)
YEAR = timedelta(days=YEAR_DAYS)
PAIRS = [(NEWEST - YEAR, SNAPSHOT - YEAR)]


def _counts(*rows: tuple[date, int, int]) -> pl.DataFrame:
    return pl.DataFrame(rows, schema=["snapshot_date", "users", "churners"], orient="row")


def test_years_count_back_from_the_same_weekday() -> None:
    pairs = season_dates(SNAPSHOT, NEWEST, date(2023, 1, 1), window_days=28)
    assert pairs == [(NEWEST - YEAR * back, SNAPSHOT - YEAR * back) for back in (1, 2)]
    assert {day.weekday() for pair in pairs for day in pair} == {SNAPSHOT.weekday()}


@given(st.integers(0, 2_000), st.integers(1, 800))
def test_no_window_reaches_past_the_snapshot(age_days: int, window_days: int) -> None:
    newest = SNAPSHOT - timedelta(days=window_days)
    for then, now in season_dates(SNAPSHOT, newest, newest - timedelta(days=age_days), window_days=window_days):
        assert max(then, now) + timedelta(days=window_days) <= SNAPSHOT


def test_the_beginning_of_a_shop_is_no_season() -> None:
    assert season_dates(SNAPSHOT, NEWEST, NEWEST - YEAR - timedelta(days=90), window_days=28) == []
    assert season_dates(SNAPSHOT, NEWEST, NEWEST - YEAR - timedelta(days=91), window_days=28) == PAIRS


def test_the_shift_is_that_of_the_year_before() -> None:
    found = season_shift(PAIRS, _counts((PAIRS[0][0], 100_000, 53_000), (PAIRS[0][1], 100_000, 64_000)))
    assert found == pytest.approx(logit(0.64) - logit(0.53), abs=0.002)


def test_two_years_are_averaged() -> None:
    pairs = season_dates(SNAPSHOT, NEWEST, date(2023, 1, 1), window_days=28)
    rows = [(pairs[0][0], 10**6, 500_000), (pairs[0][1], 10**6, 600_000)]
    rows += [(pairs[1][0], 10**6, 500_000), (pairs[1][1], 10**6, 500_000)]
    assert season_shift(pairs, _counts(*rows)) == pytest.approx(logit(0.6) / 2, abs=0.001)


def test_a_shift_within_chance_is_none() -> None:
    assert season_shift(PAIRS, _counts((PAIRS[0][0], 2_000, 1_000), (PAIRS[0][1], 2_000, 1_020))) == 0.0


@pytest.mark.parametrize("rows", [[], [(PAIRS[0][0], 10_000, 5_000)], [(day, 300, 150) for day in PAIRS[0]]])
def test_too_few_users_say_nothing(rows: list[tuple[date, int, int]]) -> None:
    assert season_shift(PAIRS, _counts(*rows)) == 0.0
