from __future__ import annotations

from datetime import date

import polars as pl
import pytest
from pandera.errors import SchemaErrors

from churn_assets.contracts.feature_selections import FeatureSelections

GOOD = pl.DataFrame(
    [
        {
            "snapshot_date": date(2026, 2, 2), "feature": feature, "family": "orders", "reason_group": "rhythm",
            "slices": 3, "mean_abs_shap": 0.1, "rank_mean": 1.5, "rank_worst": 2.0, "rank_spread": 0.5,
            "above_noise_share": share, "is_kept": why is None, "why_dropped": why, "redundant_with": twin,
            "correlation": twin and 0.97,
        }
        for feature, share, why, twin in (
            ("recency_days", 1.0, None, None), ("orders_count", None, "redundant", "recency_days"),
            ("spent_amount", 0.0, "noise", None),
        )
    ]
)  # fmt: skip
BAD = [
    ("feature", 0, "", "str_length"),
    ("feature", 0, "spent_amount", "multiple_fields_uniqueness"),
    ("family", 0, "", "str_length"),
    ("reason_group", 0, "weather", "isin"),
    ("slices", 0, 0, "greater_than_or_equal_to(1)"),
    ("mean_abs_shap", 0, float("inf"), "in_range(0"),
    ("rank_mean", 0, 0.5, "greater_than_or_equal_to(1)"),
    ("rank_worst", 0, 0.5, "greater_than_or_equal_to(1)"),
    ("rank_worst", 0, 1.2, "the_worst_rank_is_no_better_than_the_mean"),
    ("rank_spread", 0, -0.1, "in_range(0"),
    ("above_noise_share", 0, 1.1, "in_range(0, 1)"),
    ("above_noise_share", 1, 0.5, "noise_is_asked_of_what_is_usable_and_no_twin"),
    ("is_kept", 0, False, "something_is_kept"),
    ("is_kept", 2, True, "only_the_dropped_have_a_reason"),
    ("why_dropped", 2, "ugly", "isin"),
    ("redundant_with", 1, "orders_count", "only_the_redundant_name_another"),
    ("correlation", 1, 1.1, "in_range(-1, 1)"),
    ("correlation", 1, None, "only_the_redundant_name_another"),
]


def broken(frame: pl.DataFrame) -> list[str]:
    try:
        FeatureSelections.validate(frame, lazy=True)
    except SchemaErrors as error:
        return error.failure_cases["check"].to_list()
    return []


def test_good_rows_pass() -> None:
    assert broken(GOOD) == []


@pytest.mark.parametrize(("column", "row", "value", "rule"), BAD)
def test_a_bad_value_is_refused_by_its_rule(column: str, row: int, value: object, rule: str) -> None:
    values = GOOD[column].to_list()
    values[row] = value
    found = broken(GOOD.with_columns(pl.Series(column, values, dtype=GOOD.schema[column])))
    assert any(check.startswith(rule) for check in found)


def test_every_rule_of_the_table_has_a_bad_row() -> None:
    assert {check.name for check in FeatureSelections.to_schema().checks} <= {rule for _, _, _, rule in BAD}
