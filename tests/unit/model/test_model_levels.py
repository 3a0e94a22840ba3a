"""The level of churn: of the same users' behaviour, not of who was there; of dates that had passed and settled."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal
from scipy.special import logit

from churn_assets.contracts.churn_levels import ChurnLevels
from churn_assets.model.levels import (
    LEAST_USERS,
    PRIOR_CHANGES,
    PRIOR_LEVEL_SD,
    PRIOR_SLOPE_SD,
    STEP_DAYS,
    UNKNOWN_SEASON_SD,
    churn_levels,
    level_dates,
    level_uncertainty,
    settled_from,
    usual_change,
    year_pairs,
)
from tests.unit.model.histories import DAYS, SNAPSHOT, buyers, levels_of, users_at

PRIOR = PRIOR_LEVEL_SD**2 * PRIOR_CHANGES


def test_levels_that_were_planted_are_found() -> None:
    planted = dict(zip(DAYS, np.linspace(-0.6, 0.6, len(DAYS)), strict=True))
    found = churn_levels(pl.concat(users_at(day, level=level) for day, level in planted.items()), snapshot=SNAPSHOT)
    ChurnLevels.validate(found, lazy=True)
    assert found["level_date"].to_list() == DAYS
    assert found["users"].to_list() == [3_000] * len(DAYS)
    error = found["level_error"].to_numpy()
    assert error == pytest.approx([0.04] * len(DAYS), abs=0.01)
    off = (found["level"].to_numpy() - np.array(list(planted.values()))) / error
    assert np.abs(off).max() < 3, off
    assert np.sqrt((off**2).mean()) < 1.4, off


def test_a_date_at_which_histories_say_less_has_a_lower_slope() -> None:
    found = churn_levels(
        pl.concat(users_at(day, slope=0.5 if day == DAYS[6] else 1.0) for day in DAYS), snapshot=SNAPSHOT
    )
    slopes = dict(found.select("level_date", "slope").iter_rows())
    assert slopes.pop(DAYS[6]) == pytest.approx(0.5, abs=0.15)
    assert list(slopes.values()) == pytest.approx([1.0] * len(slopes), abs=0.2)


def test_who_is_there_moves_the_crude_share_and_not_the_level() -> None:
    """At one date as many users again, all of whom came with one campaign and have bought once."""
    new = buyers(3_000, days_ago=(30, 120), purchases=1)
    found = churn_levels(
        pl.concat(users_at(day, others=new if day == DAYS[6] else None) for day in DAYS), snapshot=SNAPSHOT
    )
    crude, level = (logit(found["churned_share"].to_numpy()), found["level"].to_numpy())
    others = np.arange(len(DAYS)) != 6
    assert abs(crude[6] - crude[others].mean()) > 0.2
    assert abs(level[6] - level[others].mean()) < 3 * found["level_error"][6]


@pytest.mark.parametrize("outcome", [True, False])
def test_dates_with_few_users_of_an_outcome_have_no_level(*, outcome: bool) -> None:
    """Nor has one of a single outcome, which would have none at all."""
    rows = pl.concat(users_at(day) for day in DAYS[:3])
    rank = pl.int_range(pl.len()).over("snapshot_date", "is_churned")
    kept = pl.col("snapshot_date").replace_strict(dict(zip(DAYS, (LEAST_USERS, LEAST_USERS - 1, 0), strict=False)))
    found = churn_levels(rows.filter((pl.col("is_churned") != outcome) | (rank < kept)), snapshot=SNAPSHOT)
    assert found["level_date"].to_list() == DAYS[:1]


def test_no_date_is_a_table_without_rows() -> None:
    ChurnLevels.validate(churn_levels(users_at(DAYS[0], users=50), snapshot=SNAPSHOT))


def test_the_order_of_rows_changes_nothing() -> None:
    rows = pl.concat(users_at(day, users=500) for day in DAYS[:4])
    shuffled = rows.sample(fraction=1, shuffle=True, seed=3)
    assert_frame_equal(churn_levels(shuffled, snapshot=SNAPSHOT), churn_levels(rows, snapshot=SNAPSHOT))


@given(
    matured=st.integers(0, 200), window=st.integers(1, 400), age=st.integers(0, 2_000),
    active=st.none() | st.integers(1, 800),
)  # fmt: skip
def test_dates_have_passed_and_settled(matured: int, window: int, age: int, active: int | None) -> None:
    newest = SNAPSHOT - timedelta(days=window + matured)
    oldest = newest - timedelta(days=age)
    dates = level_dates(SNAPSHOT, newest, oldest, window_days=window, active_within_days=active)
    first = settled_from(oldest, active)
    assert first >= oldest + timedelta(days=active or 182)
    assert dates == sorted(set(dates))
    for day in dates:
        assert day + timedelta(days=window) <= SNAPSHOT, "its window has passed"
        assert day >= first, "all who were active are known"
        assert day.weekday() in {newest.weekday(), SNAPSHOT.weekday()}
    assert (newest in dates) == (newest >= first)
    wanted = [day for pair in year_pairs(SNAPSHOT, newest) for day in pair]
    last = SNAPSHOT - timedelta(days=window)
    assert {day for day in wanted if first <= day <= last} <= set(dates)


def test_dates_of_a_shop_of_two_years() -> None:
    newest = SNAPSHOT - timedelta(days=28)
    dates = level_dates(SNAPSHOT, newest, date(2024, 1, 1), window_days=28, active_within_days=91)
    first = date(2024, 1, 1) + timedelta(days=91 + 28)
    steps = [newest - timedelta(days=28 * step) for step in range(40)]
    assert dates == sorted(day for day in steps if day >= first)  # 364 days are 13 steps: years back lie among them
    assert year_pairs(SNAPSHOT, newest)[0] == (date(2024, 12, 9), date(2025, 1, 6))


def test_without_changes_the_uncertainty_is_that_of_other_shops() -> None:
    for levels in ({}, {DAYS[0]: 0.4}, {DAYS[0]: 0.4, DAYS[5]: -0.4}):
        found = level_uncertainty(levels_of(levels), days=28, season_is_known=True)
        assert (found.level_sd, found.slope_sd) == pytest.approx((PRIOR_LEVEL_SD, PRIOR_SLOPE_SD))
        assert found.degrees_of_freedom == PRIOR_CHANGES
        assert found.season_is_known


def test_calm_changes_make_it_smaller_and_wild_ones_larger() -> None:
    calm = level_uncertainty(levels_of(dict.fromkeys(DAYS, 0.3)), days=28, season_is_known=True)
    assert calm.level_sd == pytest.approx((PRIOR / (PRIOR_CHANGES + 12)) ** 0.5)
    assert calm.slope_sd == pytest.approx(PRIOR_SLOPE_SD / 2)
    assert calm.degrees_of_freedom == PRIOR_CHANGES + 12
    zigzag = {day: (-1) ** place * 0.5 for place, day in enumerate(DAYS)}
    slopes = {day: np.exp((-1) ** place * 0.25) for place, day in enumerate(DAYS)}
    wild = level_uncertainty(levels_of(zigzag, slopes), days=28, season_is_known=True)
    assert wild.level_sd == pytest.approx(((PRIOR + 12 * 1.0**2) / (PRIOR_CHANGES + 12)) ** 0.5)
    assert wild.slope_sd == pytest.approx(((PRIOR_SLOPE_SD**2 * 4 + 12 * 0.5**2) / 16) ** 0.5)


def test_a_season_that_was_not_seen_is_wider() -> None:
    levels = levels_of(dict.fromkeys(DAYS, 0.3))
    known, unknown = (level_uncertainty(levels, days=28, season_is_known=is_known) for is_known in (True, False))
    assert unknown.level_sd == pytest.approx((known.level_sd**2 + UNKNOWN_SEASON_SD**2) ** 0.5)
    assert (unknown.slope_sd, unknown.degrees_of_freedom) == (known.slope_sd, known.degrees_of_freedom)
    assert not unknown.season_is_known


LEVELS = st.lists(st.floats(-2, 2), min_size=1, max_size=13)


@given(found=LEVELS, days=st.integers(1, 120))
def test_changes_are_over_as_many_days_at_least_as_in_a_plain_loop(found: list[float], days: int) -> None:
    """91 days are four steps: a level may move more in longer."""
    steps = next(steps for steps in range(1, 9) if steps * STEP_DAYS >= days)
    changes = [found[place + steps] - found[place] for place in range(len(found) - steps)]
    variance = (PRIOR + sum(change**2 for change in changes)) / (PRIOR_CHANGES + len(changes))
    uncertainty = level_uncertainty(levels_of(dict(zip(DAYS, found, strict=False))), days=days, season_is_known=True)
    assert uncertainty.level_sd == pytest.approx(variance**0.5)
    assert uncertainty.degrees_of_freedom == PRIOR_CHANGES + len(changes)


@settings(max_examples=50)
@given(found=LEVELS, gap=st.integers(0, 12))
def test_a_date_without_a_level_takes_its_changes_with_it(found: list[float], gap: int) -> None:
    levels = dict(zip(DAYS, found, strict=False))
    levels.pop(DAYS[gap], None)
    by_day = {day: level for day, level in levels.items() if day + timedelta(days=28) in levels}
    found_uncertainty = level_uncertainty(levels_of(levels), days=28, season_is_known=True)
    assert found_uncertainty.degrees_of_freedom == PRIOR_CHANGES + len(by_day)


def test_the_usual_change_is_not_that_of_a_season() -> None:
    """Eleven changes of 0.1 and one of 1.5: with four of the prior (0.25) their median is that of a normal of 0.1."""
    levels = {day: 0.1 * (place % 2) for place, day in enumerate(DAYS)}
    levels[DAYS[-1]] = levels[DAYS[-2]] + 1.5
    assert usual_change(levels_of(levels), 28) == pytest.approx(0.1 / 0.6745)
    assert usual_change(levels_of({}), 28) == pytest.approx(PRIOR_LEVEL_SD)
    assert usual_change(levels_of(levels), 56) == pytest.approx(0.0)  # over two steps nothing changes but the last
