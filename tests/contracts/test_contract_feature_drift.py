from __future__ import annotations

from datetime import date

import polars as pl
import pytest
from pandera.errors import SchemaErrors

from churn_assets.contracts.feature_drift import FeatureDrift

GOOD = pl.DataFrame(
    {
        "snapshot_date": [date(2026, 11, 16)] * 2,
        "feature": ["recency_days", "churn_probability"],
        "family": ["orders", "score"],
        "model_version": ["0123456789ab"] * 2,
        "reference_date": [date(2026, 10, 19), date(2026, 11, 9)],
        "reference_users": [900, 1_000],
        "users": [1_000, 1_000],
        "bins": [10, 10],
        "psi": [0.3, 0.01],
        "psi_critical": [0.07, 0.06],
        "nearest_psi": [0.2, None],
        "usual_psi": [0.03, None],
        "is_significant": [True, False],
        "level": ["alarm", "none"],
        "reference_missing_share": [0.0, 0.0],
        "missing_share": [0.5, 0.0],
    }
)

# What is wrong with the first row; the second stays.
BAD = [
    ("feature", "", "str_length"),
    ("family", "", "str_length"),
    ("model_version", "newest", "str_matches"),
    ("reference_users", 0, "greater_than_or_equal_to"),
    ("users", 0, "greater_than_or_equal_to"),
    ("bins", 0, "greater_than_or_equal_to"),
    ("psi", -0.01, "in_range"),
    ("psi", float("inf"), "in_range"),
    ("psi", float("nan"), "in_range"),
    ("psi_critical", -0.01, "in_range"),
    ("psi_critical", float("nan"), "in_range"),
    ("nearest_psi", -0.01, "in_range"),
    ("usual_psi", -0.01, "in_range"),
    ("level", "high", "isin"),
    ("reference_missing_share", 1.01, "in_range"),
    ("missing_share", -0.01, "in_range"),
    ("feature", "churn_probability", "multiple_fields_uniqueness"),
    ("model_version", "ba9876543210", "one_model_and_its_users"),
    ("users", 999, "one_model_and_its_users"),
    ("snapshot_date", date(2026, 11, 23), "one_model_and_its_users"),
    ("reference_date", date(2026, 11, 16), "reference_before_the_snapshot"),
    ("is_significant", False, "significant_exactly_above_the_critical_value"),
    ("psi", 0.07, "significant_exactly_above_the_critical_value"),
    ("is_significant", False, "drift_is_significant"),
    ("family", "score", "the_score_is_a_family_of_its_own"),
    ("feature", "churn_probability", "the_score_is_a_family_of_its_own"),
]


def broken_rules(frame: pl.DataFrame) -> set[str]:
    with pytest.raises(SchemaErrors) as caught:
        FeatureDrift.validate(frame, lazy=True)
    return {check.split("(")[0] for check in caught.value.failure_cases.get_column("check")}


def test_good_rows_pass() -> None:
    FeatureDrift.validate(GOOD, lazy=True)


@pytest.mark.parametrize(("column", "value", "rule"), BAD)
def test_a_bad_row_names_its_rule(column: str, value: object, rule: str) -> None:
    bad = pl.lit(value, GOOD.schema[column])

    frame = GOOD.with_columns(pl.when(pl.int_range(pl.len()) == 0).then(bad).otherwise(column).alias(column))

    assert rule in broken_rules(frame)


@pytest.mark.parametrize("column", [name for name in GOOD.columns if name not in {"nearest_psi", "usual_psi"}])
def test_nothing_is_unknown_but_how_far_a_feature_moved_before(column: str) -> None:
    assert "not_nullable" in broken_rules(GOOD.with_columns(pl.lit(None, GOOD.schema[column]).alias(column)))


def test_columns_are_fixed() -> None:
    assert "column_in_schema" in broken_rules(GOOD.with_columns(ks=pl.lit(1.0)))
    assert "column_in_dataframe" in broken_rules(GOOD.drop("bins"))
    assert "column_ordered" in broken_rules(GOOD.select(reversed(GOOD.columns)))


def test_every_rule_of_the_table_has_a_bad_row() -> None:
    table_rules = {check.name for check in FeatureDrift.to_schema().checks}

    assert table_rules <= {rule for _, _, rule in BAD}
