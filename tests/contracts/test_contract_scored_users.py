from __future__ import annotations

from datetime import date

import polars as pl
import pytest
from pandera.errors import SchemaErrors

from churn_assets.contracts.scored_users import ScoredUsers

MONDAY = date(2026, 2, 2)
GOOD = pl.DataFrame(
    [
        ("a", "eligible", 0.9, 1, "urgent", 120.0, "service", "price", None),
        ("b", "eligible", 0.4, 2, "watch", 7.0, None, None, None),
        ("c", "eligible", 0.4, 3, "small", 5.0, "rhythm", None, None),
        ("d", "objected", None, None, None, None, None, None, None),
        ("e", "lapsed", None, None, None, None, None, None, None),
    ],
    schema={
        "user_id": pl.String, "status": pl.String, "churn_probability": pl.Float64, "risk_rank": pl.Int64,
        "risk_tier": pl.String, "value_at_risk_amount": pl.Float64, "reason_1": pl.String, "reason_2": pl.String,
        "reason_3": pl.String,
    },
    orient="row",
).with_columns(
    snapshot_date=pl.lit(MONDAY), scored_at=pl.lit(MONDAY).cast(pl.Datetime("us")),
    usual_probability=pl.col("churn_probability") * 0.9,
    expected_spend_amount=pl.col("value_at_risk_amount") * 2, expected_spend_low_amount=pl.col("value_at_risk_amount"),
    expected_spend_high_amount=pl.col("value_at_risk_amount") * 3,
    model_version=pl.lit("0123456789ab"), features_version=pl.lit("f1"),
).select(ScoredUsers.to_schema().columns.keys())  # fmt: skip

# One cell of one user is replaced: column, value, user, the rule that must speak.
BAD = [
    ("user_id", "a", "b", "field_uniqueness"),
    ("user_id", "", "a", "str_length"),
    ("snapshot_date", date(2026, 2, 9), "a", "one_snapshot"),
    ("status", "gone", "d", "isin"),
    ("status", "new", "a", "risk_exactly_when_eligible"),
    ("status", "eligible", "d", "risk_exactly_when_eligible"),
    ("status", "new", "c", "reasons_only_when_eligible"),
    ("churn_probability", 0.5, "d", "risk_exactly_when_eligible"),
    ("churn_probability", None, "a", "risk_exactly_when_eligible"),
    ("churn_probability", 0.0, "c", "greater_than(0)"),
    ("churn_probability", 1.0, "a", "less_than(1)"),
    ("churn_probability", 0.3, "a", "riskier_users_rank_first"),
    ("risk_rank", 0, "a", "greater_than_or_equal_to(1)"),
    ("risk_rank", 4, "c", "ranks_count_from_one"),
    ("risk_rank", 2, "c", "ranks_count_from_one"),
    ("risk_rank", None, "c", "risk_exactly_when_eligible"),
    ("risk_tier", "huge", "a", "isin"),
    ("risk_tier", "small", "a", "alarms_hold_the_larger_losses"),
    ("usual_probability", 0.95, "a", "urgent_risk_is_above_the_usual"),
    ("usual_probability", 1.0, "b", "less_than(1)"),
    ("usual_probability", None, "b", "risk_exactly_when_eligible"),
    ("risk_tier", "small", "d", "risk_exactly_when_eligible"),
    ("expected_spend_amount", 0.0, "a", "greater_than(0)"),
    ("expected_spend_amount", 900.0, "a", "spend_lies_in_its_interval"),
    ("expected_spend_amount", None, "a", "risk_exactly_when_eligible"),
    ("expected_spend_low_amount", 300.0, "a", "spend_lies_in_its_interval"),
    ("expected_spend_low_amount", -1.0, "a", "greater_than_or_equal_to(0)"),
    ("expected_spend_high_amount", float("inf"), "a", "less_than(inf)"),
    ("value_at_risk_amount", 0.0, "a", "greater_than(0)"),
    ("value_at_risk_amount", float("inf"), "a", "less_than(inf)"),
    ("value_at_risk_amount", None, "a", "risk_exactly_when_eligible"),
    ("reason_1", "mood", "a", "isin"),
    ("reason_1", "price", "a", "reasons_differ_and_leave_no_gap"),
    ("reason_1", None, "a", "reasons_differ_and_leave_no_gap"),
    ("reason_3", "price", "c", "reasons_differ_and_leave_no_gap"),
    ("reason_1", "price", "d", "reasons_only_when_eligible"),
    ("model_version", "latest", "a", "str_matches"),
    ("features_version", "", "a", "str_length"),
    ("scored_at", date(2026, 2, 3), "a", "scored_at_the_snapshot"),
]


def test_good_frame_passes_in_any_order() -> None:
    ScoredUsers.validate(GOOD, lazy=True)
    ScoredUsers.validate(GOOD.reverse(), lazy=True)


@pytest.mark.parametrize(("column", "value", "user", "rule"), BAD)
def test_the_broken_rule_is_named(column: str, value: object, user: str, rule: str) -> None:
    dtype = GOOD.schema[column]
    cell = pl.when(pl.col("user_id") == user).then(pl.lit(value).cast(dtype)).otherwise(pl.col(column))
    with pytest.raises(SchemaErrors) as caught:
        ScoredUsers.validate(GOOD.with_columns(cell.alias(column)), lazy=True)
    assert any(check.startswith(rule) for check in caught.value.failure_cases["check"])


def test_columns_and_their_order_are_fixed() -> None:
    with pytest.raises(SchemaErrors, match="column_in_schema"):
        ScoredUsers.validate(GOOD.with_columns(email=pl.lit("a@b.c")), lazy=True)
    with pytest.raises(SchemaErrors, match="column_ordered"):
        ScoredUsers.validate(GOOD.select(reversed(GOOD.columns)), lazy=True)


def test_every_rule_of_the_table_has_a_bad_row() -> None:
    assert {check.name for check in ScoredUsers.to_schema().checks} <= {rule for _, _, _, rule in BAD}
