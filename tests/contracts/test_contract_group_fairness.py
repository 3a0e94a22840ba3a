from __future__ import annotations

from datetime import date, datetime

import polars as pl
import pytest
from pandera.errors import SchemaErrors

from churn_assets.contracts.group_fairness import GroupFairness

GOOD = pl.DataFrame(
    [
        {
            "snapshot_date": date(2026, 2, 2), "measured_at": datetime(2026, 2, 2), "attribute": "gender",
            "group": group, "measure": "treated", "users": 300, "value": 0.1, "value_low": 0.07, "value_high": 0.14,
            "rest_users": 500, "rest_value": 0.2, "p_value": 0.2, "is_unequal": False,
        }
        for group in ("female", "not female")
    ]
)  # fmt: skip
BAD = [
    ("attribute", "income", "str_matches"),
    ("group", "", "str_length"),
    ("group", "not female", "multiple_fields_uniqueness"),
    ("measure", "liked", "isin"),
    ("users", 0, "greater_than_or_equal_to(1)"),
    ("rest_users", -1, "greater_than_or_equal_to(0)"),
    ("rest_users", 0, "compared_exactly_where_there_is_a_rest"),
    ("rest_value", None, "compared_exactly_where_there_is_a_rest"),
    ("value", 1.1, "in_range(-1, 1)"),
    ("value_low", -1.1, "in_range(-1, 1)"),
    ("value_high", 1.1, "in_range(-1, 1)"),
    ("rest_value", 1.1, "in_range(-1, 1)"),
    ("value_high", 0.09, "intervals_are_ordered"),
    ("p_value", 1.1, "in_range(0, 1)"),
]


def broken(frame: pl.DataFrame) -> list[str]:
    try:
        GroupFairness.validate(frame, lazy=True)
    except SchemaErrors as error:
        return error.failure_cases["check"].to_list()
    return []


def with_values(**values: object) -> pl.DataFrame:
    lists = {name: [value, GOOD[name][1]] for name, value in values.items()}
    return GOOD.with_columns(pl.Series(name, each, dtype=GOOD.schema[name]) for name, each in lists.items())


def test_good_rows_pass() -> None:
    assert broken(GOOD) == []
    assert broken(GOOD.clear()) == []


@pytest.mark.parametrize(("column", "value", "rule"), BAD)
def test_a_bad_value_is_refused_by_its_rule(column: str, value: object, rule: str) -> None:
    assert any(check.startswith(rule) for check in broken(with_values(**{column: value})))


def test_nobody_is_unequal_who_was_not_tested() -> None:
    assert broken(with_values(p_value=None, is_unequal=True)) == ["unequal_only_where_tested"]
