"""Outliers and gaps of the eligible users' features: what is told, and which limits make it a warning."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest

from churn_assets.defs.features.checks import outliers_and_gaps_are_few

DAY = date(2024, 6, 17)
Run = Callable[..., Any]

# A hundred users of whom the last has lapsed: 99 are looked at. Nobody's visits are recorded.
FEATURES = """
create schema features;
create table features.user_statuses as
  select 'u' || n as user_id, date '2024-06-17' as snapshot_date, if(n = 99, 'lapsed', 'eligible') as status
  from range(100) as users (n);
create table features.user_features as
  select 'u' || n as user_id, date '2024-06-17' as snapshot_date, cast(n as double) as recency_days, n as orders_count,
    if(n % 2 = 0, null, n) as gap_mean_days, cast(null as double) as sessions_28d
  from range(100) as users (n);
"""


@pytest.fixture
def told_after(execute: Run, run_check: Run) -> Run:
    """What the check tells after an update of the features."""

    def after(update: str = "user_id = user_id") -> Any:
        execute(FEATURES, f"update features.user_features set {update}")
        return run_check(outliers_and_gaps_are_few, DAY)

    return after


def test_gaps_are_counted_and_what_nobody_records_is_no_fault(told_after: Run) -> None:
    told = told_after()
    assert told.failed == []
    figures = told.figures("features/user_features")
    assert (figures["users"], figures["features"]) == (99, 4)
    assert (figures["features not recorded"], figures["features with gaps"]) == (1, 1)
    assert figures["most missing"] == "gap_mean_days (50.5%)"
    assert figures["users with too many unknown"] == 0
    assert "| gap_mean_days | rhythm | winsorise, median | 50.5% | 0.0% | 0.0% |" in figures["table"]


@pytest.mark.parametrize(
    ("update", "figure", "expected"),
    [
        ("gap_mean_days = if(user_id = 'u7', 1, null)", "features_too_empty", "gap_mean_days"),
        (
            "recency_days = if(orders_count between 20 and 79, recency_days, 1e6 * (recency_days - 50))",
            "features_straying",
            "recency_days",
        ),
        (
            ", ".join(
                f"{name} = if(orders_count < 20, null, orders_count)"
                for name in ("recency_days", "orders_count", "gap_mean_days")
            ),
            "users_with_too_many_unknown",
            20,
        ),
    ],
)
def test_beyond_a_limit_it_warns_by_name_and_stops_nothing(
    update: str, figure: str, expected: object, told_after: Run
) -> None:
    told = told_after(update)
    assert told.failed == ["features/user_features"]
    assert told.is_followed
    assert told.figures("features/user_features")[figure.replace("_", " ")] == expected
