from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from churn_assets.model.gate import LARGE_SHARE, MIN_SIDE, data_gate
from churn_assets.model.gate import tested_slice as slice_to_test  # pytest takes its name for that of a test
from churn_assets.settings import Training

MakeTraining = Callable[..., pl.DataFrame]


def with_outcomes(frame: pl.DataFrame, churned: int, stayed: int) -> pl.DataFrame:
    """So many rows of each outcome in every slice."""
    rank = pl.int_range(pl.len()).over("snapshot_date")
    return frame.with_columns(is_churned=rank < churned).filter(rank < churned + stayed)


def test_enough_of_everything_is_full(make_training: MakeTraining) -> None:
    gate = data_gate(make_training(), Training())
    assert (gate.level, gate.missing, gate.is_comparable, gate.message) == ("full", (), True, "")


def test_too_few_users_leave_the_baseline_and_say_have_and_need(make_training: MakeTraining) -> None:
    gate = data_gate(make_training(212), Training())
    assert gate.level == "baseline"
    assert gate.is_comparable
    assert gate.message == (
        "CatBoost not trained: 212 eligible users in matured slices, 500 needed (training.min_users)."
    )


def test_every_shortage_is_named(make_training: MakeTraining) -> None:
    gate = data_gate(with_outcomes(make_training(212), 20, 30), Training(min_churners=100, min_stayers=200))
    assert gate.level == "baseline"
    assert [sentence.split(" in matured")[0] for sentence in gate.missing[:3]] == [
        "50 eligible users",
        "80 churned rows",
        "120 stayed rows",
    ]
    assert gate.missing[3].startswith(f"fewer than {MIN_SIDE} churned or stayed rows in the newest slice")
    assert not gate.is_comparable


def test_one_slice_cannot_be_tested_out_of_time(make_training: MakeTraining) -> None:
    gate = data_gate(make_training(slices=1), Training())
    assert (gate.level, gate.is_comparable) == ("baseline", False)
    assert gate.missing == (
        "1 matured slices, none of them over before the newest starts: no out-of-time test is possible",
    )


def test_overlapping_label_windows_are_no_older_slice(make_training: MakeTraining) -> None:
    overlapping = make_training(slices=2).with_columns(matures_at=pl.col("matures_at") + timedelta(days=1))
    assert not data_gate(overlapping, Training()).is_comparable


@pytest.mark.parametrize(("churned", "stayed"), [(MIN_SIDE - 1, 200), (200, MIN_SIDE - 1)])
def test_below_the_smallest_side_nothing_is_trained(make_training: MakeTraining, churned: int, stayed: int) -> None:
    gate = data_gate(with_outcomes(make_training(slices=1), churned, stayed), Training())
    assert (gate.level, gate.is_comparable) == ("none", False)
    assert gate.message.startswith("Nothing trained: ")


def test_no_matured_slice_is_said(make_training: MakeTraining) -> None:
    gate = data_gate(make_training().clear(), Training())
    assert gate.level == "none"
    assert gate.missing[-1] == ("0 matured slices, 1 needed (history shorter than churn.gap_days + churn.horizon_days)")


FIRST = date(2026, 1, 5)


def slices_of(*sizes: tuple[int, int]) -> pl.DataFrame:
    """A slice a week, oldest first, with so many users who churned and who stayed."""
    return pl.concat(
        pl.select(
            user_id=pl.lit("u") + pl.int_range(churned + stayed, eager=True).cast(pl.String),
            snapshot_date=pl.lit(FIRST + timedelta(weeks=week)),
            matures_at=pl.lit(FIRST + timedelta(weeks=week, days=28)).cast(pl.Datetime("us")),
            is_churned=pl.int_range(churned + stayed, eager=True) < churned,
        )
        for week, (churned, stayed) in enumerate(sizes)
    )


def test_a_slice_of_a_week_in_which_nearly_all_were_treated_is_not_tested() -> None:
    large = (12_000, 18_000)
    assert slice_to_test(slices_of(large, large, (32, 32))) == FIRST + timedelta(weeks=1)
    assert slice_to_test(slices_of(large, (1_000, 2_000), (32, 32))) == FIRST + timedelta(weeks=1), "a tenth is enough"
    assert slice_to_test(slices_of(large, (1_000, 1_999), (32, 32))) == FIRST, "less is not"
    assert slice_to_test(slices_of((32, 32), (32, 32))) == FIRST + timedelta(weeks=1), "all are small: none by accident"


def test_what_is_compared_lies_in_and_before_the_tested_slice() -> None:
    """The newest slice holds too few for a comparison, and the one before had no older slice that was over."""
    large, small = (600, 600), (32, 32)
    assert data_gate(slices_of(large, large, large, large, large, small), Training()).is_comparable
    assert not data_gate(slices_of(large, large, large, large, small), Training()).is_comparable


SIZES = st.lists(st.tuples(st.integers(0, 120), st.integers(0, 120)).filter(any), max_size=6)


@given(SIZES)
def test_the_tested_slice_is_the_newest_of_those_large_enough(sizes: list[tuple[int, int]]) -> None:
    if not sizes:
        assert slice_to_test(slices_of((1, 1)).clear()) is None
        return
    largest = max(map(sum, sizes))
    enough = [week for week, size in enumerate(sizes) if min(size) >= MIN_SIDE and sum(size) >= LARGE_SHARE * largest]
    week = max(enough, default=len(sizes) - 1)
    assert slice_to_test(slices_of(*sizes)) == FIRST + timedelta(weeks=week)
