from __future__ import annotations

from datetime import date

import polars as pl
import pytest
from pandera.errors import SchemaErrors

from churn_assets.contracts.recommended_items import RecommendedItems

GOOD = pl.DataFrame(
    [("a", 1, "p1", "viewed", "Kettle", "https://e.org/1", "http://e.org/1.jpg"),
     ("a", 2, "p2", "bought_together", None, None, None), ("a", 3, "p3", "bought_together", "Tea", None, None),
     ("a", 4, "p4", "bought_together", "Tea", None, None), ("a", 5, "p5", "bought_before", "Cup", None, None),
     ("b", 1, "p1", "popular", "Kettle", None, None)],
    schema=["user_id", "item_rank", "product_id", "source", "name", "url", "image_url"],
    orient="row",
).with_columns(snapshot_date=pl.lit(date(2026, 2, 2))).select(RecommendedItems.to_schema().columns.keys())  # fmt: skip

# One cell of user a's second item is replaced: column, value, the rule that must speak.
BAD = [
    ("user_id", "", "str_length"),
    ("snapshot_date", date(2026, 2, 9), "one_snapshot"),
    ("item_rank", 0, "in_range"),
    ("item_rank", 13, "in_range"),
    ("item_rank", 1, "multiple_fields_uniqueness"),
    ("item_rank", 6, "ranks_leave_no_gap"),
    ("product_id", "", "str_length"),
    ("product_id", None, "not_nullable"),
    ("product_id", "p1", "a_product_is_named_once_per_user"),
    ("source", "paid_for", "isin"),
    ("name", "", "str_length"),
    ("name", "x" * 121, "str_length"),
    ("url", "javascript:alert(1)", "str_matches"),
    ("image_url", "ftp://e.org", "str_matches"),
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


def test_a_source_gives_three_items_at_most() -> None:
    fourth = pl.when(pl.col("product_id") == "p5").then(pl.lit("bought_together")).otherwise("source")
    with pytest.raises(SchemaErrors, match="sources_give_few_items_each"):
        RecommendedItems.validate(GOOD.with_columns(source=fourth), lazy=True)


def test_columns_and_their_order_are_fixed() -> None:
    with pytest.raises(SchemaErrors, match="column_in_schema"):
        RecommendedItems.validate(GOOD.with_columns(email=pl.lit("a@b.c")), lazy=True)
    with pytest.raises(SchemaErrors, match="column_ordered"):
        RecommendedItems.validate(GOOD.select(reversed(GOOD.columns)), lazy=True)


def test_every_rule_of_the_table_has_a_bad_row() -> None:
    told = {rule for _, _, rule in BAD} | {"sources_give_few_items_each"}
    assert {check.name for check in RecommendedItems.to_schema().checks} <= told
