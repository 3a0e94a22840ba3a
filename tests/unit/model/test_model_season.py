"""The season is read from levels of earlier years; what chance, usual changes or other users do is no season."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import logit

from churn_assets.model.levels import churn_levels
from churn_assets.model.season import Season, measured_season
from tests.unit.model.histories import DAYS, SNAPSHOT, buyers, levels_of, users_at

NEWEST = SNAPSHOT - timedelta(days=28)
YEAR = timedelta(days=364)
THEN, NOW = NEWEST - YEAR, SNAPSHOT - YEAR
ERROR = 0.03
CALM = {NEWEST - timedelta(days=28 * step): 0.0 for step in range(1, 40)}  # so that no change is usual


def season_of(levels: Mapping[date, float]) -> Season:
    return measured_season(levels_of(levels, error=ERROR), snapshot=SNAPSHOT, newest=NEWEST)


def shrunk(shift: float, variance: float) -> float:
    """Towards zero by as much as its own error would make of nothing."""
    return shift * max(0.0, 1 - variance / shift**2)


@pytest.mark.parametrize("shift", [0.46, -0.3])
def test_the_shift_is_that_of_the_year_before(shift: float) -> None:
    found = season_of({day: 0.0 for day in CALM if day > NOW} | {THEN: 0.2, NOW: 0.2 + shift})
    assert (found.years, found.is_known) == (1, True)
    assert found.measured_log_odds == pytest.approx(shift)
    assert found.log_odds == pytest.approx(shrunk(shift, 2 * ERROR**2))


def test_two_years_are_averaged_and_surer() -> None:
    found = season_of({day: 0.0 for day in CALM if day > NEWEST - YEAR * 2.5} | {NOW: 0.5, NOW - YEAR: 0.3})
    assert found.years == 2
    assert found.measured_log_odds == pytest.approx(0.4)
    assert found.log_odds == pytest.approx(shrunk(0.4, 4 * ERROR**2 / 4))


def test_a_change_no_larger_than_usual_is_none() -> None:
    """Levels go up and down by 0.3 all year; from December to January by no more. A larger one counts by its excess."""
    zigzag = {day: 0.3 * (place % 2) for place, day in enumerate(sorted(CALM))}
    found = season_of(zigzag)
    assert abs(found.measured_log_odds or 0) == pytest.approx(0.1)  # the mean of three years that go up and down
    assert (found.log_odds, found.years) == (0.0, 3)
    usual = 0.3 / 0.6745
    larger = zigzag | {NOW - YEAR * back: zigzag[THEN - YEAR * back] + 1.0 for back in range(3)}
    moved = season_of(larger)
    assert moved.measured_log_odds == pytest.approx(1.0)
    assert moved.log_odds == pytest.approx(shrunk(1.0, (2 * ERROR**2 + usual**2) / 3))


@pytest.mark.parametrize("missing", [THEN, NOW])
def test_a_date_missing_takes_its_year_with_it(missing: date) -> None:
    levels = {day: level for day, level in (CALM | {NOW: 0.9}).items() if day != missing and day > THEN - YEAR / 2}
    assert season_of(levels) == Season()
    assert not Season().is_known
    found = season_of(levels | {THEN - YEAR: 0.0, NOW - YEAR: 0.4})
    assert found.years == 1
    assert found.measured_log_odds == pytest.approx(0.4)


def test_no_levels_no_season() -> None:
    assert season_of({}) == Season(0.0, None, 0)


@settings(max_examples=50)
@given(
    levels=st.lists(st.floats(-2, 2), min_size=39, max_size=39),
    weeks=st.integers(1, 60),
    error=st.floats(0.001, 1),
    lost=st.sets(st.integers(0, 38)),
)
def test_a_season_is_never_more_than_was_measured_nor_of_the_other_sign(
    levels: list[float], weeks: int, error: float, lost: set[int]
) -> None:
    newest = SNAPSHOT - timedelta(weeks=weeks)
    days = [newest - timedelta(days=28 * step) for step in range(39)] + [SNAPSHOT - YEAR * back for back in (1, 2, 3)]
    known = {day: level for place, (day, level) in enumerate(zip(days, [*levels, 0.1, 0.2, 0.3], strict=True))
             if place not in lost}  # fmt: skip
    found = measured_season(levels_of(known, error=error), snapshot=SNAPSHOT, newest=newest)
    years = [back for back in (1, 2, 3) if {newest - YEAR * back, SNAPSHOT - YEAR * back} <= set(known)]
    assert found.years == len(years)
    assert found.is_known == bool(years)
    if not years:
        assert found == Season()
        return
    shifts = [known[SNAPSHOT - YEAR * back] - known[newest - YEAR * back] for back in years]
    assert found.measured_log_odds == pytest.approx(float(np.mean(shifts)))
    assert abs(found.log_odds) <= abs(found.measured_log_odds or 0.0)
    assert found.log_odds * (found.measured_log_odds or 0.0) >= 0
    if np.mean(shifts) ** 2 <= 2 * error**2 / len(years):
        assert found.log_odds == 0.0


def test_other_users_a_year_ago_do_not_turn_the_season_round() -> None:
    """After Christmas many are there who have just bought again: the crude share of a year ago fell by 0.35 while churn
    had become likelier by 0.12.
    """
    christmas = buyers(14_000, days_ago=(1, 30), purchases=3)
    before, after = users_at(THEN, users=20_000), users_at(NOW, users=20_000, level=0.12, others=christmas)
    histories = pl.concat([before, after, *(users_at(day) for day in DAYS[1:8])])
    levels = churn_levels(histories, snapshot=SNAPSHOT)
    share = dict(levels.select("level_date", "churned_share").iter_rows())
    assert logit(share[NOW]) - logit(share[THEN]) == pytest.approx(-0.35, abs=0.05)
    found = measured_season(levels, snapshot=SNAPSHOT, newest=NEWEST)
    assert found.years == 1
    assert found.measured_log_odds == pytest.approx(0.12, abs=0.05)
    assert 0 <= found.log_odds <= (found.measured_log_odds or 0.0)
