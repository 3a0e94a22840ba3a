from __future__ import annotations

from datetime import date, datetime

import polars as pl
import pytest

from churn_assets.effects.assignments import Assignments, contact_assignments, ledger_assignments, ledger_traits

MONDAY = date(2025, 6, 2)
LEDGER = pl.DataFrame(
    [
        ("u1", "coupon", "coupon", None, 0.9, "10"),
        ("u2", "none", "coupon", "holdout", 0.1, "10"),
        ("u3", "none", "call", "exploration", 0.1, None),
        ("u4", "none", "none", "budget", 1.0, None),
        ("u5", "none", "none", "small_stake", 1.0, None),
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
    is_exploration=pl.col("binding_constraint").eq_missing(pl.lit("exploration")),
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


def contacts(*rows: tuple[str, str, str | None, float | None, bool | None, int]) -> pl.DataFrame:
    """Contacts of campaign c1: id, user, arm, propensity, by chance, day of June."""
    columns = {
        "contact_id": pl.String, "user_id": pl.String, "arm": pl.String, "propensity": pl.Float64,
        "is_randomised": pl.Boolean, "day": pl.Int64,
    }  # fmt: skip
    frame = pl.DataFrame(rows, schema=columns, orient="row")
    return frame.select(
        "user_id", "contact_id", "arm", "propensity", "is_randomised",
        campaign=pl.lit("c1"), sent_at=pl.datetime(2025, 6, pl.col("day"), time_unit="us"),
    )  # fmt: skip


def test_the_first_contact_says_what_chance_chose() -> None:
    """Also where both came at the same moment: arm and propensity are those of one row, whatever the order of rows."""
    rows = contacts(
        ("k1", "anna", "mail", 0.3, True, 2), ("k2", "anna", "control", 0.7, True, 9),
        ("k4", "bert", "control", 0.7, True, 2), ("k3", "bert", "mail", 0.3, True, 2),
        ("k5", "cleo", "mail", 0.3, True, 2), ("k6", "cleo", "mail", 0.3, True, 3),
    )  # fmt: skip

    for frame in (rows, rows.reverse()):
        assignments, remarks = contact_assignments(frame)
        Assignments.validate(assignments, lazy=True)
        assert assignments.select("user_id", "arm", "propensity").rows() == [
            ("anna", "mail", 0.3), ("bert", "mail", 0.3), ("cleo", "mail", 0.3),
        ]  # fmt: skip
        assert remarks == {"c1": ["2 users had more than one arm: the first counts"]}


def test_who_was_not_assigned_by_chance_or_to_no_arm_is_left_out_and_counted() -> None:
    assignments, remarks = contact_assignments(
        contacts(
            ("k1", "anna", "mail", 0.3, True, 2),
            ("k2", "bert", "mail", 0.3, False, 2),
            ("k3", "cleo", "mail", 0.3, None, 2),
            ("k4", "dora", None, 0.3, True, 2),
            ("k5", "emil", "mail", None, True, 2),
        )
    )

    assert assignments["user_id"].to_list() == ["anna", "emil"], "an unknown propensity is the readout's business"
    assert remarks == {"c1": ["1 users left out: no arm stated", "2 users left out: not assigned by chance"]}


def test_no_contacts_give_no_assignments() -> None:
    assignments, remarks = contact_assignments(contacts())

    assert (assignments.height, remarks) == (0, {})
    assert assignments.schema == ledger_assignments(LEDGER).schema


def test_a_decision_keeps_its_traits_where_its_scores_are_withheld() -> None:
    ledger = pl.DataFrame(
        {
            "user_id": ["u1", "u2"],
            "snapshot_date": date(2026, 11, 2),
            "policy_version": "value-00000000",
            "arm": "none",
            "is_exploration": False,
            "intended_arm": ["coupon", "none"],
            "intended_level": ["10", None],
            "reason": ["price", None],
            "churn_probability": [0.5, 0.5],
            "value_at_risk_amount": [10.0, 10.0],
        }
    )
    scored = pl.DataFrame({"user_id": ["u1"], "snapshot_date": date(2026, 11, 2), "risk_tier": ["urgent"]})
    for scores, tier in (([], None), ([scored], "urgent")):
        traits = ledger_traits([ledger], scores).row(0, named=True)
        assert (traits["campaign"], traits["risk_tier"]) == ("value-00000000@2026-11-02/coupon_10", tier)
        assert traits["reason"] == "price"
    assert ledger_traits([], []).is_empty()
