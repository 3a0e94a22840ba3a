from __future__ import annotations

from datetime import date, datetime

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from churn_assets.contracts.experiment_readout import ExperimentReadout
from churn_assets.effects.readout import empty_readout, readout
from tests.public_data import benchmark_file
from tests.unit.effects.experiments import ASSIGNED, SNAPSHOT, experiment, read


def test_each_arm_is_compared_with_control_on_both_metrics() -> None:
    rows = read(
        *experiment(
            control=[(0, 0.0), (0, 0.0), (1, 10.0), (0, 0.0)],
            coupon=[(1, 10.0), (2, 30.0), (0, 0.0), (1, 20.0)],
            email=[(0, 0.0), (0, 0.0), (1, 40.0), (1, 4.0)],
        )
    )

    assert list(rows) == [
        ("coupon", "retained"),
        ("coupon", "spent_amount"),
        ("email", "retained"),
        ("email", "spent_amount"),
    ]
    coupon = rows["coupon", "retained"]
    assert (coupon["users"], coupon["control_users"], coupon["control_arm"]) == (4, 4, "control")
    assert (coupon["mean"], coupon["control_mean"], coupon["effect"]) == (0.75, 0.25, 0.5)
    # Welch by hand: variances 1/4 and 1/4, standard error 0.353553, t = 1.414214, 6 degrees of freedom
    assert coupon["p_value"] == pytest.approx(0.207031, abs=1e-6)
    assert coupon["effect_low"] == pytest.approx(-0.365114, abs=1e-6)
    assert coupon["effect_high"] == pytest.approx(1.365114, abs=1e-6)
    assert rows["email", "spent_amount"]["effect"] == pytest.approx(8.5)
    assert {row["note"] for row in rows.values()} == {None}


def test_a_campaign_matures_when_the_window_of_its_last_user_has_closed() -> None:
    assignments, outcomes = experiment(control=[(0, 0.0)] * 3, coupon=[(1, 1.0)] * 3)
    last = assignments.with_columns(
        assigned_at=pl.when(pl.col("user_id") == "coupon2").then(datetime(2025, 6, 3)).otherwise("assigned_at")
    )

    assert read(assignments, outcomes)["coupon", "retained"]["is_matured"]
    late = read(last, outcomes)["coupon", "retained"]
    assert (late["is_matured"], late["effect"], late["mean"]) == (False, None, None)
    assert late["note"] == "not matured before 2025-07-01 00:00"
    assert (late["users"], late["control_users"], late["is_sample_ratio_ok"]) == (3, 3, True)
    assert read(last, outcomes, snapshot=date(2025, 7, 1))["coupon", "retained"]["is_matured"]


def test_a_campaign_that_is_not_matured_needs_no_outcomes() -> None:
    assignments, outcomes = experiment(control=[(0, 0.0)] * 3, coupon=[(1, 1.0)] * 3)

    assert not read(assignments, outcomes.clear(), window_days=29)["coupon", "retained"]["is_matured"]


@pytest.mark.parametrize(
    ("arms", "effect", "note"),
    [
        (
            {"control": [(0, 0.0)] * 5, "coupon": [(1, 9.0)]},
            1.0,
            "no interval: 1 treated and 5 control users, 2 of each needed",
        ),
        ({"coupon": [(1, 9.0)] * 5}, None, "no interval: 5 treated and 0 control users, 2 of each needed"),
        (
            {"none": [(0, 0.0)] * 5, "coupon": [(1, 9.0)] * 4},
            1.0,
            "no interval: all users of each arm have the same outcome",
        ),
    ],
)
def test_an_effect_without_interval_says_why(
    arms: dict[str, list[tuple[int, float]]], effect: float | None, note: str
) -> None:
    row = read(*experiment(**arms))["coupon", "retained"]

    assert (row["effect"], row["effect_low"], row["effect_high"], row["p_value"]) == (effect, None, None, None)
    assert row["note"] == note


def test_one_constant_arm_still_has_an_interval() -> None:
    row = read(*experiment(control=[(0, 0.0), (1, 5.0), (0, 0.0)], coupon=[(1, 9.0)] * 3))["coupon", "retained"]

    # by hand: variances 0 and 1/3, standard error 1/3, t = 2, 2 degrees of freedom (4.302653 at 97.5 %)
    assert row["p_value"] == pytest.approx(0.183503, abs=1e-6)
    assert row["effect_low"] == pytest.approx(2 / 3 - 4.302653 / 3, abs=1e-6)


def test_a_sample_ratio_that_cannot_be_chance_is_flagged() -> None:
    assignments, outcomes = experiment(control=[(0, 0.0), (1, 1.0)] * 50, coupon=[(0, 0.0), (1, 1.0)] * 80)
    stated = assignments.with_columns(
        propensity=pl.when(pl.col("arm") == "coupon").then(160 / 260).otherwise(100 / 260),
    )

    off = read(assignments, outcomes)["coupon", "retained"]
    right = read(stated, outcomes)["coupon", "retained"]
    assert off["sample_ratio_p_value"] == pytest.approx(0.000198, abs=1e-6)  # chi-square 13.846, 1 degree of freedom
    assert (off["is_sample_ratio_ok"], right["is_sample_ratio_ok"]) == (False, True)
    assert (off["effect"], off["mean"], off["users"]) == (None, None, 160)
    assert off["note"].startswith("no figure: ")
    assert right["effect"] is not None
    assert right["sample_ratio_p_value"] == pytest.approx(1.0)


def test_users_without_treatment_count_where_they_were_assigned() -> None:
    """Intention to treat: nothing but the assigned arm enters, so an undelivered message changes nothing."""
    assignments, outcomes = experiment(none=[(0, 0.0)] * 4, coupon=[(1, 8.0), (0, 0.0), (0, 0.0), (0, 0.0)])

    assert read(assignments, outcomes)["coupon", "spent_amount"]["mean"] == 2.0


def test_order_of_rows_does_not_matter() -> None:
    assignments, outcomes = experiment(
        control=[(n % 2, n * 0.1) for n in range(50)], coupon=[(n % 3, n * 0.7) for n in range(60)]
    )

    assert_frame_equal(
        readout(assignments.reverse(), outcomes.sort("spent_amount"), window_days=28, snapshot=SNAPSHOT),
        readout(assignments, outcomes, window_days=28, snapshot=SNAPSHOT),
    )


def test_a_campaign_without_treated_users_has_no_row() -> None:
    assert read(*experiment(none=[(0, 0.0)] * 3)) == {}


def test_the_empty_readout_keeps_the_contract() -> None:
    ExperimentReadout.validate(empty_readout(), lazy=True)
    full = readout(*experiment(none=[(0, 0.0)], coupon=[(1, 1.0)]), window_days=28, snapshot=SNAPSHOT)
    assert empty_readout().schema == full.schema


def test_no_assignments_are_refused() -> None:
    assignments, outcomes = experiment(control=[(0, 0.0)], coupon=[(0, 0.0)])

    with pytest.raises(ValueError, match=r"assignments: no rows at snapshot_date 2025-06-30"):
        read(assignments.clear(), outcomes)


def test_assignments_of_the_future_are_refused() -> None:
    with pytest.raises(ValueError, match=r"assignments: 2 rows with assigned_at after the snapshot 2025-06-01"):
        read(*experiment(control=[(0, 0.0)], coupon=[(0, 0.0)]), snapshot=date(2025, 6, 1))


def test_an_assignment_made_at_the_snapshot_is_read_as_not_matured() -> None:
    rows = read(*experiment(control=[(0, 0.0)], coupon=[(0, 0.0)]), snapshot=ASSIGNED.date())

    assert rows["coupon", "retained"]["note"] == "not matured before 2025-06-30 00:00"


def test_a_matured_user_without_outcome_is_refused() -> None:
    assignments, outcomes = experiment(control=[(0, 0.0)] * 3, coupon=[(0, 0.0)] * 3)

    with pytest.raises(ValueError, match=r"outcomes: 1 users of campaign c1 have no row"):
        read(assignments, outcomes.head(5))


def test_hillstrom_visits_are_read_as_published() -> None:
    """The public e-mail experiment: women's +.0452, men's +.0766 visits, sample ratio p = 0.90."""
    file = benchmark_file("hillstrom.csv")
    users = pl.read_csv(file, schema_overrides={"spend": pl.Float64}, infer_schema_length=None).with_row_index(
        "user_id"
    )
    users = users.with_columns(pl.col("user_id").cast(pl.String), campaign=pl.lit("hillstrom"))
    names = {"No E-Mail": "control", "Womens E-Mail": "womens", "Mens E-Mail": "mens"}
    assignments = users.select(
        "campaign",
        "user_id",
        arm=pl.col("segment").replace_strict(names),
        propensity=pl.lit(1 / 3),
        assigned_at=pl.lit(ASSIGNED, pl.Datetime("us")),
    )
    outcomes = users.select("campaign", "user_id", spent_amount="spend", orders_count="visit")

    rows = read(assignments, outcomes, window_days=14)

    womens, mens = rows["womens", "retained"], rows["mens", "retained"]
    assert womens["effect"] == pytest.approx(0.0452, abs=5e-5)
    assert mens["effect"] == pytest.approx(0.0766, abs=5e-5)
    assert womens["sample_ratio_p_value"] == pytest.approx(0.90, abs=5e-3)
    assert rows["mens", "spent_amount"]["mean"] == pytest.approx(1.423, abs=5e-4)
    assert womens["effect_low"] > 0.03
