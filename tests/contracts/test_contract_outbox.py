from __future__ import annotations

from datetime import datetime

import polars as pl
import pytest
from pandera.errors import SchemaErrors

from churn_assets.contracts.outbox import Outbox

OLD_PAYLOAD = (
    '{"arm":"coupon","body":"10 % \\"off\\"","items":["p1","p2"],"language":"en","level":"10","reason":"price",'
    '"snapshot_date":"2025-06-02","subject":"","user_id":"u1","value_tier":"high"}'
)
PRODUCT = '{"image_url":null,"name":"Tea","product_id":"p1","source":"viewed","url":"https://e.org"}'
PAYLOAD = OLD_PAYLOAD.replace('"items"', '"code":null,"code_from":"pool","items"').replace(
    '"reason"', f'"products":[{PRODUCT},{PRODUCT}],"reason"'
)
GOOD = pl.DataFrame(
    {
        "message_key": ["0" * 32, "1" * 32],
        "decision_id": ["a" * 32, "b" * 32],
        "user_id": ["u1", "u2"],
        "channel": ["email", "call"],
        "template": ["coupon_10", "care_call"],
        "payload": [PAYLOAD, PAYLOAD.replace('"price"', "null").replace("u1", r"u\"2")],
        "state": ["planned", "unknown"],
        "not_before": [datetime(2025, 6, 2, 9)] * 2,  # UTC, naive
        "expires_at": [datetime(2025, 6, 9)] * 2,
    }
)


def broken_rules(frame: pl.DataFrame) -> set[str]:
    with pytest.raises(SchemaErrors) as caught:
        Outbox.validate(frame, lazy=True)
    return {check.split("(")[0] for check in caught.value.failure_cases.get_column("check")}


def test_a_good_outbox_passes() -> None:
    Outbox.validate(GOOD, lazy=True)
    Outbox.validate(GOOD.with_columns(payload=pl.lit(OLD_PAYLOAD)), lazy=True)


@pytest.mark.parametrize(
    ("column", "value", "rule"),
    [
        ("message_key", "1" * 32, "field_uniqueness"),
        ("message_key", "key", "str_matches"),
        ("decision_id", "b" * 32, "field_uniqueness"),
        ("decision_id", "id", "str_matches"),
        ("user_id", "u2", "field_uniqueness"),
        ("user_id", "", "str_length"),
        ("channel", "fax", "isin"),
        ("channel", None, "not_nullable"),
        ("template", "", "str_length"),
        ("state", "lost", "isin"),
        ("channel", "none", "isin"),
        ("payload", PAYLOAD.replace('"p2"', '{"email":"a@example.com"}'), "str_matches"),
        ("payload", "coupon", "str_matches"),
        ("payload", PAYLOAD.replace('"high"', '"huge"'), "str_matches"),
        ("payload", PAYLOAD.replace('"arm":"coupon",', ""), "str_matches"),
        ("payload", PAYLOAD.replace('"pool"', '"nowhere"'), "str_matches"),
        ("payload", PAYLOAD.replace('"name"', '"email":"a@example.com","name"'), "str_matches"),
        ("payload", PAYLOAD.removesuffix("}") + ',"zip":"1"}', "str_matches"),
        ("payload", PAYLOAD.replace('"arm"', '"a_email":"a@example.com","arm"'), "str_matches"),
        ("expires_at", datetime(2025, 6, 2, 9), "expires_after_it_may_be_sent"),
    ],
)
def test_a_bad_row_names_its_rule(column: str, value: object, rule: str) -> None:
    bad = pl.lit(value, GOOD.schema[column])

    frame = GOOD.with_columns(pl.when(pl.col("user_id") == "u1").then(bad).otherwise(column).alias(column))

    assert rule in broken_rules(frame)


def test_columns_are_fixed() -> None:
    assert "column_in_schema" in broken_rules(GOOD.with_columns(email=pl.lit("a@example.com")))
    assert "column_in_dataframe" in broken_rules(GOOD.drop("payload"))
    assert "column_ordered" in broken_rules(GOOD.select(reversed(GOOD.columns)))
