from __future__ import annotations

from datetime import date

import polars as pl
import pytest
from pandera.errors import SchemaErrors

from churn_assets.contracts.user_reasons import UserReasons

GOOD = pl.DataFrame(
    [
        ("a", "actionable", 1, "service", "late_deliveries_91d", 3.0, 0.9),
        ("a", "actionable", 2, "price", "basket_price_index", None, 0.2),
        ("a", "explanatory", 1, "price", "order_max_amount", 20.5, 0.1),
        ("b", "explanatory", 1, "profile", "tenure_days", 10.0, 1.5),
    ],
    schema={
        "user_id": pl.String, "kind": pl.String, "reason_rank": pl.Int64, "reason_group": pl.String,
        "feature": pl.String, "feature_value": pl.Float64, "contribution": pl.Float64,
    },
    orient="row",
).with_columns(
    snapshot_date=pl.lit(date(2026, 2, 2)), text_en=pl.lit("Label: 3 (typical: 1)"), text_zh=pl.lit("标签：3")
).select(UserReasons.to_schema().columns.keys())  # fmt: skip

# One cell of user a's second actionable reason is replaced: column, value, the rule that must speak.
BAD = [
    ("user_id", "", "str_length"),
    ("snapshot_date", date(2026, 2, 9), "one_snapshot"),
    ("kind", "causal", "isin"),
    ("reason_rank", 4, "in_range"),
    ("reason_rank", 0, "in_range"),
    ("reason_rank", 1, "multiple_fields_uniqueness"),
    ("reason_rank", 3, "ranks_leave_no_gap"),
    ("reason_group", "mood", "isin"),
    ("reason_group", "service", "a_group_is_named_once_per_user_and_kind"),
    ("feature", "", "str_length"),
    ("feature_value", float("inf"), "feature_value_is_finite_or_null"),
    ("contribution", 0.0, "greater_than(0)"),
    ("contribution", float("inf"), "less_than(inf)"),
    ("contribution", 1.0, "stronger_reasons_rank_first"),
    ("text_en", "", "str_length"),
    ("text_zh", None, "not_nullable"),
]


def test_good_and_empty_frames_pass_in_any_order() -> None:
    UserReasons.validate(GOOD, lazy=True)
    UserReasons.validate(GOOD.reverse(), lazy=True)
    UserReasons.validate(GOOD.clear(), lazy=True)


@pytest.mark.parametrize(("column", "value", "rule"), BAD)
def test_the_broken_rule_is_named(column: str, value: object, rule: str) -> None:
    second = (pl.col("user_id") == "a") & (pl.col("kind") == "actionable") & (pl.col("reason_rank") == 2)
    cell = pl.when(second).then(pl.lit(value).cast(GOOD.schema[column])).otherwise(pl.col(column))
    with pytest.raises(SchemaErrors) as caught:
        UserReasons.validate(GOOD.with_columns(cell.alias(column)), lazy=True)
    assert any(check.startswith(rule) for check in caught.value.failure_cases["check"])


def test_columns_and_their_order_are_fixed() -> None:
    with pytest.raises(SchemaErrors, match="column_in_schema"):
        UserReasons.validate(GOOD.with_columns(email=pl.lit("a@b.c")), lazy=True)
    with pytest.raises(SchemaErrors, match="column_ordered"):
        UserReasons.validate(GOOD.select(reversed(GOOD.columns)), lazy=True)


def test_every_rule_of_the_table_has_a_bad_row() -> None:
    assert {check.name for check in UserReasons.to_schema().checks} <= {rule for _, _, rule in BAD}
