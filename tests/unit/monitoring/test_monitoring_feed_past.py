"""What the past of a table excuses: weekdays, closures, seasons, growth, campaigns, lateness, loads."""

from __future__ import annotations

from datetime import date, timedelta

import polars as pl
import pytest

from tests.unit.monitoring.feeds import START, D, feed, last, state, verdict


def test_weekdays_on_which_a_shop_never_sells_are_learned() -> None:
    def weekdays(day: date) -> int:
        return 0 if day.weekday() == 6 else 100

    assert state(feed(weekdays)) == "whole", "the day before a Monday is a Sunday"
    no_saturday = verdict(feed(lambda day: 0 if day == date(2026, 11, 14) else weekdays(day)))
    assert (no_saturday.state, no_saturday.expected_rows) == ("broken", pytest.approx(100))


def test_days_on_which_the_shop_was_closed_are_not_expected() -> None:
    closed = {"orders": frozenset({date(2026, 11, 14), date(2026, 11, 15)})}
    counts = feed(last(2, 0.0))

    assert state(counts) == "broken"
    assert state(counts, closed=closed) == "whole"
    assert state(feed(last(3, 0.0)), closed=closed) == "broken", "the Friday before was no closed day"
    assert state(counts, closed={"events": closed["orders"]}) == "broken", "another table was closed"


def test_a_past_closure_is_no_measure_of_the_present() -> None:
    """Shut for nine weeks until a week ago; the week after has half the rows."""
    shut = frozenset(D - timedelta(days=day) for day in range(8, 8 + 63))
    counts = feed(lambda day: 0 if day in shut else last(7, 0.5)(day), start=START)

    assert state(counts, closed={"orders": shut}) == "broken"
    assert state(counts) != "broken", "unless it is said, two months of nothing are the new level"


@pytest.mark.parametrize("shift", [-19, 0, 11])
def test_what_fell_in_the_same_season_before_may_fall_again(shift: int) -> None:
    """Chinese New Year: eight days at a tenth, in another week each year."""

    def shop(year_before: bool, share: float = 0.1) -> pl.DataFrame:
        now = {D - timedelta(days=day) for day in range(1, 9)}
        then = {D - timedelta(weeks=52) + timedelta(days=shift - day) for day in range(1, 9)} if year_before else set()
        return feed(
            lambda day: 100 * (share if day in now else 0.1 if day in then else 1), start=D - timedelta(weeks=80)
        )

    assert state(shop(year_before=False)) == "broken"
    assert state(shop(year_before=True)) == "whole"
    assert state(shop(year_before=True, share=0.0)) == "broken", "but not to nothing"


def test_an_outage_a_year_ago_excuses_nothing_where_the_year_before_that_was_whole() -> None:
    then = {D - timedelta(weeks=52, days=day) for day in range(1, 9)}
    counts = feed(lambda day: 0 if day in then else last(3, 0.0)(day), start=D - timedelta(weeks=124))

    assert state(counts) == "broken"


def test_christmas_does_not_make_january_look_broken() -> None:
    """Week by week up by half and, in the first year, down to a fifth below the usual."""
    begin, weeks = date(2026, 11, 23), (110, 130, 150, 150, 120, 95, 80, 80)
    counts = feed(
        lambda day: weeks[(day - begin).days // 7] if day >= begin else 100, until=begin + timedelta(weeks=len(weeks))
    )

    for week in range(1, len(weeks) + 1):
        assert state(counts, begin + timedelta(weeks=week)) == "whole"


def test_a_growing_shop_is_held_against_its_last_weeks() -> None:
    """5 % more a week: of twelve weeks the lower quartile is a third below, so half a week would pass."""
    growth = lambda day: 100 * 1.05 ** ((day - START).days / 7)  # noqa: E731

    assert state(feed(growth)) == "whole"
    assert state(feed(lambda day: growth(day) * (0.5 if day >= D - timedelta(days=7) else 1))) == "broken"


def test_the_end_of_a_campaign_for_new_users_is_no_fault() -> None:
    """Orders fall to a third in a day, those of returning users do not."""
    counts = feed(last(7, 0.33), returning=lambda _: 30)

    assert state(counts) == "whole"
    assert state(feed(last(7, 0.33), returning=last(7, 0.33, usual=30))) == "broken"


def test_rows_that_always_come_late_are_not_missing() -> None:
    """Each is known three days after it happened: of the last three days nothing is ever known."""
    counts = feed(last(0, 1.0), lag_days=3)

    assert [state(counts, D - timedelta(weeks=week)) for week in range(10)] == ["whole"] * 10
    assert state(feed(last(7, 0.0), lag_days=3)) == "broken"


def test_a_history_that_was_loaded_at_once_is_a_measure_too() -> None:
    """All of it known on the day before D."""
    loaded = {"known_date": pl.lit(D - timedelta(days=1))}

    assert state(feed(last(0, 1.0)).with_columns(**loaded)) == "whole"
    assert state(feed(last(3, 0.0)).with_columns(**loaded)) == "broken"
    assert state(feed(last(7, 0.5)).with_columns(**loaded)) == "broken"


def test_a_level_that_has_held_for_three_weeks_is_the_new_one() -> None:
    drop = [feed(lambda day, w=weeks: 50 if day >= D - timedelta(weeks=w) else 100) for weeks in (1, 2, 3, 4)]

    assert [state(counts) for counts in drop] == ["broken", "broken", "broken", "whole"]


def test_one_row_of_another_century_changes_nothing() -> None:
    stray = feed(lambda _: 1, start=date(1970, 1, 1), until=date(1970, 1, 2))
    counts = feed(last(2, 0.0))

    assert verdict(pl.concat([stray, counts])) == verdict(counts)
