from __future__ import annotations

from datetime import date, datetime

import polars as pl
import pytest

from churn_assets.effects.assignments import Assignments, ledger_assignments

MONDAY = date(2025, 6, 2)
LEDGER = pl.DataFrame(
    [
        ("u1", "coupon", "coupon", None, 0.9, "10"),
        ("u2", "none", "coupon", "holdout", 0.1, "10"),
        ("u3", "none", "call", "exploration", 0.1, None),
        ("u4", "none", "none", "budget", 1.0, None),
        ("u5", "none", "none", "low_risk", 1.0, None),
    ],
    schema={
        "user_id": pl.String,
        "arm": pl.String,
        "intended_arm": pl.String,
        "binding_constraint": pl.String,
        "propensity": pl.Float64,
        "intended_level": pl.String,
    },
    orient="row",
).with_columns(
    policy_version=pl.lit("rules-0123abcd"),
    snapshot_date=pl.lit(MONDAY),
    decided_at=pl.lit(MONDAY).cast(pl.Datetime("us")),
)


def test_only_users_who_could_have_been_treated_are_assigned() -> None:
    assignments = ledger_assignments(LEDGER)

    assert assignments.rows() == [
        ("rules-0123abcd@2025-06-02/call", "u3", "none", 0.1, datetime(2025, 6, 2)),  # UTC, naive
        ("rules-0123abcd@2025-06-02/coupon_10", "u1", "coupon_10", 0.9, datetime(2025, 6, 2)),
        ("rules-0123abcd@2025-06-02/coupon_10", "u2", "none", 0.1, datetime(2025, 6, 2)),
    ]
    Assignments.validate(assignments, lazy=True)


def test_each_snapshot_is_a_campaign_of_its_own() -> None:
    later = LEDGER.with_columns(pl.col("snapshot_date", "decided_at").dt.offset_by("7d"))

    assignments = ledger_assignments(pl.concat([later, LEDGER]))

    assert assignments.get_column("campaign").n_unique() == 4
    Assignments.validate(assignments, lazy=True)


def test_nobody_intended_gives_an_empty_frame() -> None:
    nobody = ledger_assignments(LEDGER.filter(pl.col("intended_arm") == "none"))

    assert nobody.is_empty()
    assert nobody.schema == ledger_assignments(LEDGER).schema


def test_an_empty_ledger_is_refused() -> None:
    with pytest.raises(ValueError, match="decision_ledger: no rows to take assignments from"):
        ledger_assignments(LEDGER.clear())
