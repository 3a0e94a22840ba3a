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
    assert (gate.level, gate.lacks, gate.is_comparable, gate.message) == ("full", (), True, "")


def test_too_few_users_leave_the_baseline_and_say_have_and_need(make_training: MakeTraining) -> None:
    gate = data_gate(make_training(212), Training())
    assert gate.level == "baseline"
    assert gate.is_comparable
    assert gate.message == (
        "CatBoost not trained: 212 eligible users in matured slices, 500 needed (training.min_users). Trees would "
        "learn so few users by heart and fail on the next ones. Nothing need be done: trees are trained once there are "
        "enough users."
    )


def test_every_shortage_is_named(make_training: MakeTraining) -> None:
    gate = data_gate(with_outcomes(make_training(212), 20, 30), Training(min_churners=100, min_stayers=200))
    assert gate.level == "baseline"
    assert [lack.finding for lack in gate.lacks] == [
        "120 of 200 rows stayed, 200 needed (training.min_stayers)",
        "80 of 200 rows churned, 100 needed (training.min_churners)",
        "50 eligible users in matured slices, 500 needed (training.min_users)",
        "20 of the 30 churned and stayed rows that a test needs in the newest slice and before it",
    ]
    assert gate.message.count("Wait for more users") == 1, "what to do is said once"
    assert not gate.is_comparable


def test_one_slice_cannot_be_tested_out_of_time(make_training: MakeTraining) -> None:
    gate = data_gate(make_training(slices=1), Training())
    assert (gate.level, gate.is_comparable) == ("baseline", False)
    assert gate.message == (
        "CatBoost not trained: 0 of 1 matured slices are over before the newest starts. No out-of-time test is "
        "possible, so how good a model is would be unknown. Run again when another label window has passed, or bring "
        "older orders into the landing."
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
    assert gate.message == (
        "Nothing trained: 0 matured slices, 1 needed. The data are younger than one label window (churn.gap_days + "
        "churn.horizon_days), so of nobody is it known whether they churned. Run again when the window has passed, "
        "bring older orders into the landing, or set a shorter churn.horizon_days."
    )


def test_matured_slices_without_anybody_in_them_are_no_young_shop(make_training: MakeTraining) -> None:
    gate = data_gate(make_training().clear(), Training(), slices=3)
    assert gate.level == "none"
    assert gate.message.startswith("Nothing trained: 0 eligible users in 3 matured slices. ")
    assert "churn.active_within_days" in gate.lacks[0].advice


def with_outcome_of_few(frame: pl.DataFrame, few: int, *, stayed: bool) -> pl.DataFrame:
    """The first `few` rows have one outcome, all others the other."""
    is_few = pl.int_range(pl.len()) < few
    return frame.with_columns(is_churned=~is_few if stayed else is_few)


def test_a_shop_in_which_nobody_buys_twice_is_refused_and_told_so(make_training: MakeTraining) -> None:
    """A shop of 48 users in 6,000 who bought twice trained a model whose probabilities were all equal."""
    again = pl.col("user_id").is_in(make_training()["user_id"].unique().sort().head(10).to_list())
    frame = make_training().with_columns(orders_count=pl.when(again).then(2).otherwise(1))
    gate = data_gate(with_outcome_of_few(frame, 48, stayed=True), Training())
    assert (gate.level, gate.is_comparable) == ("none", False)
    users = frame["user_id"].n_unique()
    assert gate.message == (
        f"Nothing trained: nearly nobody buys twice here: 10 of {users:,} users; 48 of 3,200 rows stayed, 100 needed "
        "(training.min_stayers). Who buys once only has nothing to keep up, and so churns by every definition: a "
        "probability near 1 for everybody tells no users apart. If users do come back, but later, set a longer "
        "churn.horizon_days; if orders of one user come under several ids, mend user_id. Otherwise churn is not the "
        "question to ask of this shop."
    )


@pytest.mark.parametrize(("stayed", "found"), [(True, "nearly everybody churns: "), (False, "nearly nobody churns: ")])
@pytest.mark.parametrize("few", [0, 48])
def test_a_definition_by_which_nearly_all_have_one_outcome_is_named_as_the_cause(
    make_training: MakeTraining, few: int, stayed: bool, found: str
) -> None:
    gate = data_gate(with_outcome_of_few(make_training(), few, stayed=stayed), Training())
    assert gate.level == "none"
    assert gate.message.startswith(f"Nothing trained: {found}{few} of 3,200 rows ")
    assert "churn.definition" in gate.lacks[0].advice


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
