from __future__ import annotations

from datetime import date

import polars as pl
import pytest
from pandera.errors import SchemaErrors

from churn_assets.contracts.recommended_items import RecommendedItems

GOOD = pl.DataFrame(
    [("a", 1, "p1", "viewed"), ("a", 2, "p2", "bought_together"), ("b", 1, "p1", "popular")],
    schema=["user_id", "item_rank", "product_id", "source"],
    orient="row",
).with_columns(snapshot_date=pl.lit(date(2026, 2, 2))).select(RecommendedItems.to_schema().columns.keys())  # fmt: skip

# One cell of user a's second item is replaced: column, value, the rule that must speak.
BAD = [
    ("user_id", "", "str_length"),
    ("snapshot_date", date(2026, 2, 9), "one_snapshot"),
    ("item_rank", 0, "in_range"),
    ("item_rank", 4, "in_range"),
    ("item_rank", 1, "multiple_fields_uniqueness"),
    ("item_rank", 3, "ranks_leave_no_gap"),
    ("product_id", "", "str_length"),
    ("product_id", None, "not_nullable"),
    ("product_id", "p1", "a_product_is_named_once_per_user"),
    ("source", "paid_for", "isin"),
]


def test_good_and_empty_frames_pass_in_any_order() -> None:
    RecommendedItems.validate(GOOD, lazy=True)
    RecommendedItems.validate(GOOD.reverse(), lazy=True)
    RecommendedItems.validate(GOOD.clear(), lazy=True)


@pytest.mark.parametrize(("column", "value", "rule"), BAD)
def test_the_broken_rule_is_named(column: str, value: object, rule: str) -> None:
    second = (pl.col("user_id") == "a") & (pl.col("item_rank") == 2)
    cell = pl.when(second).then(pl.lit(value).cast(GOOD.schema[column])).otherwise(pl.col(column))
    with pytest.raises(SchemaErrors) as caught:
        RecommendedItems.validate(GOOD.with_columns(cell.alias(column)), lazy=True)
    assert any(check.startswith(rule) for check in caught.value.failure_cases["check"])


def test_columns_and_their_order_are_fixed() -> None:
    with pytest.raises(SchemaErrors, match="column_in_schema"):
        RecommendedItems.validate(GOOD.with_columns(email=pl.lit("a@b.c")), lazy=True)
    with pytest.raises(SchemaErrors, match="column_ordered"):
        RecommendedItems.validate(GOOD.select(reversed(GOOD.columns)), lazy=True)


def test_every_rule_of_the_table_has_a_bad_row() -> None:
    assert {check.name for check in RecommendedItems.to_schema().checks} <= {rule for _, _, rule in BAD}
