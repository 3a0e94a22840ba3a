from __future__ import annotations

from datetime import date, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from churn_assets.model.slices import LeakingSplit, assert_matured, out_of_time_split, training_slices

START = date(2026, 1, 5)
WEEKS = [START + timedelta(days=7 * i) for i in range(60)]


def test_newest_matured_slice_comes_first_and_steps_round_up_to_the_calendar() -> None:
    chosen = training_slices(WEEKS[20], WEEKS, gap_days=0, horizon_days=28, slices=3, step_days=30)
    assert chosen == [WEEKS[5], WEEKS[10], WEEKS[16]]  # 30 days round up to five weeks, counted from the first


def test_gap_moves_the_newest_slice_back() -> None:
    assert training_slices(WEEKS[20], WEEKS, gap_days=7, horizon_days=28, slices=1, step_days=28) == [WEEKS[15]]


def test_nothing_matured_is_an_empty_list() -> None:
    assert training_slices(WEEKS[3], WEEKS, gap_days=0, horizon_days=28, slices=8, step_days=28) == []


@given(
    at=st.integers(0, 59),
    gap=st.integers(0, 40),
    horizon=st.integers(1, 120),
    count=st.integers(1, 10),
    step=st.integers(1, 90),
)
def test_slices_have_matured_keep_their_distance_and_ascend(
    at: int, gap: int, horizon: int, count: int, step: int
) -> None:
    chosen = training_slices(WEEKS[at], WEEKS, gap_days=gap, horizon_days=horizon, slices=count, step_days=step)
    assert all(day + timedelta(days=gap + horizon) <= WEEKS[at] for day in chosen)
    assert all((later - earlier).days >= step for earlier, later in pairwise(chosen))
    assert len(chosen) <= count
    matured = [day for day in WEEKS if day + timedelta(days=gap + horizon) <= WEEKS[at]]
    assert chosen[-1:] == matured[-1:]


@given(at=st.tuples(st.integers(0, 59), st.integers(0, 59)), count=st.integers(1, 10), step=st.integers(1, 90))
def test_any_two_snapshots_learn_from_the_same_earlier_slices(at: tuple[int, int], count: int, step: int) -> None:
    """So that a week later only the newest has to be made."""
    chosen = [
        training_slices(WEEKS[each], WEEKS, gap_days=0, horizon_days=28, slices=count, step_days=step) for each in at
    ]
    earlier = sorted({day for slices in chosen for day in slices[:-1]})
    assert all((after - before).days >= step for before, after in pairwise(earlier))


def test_training_part_holds_only_slices_matured_by_the_test_slice() -> None:
    train, test = out_of_time_split(WEEKS[:9], gap_days=7, horizon_days=28)
    assert test == WEEKS[8]
    assert train == WEEKS[:4]  # 8 weeks less 5 weeks of gap and horizon


def test_split_of_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="training_set: no slice"):
        out_of_time_split([], gap_days=0, horizon_days=28)


def test_leaking_slices_are_named() -> None:
    with pytest.raises(LeakingSplit, match=rf"not over by {WEEKS[4]}: {WEEKS[1]} \(matures {WEEKS[5]}\)\."):
        assert_matured(WEEKS[:2], WEEKS[4], gap_days=0, horizon_days=28)


@given(gap=st.integers(0, 40), horizon=st.integers(1, 90), count=st.integers(1, 60))
def test_the_split_never_leaks(gap: int, horizon: int, count: int) -> None:
    train, test = out_of_time_split(WEEKS[:count], gap_days=gap, horizon_days=horizon)
    assert_matured(train, test, gap_days=gap, horizon_days=horizon)
