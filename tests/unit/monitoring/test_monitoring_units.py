"""The unit of amounts: changes that must be found, and what is no change."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from churn_assets.monitoring.units import FEWEST_ROWS, WEEKS, WeeklyAmounts, changed_units

WEEKS_OF_A_SHOP = 27


def weekly(amounts: list[np.ndarray], table: str = "orders") -> pl.DataFrame:
    """`amounts`: of each week, the newest first."""
    rows = [
        {"table": table, "column": "amount", "week": week, "rows": each.size}
        | dict(zip(("low", "middle", "high"), np.quantile(np.log(each), [0.25, 0.5, 0.75]), strict=True))
        for week, each in enumerate(amounts)
        if each.size
    ]
    return WeeklyAmounts.validate(pl.DataFrame(rows))


def shop(seed: int, rows: int, spread: float = 0.8, season: float = 0.0) -> list[np.ndarray]:
    """Log-normal amounts; `season`: by how much the logarithm of a week's level moves."""
    draw = np.random.default_rng(seed)
    levels = 3.0 + season * draw.normal(size=WEEKS_OF_A_SHOP)
    return [np.exp(draw.normal(level, spread, size=rows)) for level in levels]


@pytest.mark.parametrize("times", [100.0, 0.01, 7.0, 1 / 7, 4.0])
@pytest.mark.parametrize("rows", [60, 5_000])
def test_another_unit_is_found_in_its_first_week(times: float, rows: int) -> None:
    newest, *past = shop(1, rows)
    (changed,) = changed_units(weekly([newest * times, *past]))
    assert (changed.table, changed.column) == ("orders", "amount")
    assert changed.times == pytest.approx(times, rel=0.35)
    assert len(changed.sentence) <= 200


def test_the_sentence_says_how_much_and_what_to_do() -> None:
    newest, *past = [np.full(50, value) for value in (2990.0, *[29.9] * 26)]
    (changed,) = changed_units(weekly([newest, *past]))
    assert changed.sentence == (
        "orders.amount of the newest week is 100 times what was usual (2,990 against 29.9): another unit or currency? "
        "Correct the export, and deliver those rows again."
    )
    (smaller,) = changed_units(weekly([np.full(50, 0.299), *past]))
    assert "is 1/100 of what was usual (0.299 against 29.9)" in smaller.sentence


@pytest.mark.parametrize("share", [0.3, 0.5, 0.7])
def test_a_part_of_the_rows_in_another_unit_is_found(share: float) -> None:
    newest, *past = shop(2, 2_000)
    mixed = np.where(np.arange(newest.size) < share * newest.size, newest * 100, newest)
    assert len(changed_units(weekly([mixed, *past]))) == 1


def test_it_is_said_until_the_new_unit_is_the_usual_one() -> None:
    past = shop(3, 500)
    told = [bool(changed_units(weekly([*(week * 100 for week in past[:new]), *past[new:]]))) for new in range(1, 20)]
    assert told[:13] == [True] * 13
    assert told[14:] == [False] * 5


@given(
    seed=st.integers(0, 10_000), rows=st.sampled_from([20, 60, 2_000]), spread=st.sampled_from([0.1, 0.8, 1.6]),
    season=st.floats(0, 0.25),
)  # fmt: skip
@settings(max_examples=300)
def test_a_shop_as_ever_is_no_change(seed: int, rows: int, spread: float, season: float) -> None:
    assert changed_units(weekly(shop(seed, rows, spread, season))) == []


@pytest.mark.parametrize("times", [0.5, 2.0, 2.9])
def test_a_sale_or_a_new_price_list_is_no_change(times: float) -> None:
    newest, *past = [np.full(50, 29.9)] * WEEKS_OF_A_SHOP
    assert changed_units(weekly([newest * times, *past])) == []


def test_a_shop_whose_level_jumps_every_other_week_is_as_ever() -> None:
    weeks = shop(4, 300)
    assert changed_units(weekly([week * (5.0 if number % 2 else 1.0) for number, week in enumerate(weeks)])) == []


def test_with_little_to_compare_nothing_is_said() -> None:
    newest, *past = shop(5, 100)
    assert changed_units(weekly([newest[: FEWEST_ROWS - 1] * 100, *past])) == []
    assert changed_units(weekly([newest * 100, *past[:3]])) == []
    assert changed_units(weekly([np.array([]), *past])) == [], "no row came: the feed's check says so"
    assert changed_units(WeeklyAmounts.empty()) == []


def test_each_column_is_judged_by_itself() -> None:
    newest, *past = shop(6, 100)
    assert len(past) + 1 == WEEKS
    both = pl.concat([weekly([newest, *past]), weekly([newest * 100, *past], "returns")])
    assert [each.table for each in changed_units(both)] == ["returns"]
