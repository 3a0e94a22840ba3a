from __future__ import annotations

from datetime import date

import polars as pl
import pytest
from pandera.errors import SchemaErrors

from churn_assets.contracts.churn_definitions import ChurnDefinitions

GOOD = pl.DataFrame(
    {
        "snapshot_date": [date(2026, 11, 16)] * 4,
        "definition": ["inactivity"] * 4,
        "measure": ["base_rate", "back_median_days", "kappa", "kappa"],
        "slice_date": [date(2026, 10, 5), None, None, None],
        "compared_with": [None, None, "reduced", "own_rhythm"],
        "users": [100, 0, 100, 100],
        "value": [0.4, None, -0.2, 0.9],
    }
)
BAD = [
    (0, "definition", "silence", "isin"),
    (0, "measure", "rate", "isin"),
    (2, "compared_with", "silence", "isin"),
    (0, "users", -1, "greater_than_or_equal_to"),
    (2, "value", -1.1, "greater_than_or_equal_to"),
    (2, "value", float("inf"), "less_than"),
    (2, "value", float("nan"), "value_is_finite_or_null"),
    (0, "value", 1.1, "shares_are_shares"),
    (1, "value", -0.5, "days_are_not_negative"),
    (0, "slice_date", None, "base_rates_have_a_slice_that_matured_before"),
    (0, "slice_date", date(2026, 11, 16), "base_rates_have_a_slice_that_matured_before"),
    (1, "compared_with", "reduced", "agreement_is_with_another"),
    (2, "compared_with", None, "agreement_is_with_another"),
    (2, "compared_with", "inactivity", "agreement_is_with_another"),
    (3, "compared_with", "reduced", "multiple_fields_uniqueness"),
]


def test_good_rows_pass() -> None:
    ChurnDefinitions.validate(GOOD, lazy=True)
    ChurnDefinitions.validate(GOOD.clear(), lazy=True)


@pytest.mark.parametrize(("row", "column", "value", "rule"), BAD)
def test_a_bad_value_is_refused_by_its_rule(row: int, column: str, value: object, rule: str) -> None:
    values = GOOD[column].to_list()
    values[row] = value
    frame = GOOD.with_columns(pl.Series(column, values, dtype=GOOD.schema[column]))
    with pytest.raises(SchemaErrors) as caught:
        ChurnDefinitions.validate(frame, lazy=True)
    assert rule in {check.split("(")[0] for check in caught.value.failure_cases["check"]}
