from __future__ import annotations

from datetime import date

import polars as pl
import pytest
from pandera.errors import SchemaErrors

from churn_assets.contracts.reason_summaries import ReasonSummaries

GOOD = pl.DataFrame(
    {
        "snapshot_date": [date(2026, 11, 16)] * 4,
        "kind": ["actionable"] * 3 + ["explanatory"],
        "reason_group": ["service", "service", "service", "rhythm"],
        "dimension": ["all", "risk_tier", "risk_tier", "all"],
        "segment": ["all", "urgent", "small", "all"],
        "users": [3, 1, 2, 10],
        "segment_users": [10, 4, 6, 10],
        "share": [0.3, 0.25, 1 / 3, 1.0],
        "contribution": [1.5, 1.0, 0.5, 4.0],
        "value_at_risk_amount": [30.0, 30.0, 0.0, 90.0],
    }
)
BAD = [
    (0, "snapshot_date", date(2026, 11, 9), "one_snapshot"),
    (0, "kind", "causal", "isin"),
    (0, "reason_group", "mood", "isin"),
    (0, "dimension", "weather", "isin"),
    (0, "segment", "", "str_length"),
    (0, "users", 0, "greater_than_or_equal_to"),
    (0, "segment_users", 0, "greater_than_or_equal_to"),
    (0, "share", 0.0, "greater_than"),
    (3, "share", 1.1, "less_than_or_equal_to"),
    (0, "share", 0.31, "share_is_users_of_the_segment"),
    (0, "contribution", 0.0, "greater_than"),
    (0, "contribution", float("inf"), "less_than"),
    (0, "value_at_risk_amount", -1.0, "greater_than_or_equal_to"),
    (0, "value_at_risk_amount", float("inf"), "less_than"),
    (2, "segment", "urgent", "multiple_fields_uniqueness"),
    (2, "users", 1, "every_dimension_has_all_users"),
]


def test_good_rows_pass() -> None:
    ReasonSummaries.validate(GOOD, lazy=True)
    ReasonSummaries.validate(GOOD.reverse(), lazy=True)
    ReasonSummaries.validate(GOOD.clear(), lazy=True)


@pytest.mark.parametrize(("row", "column", "value", "rule"), BAD)
def test_a_bad_value_is_refused_by_its_rule(row: int, column: str, value: object, rule: str) -> None:
    values = GOOD[column].to_list()
    values[row] = value
    frame = GOOD.with_columns(pl.Series(column, values, dtype=GOOD.schema[column]))
    with pytest.raises(SchemaErrors) as caught:
        ReasonSummaries.validate(frame, lazy=True)
    assert rule in {check.split("(")[0] for check in caught.value.failure_cases["check"]}


def test_every_rule_of_the_table_has_a_bad_row() -> None:
    assert {check.name for check in ReasonSummaries.to_schema().checks} <= {rule for *_, rule in BAD}
