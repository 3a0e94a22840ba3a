from __future__ import annotations

from datetime import date, datetime

import polars as pl
import pytest
from pandera.errors import SchemaErrors

from churn_assets.contracts.decision_ledger import DecisionLedger

MONDAY = date(2025, 6, 2)
GOOD = pl.DataFrame(
    [
        # user, arm, propensity, holdout, explored, binding, gain, cost, intended, channel, reason
        ("acted", "coupon", 0.8, False, False, None, 5.0, 2.5, "coupon", "email", "price"),
        ("held", "none", 0.2, True, False, "holdout", 0.0, 0.0, "coupon", None, "price"),
        ("explored", "none", 0.2, False, True, "exploration", 0.0, 0.0, "call", None, "service"),
        ("broke", "none", 1.0, True, False, "budget", 0.0, 0.0, "none", None, None),
    ],
    schema={
        "user_id": pl.String,
        "arm": pl.String,
        "propensity": pl.Float64,
        "is_holdout": pl.Boolean,
        "is_exploration": pl.Boolean,
        "binding_constraint": pl.String,
        "expected_gain_amount": pl.Float64,
        "expected_cost_amount": pl.Float64,
        "intended_arm": pl.String,
        "channel": pl.String,
        "reason": pl.String,
    },
    orient="row",
).with_columns(
    decision_id=pl.Series([f"{number:032x}" for number in range(4)]),
    snapshot_date=pl.lit(MONDAY),
    policy_version=pl.lit("rules-0123abcd"),
    decided_at=pl.lit(MONDAY).cast(pl.Datetime("us")),
    value_at_risk_amount=pl.lit(50.0),
    churn_probability=pl.lit(0.5),
    level=pl.Series(["10", None, None, None], dtype=pl.String),
    intended_level=pl.Series(["10", "10", None, None], dtype=pl.String),
)
GOOD = GOOD.select(DecisionLedger.to_schema().columns.keys())

BAD = [
    ("decision_id", "0" * 32, "held", "field_uniqueness"),
    ("decision_id", "not-hex", "held", "str_matches"),
    ("user_id", "acted", "held", "field_uniqueness"),
    ("user_id", "", "held", "str_length"),
    ("policy_version", "rules", "held", "str_matches"),
    ("arm", "Coupon 10", "acted", "str_matches"),
    ("intended_arm", "", "acted", "str_matches"),
    ("propensity", 0.0, "acted", "in_range"),
    ("propensity", 1.01, "acted", "in_range"),
    ("propensity", float("nan"), "acted", "not_nullable"),
    ("is_holdout", None, "acted", "not_nullable"),
    ("binding_constraint", "mood", "held", "isin"),
    ("expected_gain_amount", -0.01, "held", "greater_than_or_equal_to"),
    ("expected_gain_amount", float("inf"), "acted", "less_than"),
    ("expected_cost_amount", -0.01, "held", "greater_than_or_equal_to"),
    ("channel", "fax", "acted", "isin"),
    ("level", "20 %", "acted", "str_matches"),
    ("level", "20", "acted", "acted_as_intended"),
    ("intended_level", None, "acted", "acted_as_intended"),
    ("reason", "weather", "acted", "isin"),
    ("value_at_risk_amount", -1.0, "acted", "greater_than_or_equal_to"),
    ("value_at_risk_amount", float("nan"), "acted", "not_nullable"),
    ("churn_probability", 1.01, "acted", "in_range"),
    ("snapshot_date", date(2025, 6, 9), "held", "one_snapshot"),
    ("decided_at", datetime(2025, 6, 2, 9), "held", "decided_at_the_snapshot"),  # UTC, naive
    ("binding_constraint", "budget", "acted", "left_alone_exactly_when_constrained"),
    ("binding_constraint", None, "broke", "left_alone_exactly_when_constrained"),
    ("intended_arm", "call", "acted", "acted_as_intended"),
    ("intended_arm", "coupon", "broke", "intended_but_left_alone_only_by_chance"),
    ("intended_arm", "none", "held", "intended_but_left_alone_only_by_chance"),
    ("is_holdout", True, "acted", "holdout_is_untouched"),
    ("is_holdout", False, "held", "held_out_users_are_in_the_holdout"),
    ("is_exploration", True, "broke", "exploration_is_the_constraint"),
    ("is_exploration", False, "explored", "exploration_is_the_constraint"),
    ("expected_cost_amount", 0.01, "held", "left_alone_costs_and_gains_nothing"),
    ("expected_gain_amount", 0.01, "broke", "left_alone_costs_and_gains_nothing"),
    ("expected_gain_amount", 2.5, "acted", "action_pays"),
    ("channel", None, "acted", "channel_exactly_when_acted_upon"),
    ("channel", "email", "held", "channel_exactly_when_acted_upon"),
    ("propensity", 0.5, "broke", "without_intention_propensity_is_one"),
]


def broken_rules(frame: pl.DataFrame) -> set[str]:
    with pytest.raises(SchemaErrors) as caught:
        DecisionLedger.validate(frame, lazy=True)
    return {check.split("(")[0] for check in caught.value.failure_cases.get_column("check")}


def test_a_good_ledger_passes() -> None:
    DecisionLedger.validate(GOOD, lazy=True)


@pytest.mark.parametrize(("column", "value", "user_id", "rule"), BAD)
def test_a_bad_row_names_its_rule(column: str, value: object, user_id: str, rule: str) -> None:
    bad = pl.lit(value, GOOD.schema[column])

    frame = GOOD.with_columns(pl.when(pl.col("user_id") == user_id).then(bad).otherwise(column).alias(column))

    assert rule in broken_rules(frame)


def test_columns_and_types_are_fixed() -> None:
    assert "column_in_schema" in broken_rules(GOOD.with_columns(email=pl.lit("a@example.com")))
    assert "column_in_dataframe" in broken_rules(GOOD.drop("channel"))
    assert "column_ordered" in broken_rules(GOOD.select(reversed(GOOD.columns)))
    assert "dtype" in broken_rules(GOOD.with_columns(pl.col("decided_at").cast(pl.Datetime("ms"))))


def test_every_rule_of_the_table_has_a_bad_row() -> None:
    table_rules = {check.name for check in DecisionLedger.to_schema().checks}

    assert table_rules <= {rule for _, _, _, rule in BAD}
