from __future__ import annotations

from datetime import date, timedelta

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from churn_assets.decisions.holdout import is_explored, is_holdout, unit_interval
from churn_assets.settings import Decisions

MONDAY = date(2025, 6, 2)
IDS = pl.Series("user_id", [f"u{number:05d}" for number in range(20_000)])


def test_draws_are_the_same_on_every_machine_and_version() -> None:
    drawn = unit_interval(pl.Series("user_id", ["u1", "u2", "用户"]), "salt")

    # (int(first 16 hex digits of sha256sum of "salt:u1", 16) >> 11) / 2**53, and so on.
    assert drawn.to_list() == [0.5382267192698044, 0.2054327226693038, 0.5095303020554318]


def test_draws_are_uniform() -> None:
    drawn = unit_interval(IDS, "salt")

    assert drawn.is_between(0, 1, closed="left").all()
    assert drawn.mean() == pytest.approx(0.5, abs=5 / (12 * IDS.len()) ** 0.5)
    assert drawn.var() == pytest.approx(1 / 12, rel=0.05)


def test_no_ids_give_no_draws() -> None:
    assert unit_interval(pl.Series("user_id", [], dtype=pl.String), "salt").to_list() == []


def test_a_null_id_is_refused() -> None:
    with pytest.raises(ValueError, match=r"user_id: 1 null ids cannot be drawn"):
        unit_interval(pl.Series("user_id", ["u1", None]), "salt")


@pytest.mark.parametrize("salt", ["a", "b", "c", "churn-assets"])
def test_holdout_share_is_within_binomial_bounds(salt: str) -> None:
    held = is_holdout(IDS, Decisions(holdout_share=0.1, salt=salt), MONDAY).sum()

    assert abs(held - 2_000) < 4 * (20_000 * 0.1 * 0.9) ** 0.5


@given(shares=st.tuples(st.floats(0, 1), st.floats(0, 1)))
def test_raising_the_share_keeps_everyone_held_out(shares: tuple[float, float]) -> None:
    ids = IDS.head(300)
    small, large = (is_holdout(ids, Decisions(holdout_share=share), MONDAY) for share in sorted(shares))

    assert (~small | large).all()


def test_a_share_of_one_holds_out_everyone_and_of_zero_nobody() -> None:
    assert is_holdout(IDS, Decisions(holdout_share=1), MONDAY).all()
    assert not is_holdout(IDS, Decisions(holdout_share=0), MONDAY).any()


def test_exploration_is_drawn_apart_from_the_holdout_and_anew_at_each_snapshot() -> None:
    settings = Decisions(holdout_share=0.5, exploration_share=0.5)
    held = is_holdout(IDS, settings, MONDAY)
    first, second = (is_explored(IDS, settings, MONDAY + timedelta(days=days)) for days in (0, 7))

    for one, other in ((held, first), (held, second), (first, second)):
        assert abs((one & other).sum() - 5_000) < 4 * (20_000 * 0.25 * 0.75) ** 0.5
