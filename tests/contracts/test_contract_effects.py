"""Contracts of effects over many weeks and of the random side: each rule refuses the row that breaks it."""

from __future__ import annotations

from datetime import date
from typing import Any

import pandera.polars as pa
import polars as pl
import pytest
from pandera.errors import SchemaErrors

from churn_assets.contracts.arm_effects import ArmEffects
from churn_assets.contracts.experiment_power import ExperimentPower
from churn_assets.contracts.group_effects import GroupEffects
from churn_assets.contracts.policy_readout import PolicyReadout
from churn_assets.contracts.policy_sides import PolicySides
from churn_assets.contracts.policy_value import PolicyValue
from churn_assets.contracts.program_effects import ProgramEffects
from churn_assets.contracts.random_options import RandomOptions
from churn_assets.contracts.sampled_options import SampledOptions
from churn_assets.contracts.slot_effects import SlotEffects
from churn_assets.contracts.stopped_arms import StoppedArms
from churn_assets.contracts.uplift_curves import UpliftCurves

DAY = date(2026, 11, 16)
ARM: dict[str, Any] = {
    "treatment": "coupon_10", "dimension": "all", "segment": "all", "metric": "retained", "window_days": 28,
    "campaigns": 9, "weeks": 9, "users": 900, "control_users": 400, "mean": 0.37, "control_mean": 0.35, "effect": 0.022,
    "effect_error": 0.005, "effect_low": 0.012, "effect_high": 0.032, "p_value": 0.001, "adjusted_p_value": 0.004,
    "variance_saved_share": 0.1, "verdict": "better", "snapshot_date": DAY, "note": None,
}  # fmt: skip
PROGRAM: dict[str, Any] = {
    "metric": "retained", "since_date": date(2026, 6, 1), "weeks": 20, "users": 900, "holdout_users": 100, "mean": 0.37,
    "holdout_mean": 0.35, "effect": 0.022, "effect_low": 0.012, "effect_high": 0.032, "p_value": 0.001,
    "always_valid_low": 0.002, "always_valid_high": 0.042, "total": 19.8, "total_low": 10.8, "total_high": 28.8,
    "variance_saved_share": 0.1, "snapshot_date": DAY, "note": None,
}  # fmt: skip
POWER: dict[str, Any] = {
    "treatment": "holdout", "metric": "retained", "weeks": 4, "users": 900, "control_users": 100, "spread": 0.48,
    "smallest_effect": 0.14, "snapshot_date": DAY, "note": None,
}  # fmt: skip
STOPPED: dict[str, Any] = {
    "treatment": "coupon_10", "margin_effect_amount": -0.8, "margin_low_amount": -1.1, "margin_high_amount": -0.5,
    "users": 900, "users_open": 12, "is_stopped": True, "snapshot_date": DAY,
}  # fmt: skip
VALUE: dict[str, Any] = {
    "policy": "value", "metric": "retained", "snapshots": 8, "users": 900, "effective_users": 400.0,
    "weighted_value": 0.41, "normalised_value": 0.4, "value": 0.4, "value_low": 0.35, "value_high": 0.45,
    "effect": 0.02, "effect_low": -0.01, "effect_high": 0.05,
    "beyond_used": 0.01, "beyond_used_low": -0.02, "beyond_used_high": 0.04,
    "verdict": "not proven", "snapshot_date": DAY, "note": None,
}  # fmt: skip
DRAWN: dict[str, Any] = {
    "user_id": "u1", "snapshot_date": DAY, "policy_version": "rules-01234567", "treatments": ["coupon_10", "reminder"],
    "treatment": "reminder", "propensity": 1 / 3, "learned": "none", "rules": "coupon_10", "value": "coupon_10",
}  # fmt: skip
SIDE: dict[str, Any] = {
    "user_id": "u1", "snapshot_date": DAY, "policy_version": "learned-01234567", "policy": "coupon_10", "usual": "none",
    "side": "usual", "propensity": 0.09,
}  # fmt: skip
READOUT: dict[str, Any] = {
    "against": "usual", "metric": "margin_amount", "window_days": 28, "weeks": 9, "users": 900, "against_users": 100,
    "mean": 5.2, "against_mean": 4.9, "effect": 0.25, "effect_low": 0.1, "effect_high": 0.4, "p_value": 0.01,
    "always_valid_low": 0.02, "always_valid_high": 0.48, "verdict": "better", "snapshot_date": DAY, "note": None,
}  # fmt: skip
GROUP = ARM | {"treatment": "any", "dimension": "channel", "segment": "email"}
TIME = GROUP | {"dimension": "part", "segment": "evening", "metric": "opened"}
CURVE: dict[str, Any] = {
    "treatment": "coupon_10", "metric": "retained", "tenth": 10, "learner": "line", "users": 90,
    "predicted_effect": 0.04, "effect": 0.05, "effect_low": 0.01, "effect_high": 0.09,
    "gain": 0.005, "gain_low": 0.001, "gain_high": 0.009, "cost": 0.2, "qini": 0.01, "qini_low": 0.0, "qini_high": 0.02,
    "aucc": 0.6, "aucc_low": 0.5, "aucc_high": 0.7, "calibration_slope": 0.9, "calibration_slope_low": 0.4,
    "calibration_slope_high": 1.4, "snapshot_date": DAY,
}  # fmt: skip
SAMPLED: dict[str, Any] = {
    "user_id": "u1", "snapshot_date": DAY, "policy_version": "rules-01234567", "treatments": ["coupon_10", "none"],
    "chances": [0.7, 0.3], "treatment": "coupon_10", "propensity": 0.7,
}  # fmt: skip
NO_INTERVAL = dict.fromkeys(("effect_low", "effect_high", "p_value"))
GOOD = [
    (ArmEffects, ARM),
    (ProgramEffects, PROGRAM),
    (ExperimentPower, POWER),
    (PolicyValue, VALUE),
    (PolicyReadout, READOUT),
    (SlotEffects, TIME),
]


def frame(contract: type[pa.DataFrameModel], rows: list[dict[str, Any]]) -> pl.DataFrame:
    return contract.empty().clear().vstack(pl.DataFrame(rows, schema=contract.empty().schema))


@pytest.mark.parametrize(("contract", "row"), GOOD)
def test_a_good_row_is_taken_and_the_same_twice_is_not(contract: type[pa.DataFrameModel], row: dict[str, Any]) -> None:
    contract.validate(frame(contract, [row]), lazy=True)
    with pytest.raises(SchemaErrors, match="multiple_fields_uniqueness"):
        contract.validate(frame(contract, [row, row]), lazy=True)


@pytest.mark.parametrize(
    ("contract", "row", "changes", "rule"),
    [
        (ArmEffects, ARM, {"dimension": "city"}, "isin"),
        (ArmEffects, ARM, {"verdict": "great"}, "isin"),
        (ArmEffects, ARM, {"effect_error": 0.0}, "greater_than"),
        (ArmEffects, ARM, {"mean": float("nan")}, "finite_or_null"),
        (ArmEffects, ARM, {"effect": 0.05}, "interval_holds_the_effect"),
        (ArmEffects, ARM, {"p_value": None}, "interval_holds_the_effect"),
        (ArmEffects, ARM, {"adjusted_p_value": None}, "error_and_adjusted_p_value_with_the_interval"),
        (ArmEffects, ARM, {"verdict": "unknown"}, "unknown_exactly_without_an_interval"),
        (
            ArmEffects,
            ARM,
            NO_INTERVAL | {"effect_error": None, "adjusted_p_value": None, "verdict": "unknown"},
            "note_whenever_there_is_no_interval",
        ),
        (ProgramEffects, PROGRAM, {"effect": 0.05}, "interval_holds_the_effect"),
        (PolicyValue, VALUE, {"verdict": "great"}, "isin"),
        (PolicyValue, VALUE, {"value": float("nan")}, "finite_or_null"),
        (PolicyValue, VALUE, {"value": 0.5}, "intervals_hold_their_figure"),
        (PolicyValue, VALUE, {"verdict": "too few users"}, "figures_exactly_with_enough_users"),
        (PolicyValue, VALUE, {"value": None}, "figures_exactly_with_enough_users"),
        (PolicyValue, VALUE, {"effect": None}, "note_whenever_an_interval_is_missing"),
        (StoppedArms, STOPPED, {"margin_high_amount": 0.0}, "less_than"),
        (StoppedArms, STOPPED, {"margin_effect_amount": -0.4}, "interval_holds_the_effect"),
        (StoppedArms, STOPPED, {"users_open": 901}, "open_to_some_of_the_users"),
        (RandomOptions, DRAWN, {"propensity": 0.5}, "drawn_with_equal_chances"),
        (RandomOptions, DRAWN, {"treatment": "call"}, "drawn_among_the_open"),
        (GroupEffects, GROUP, {"dimension": "all"}, "isin"),
        (SlotEffects, TIME, {"dimension": "channel"}, "isin"),
        (SlotEffects, TIME, {"treatment": "coupon_10"}, "equal_to"),
        (UpliftCurves, CURVE, {"tenth": 0}, "greater_than_or_equal_to"),
        (UpliftCurves, CURVE, {"qini_low": 0.03}, "intervals_are_in_order"),
        (UpliftCurves, CURVE, {"aucc_low": None}, "an_area_has_its_interval"),
        (UpliftCurves, CURVE, {"learner": "forest"}, "isin"),
        (SampledOptions, SAMPLED, {"chances": [0.7, 0.2]}, "chances_add_up"),
        (SampledOptions, SAMPLED, {"chances": [1.0, 0.0], "propensity": 1.0}, "chances_add_up"),
        (SampledOptions, SAMPLED, {"treatment": "none"}, "drawn_with_its_chance"),
        (SampledOptions, SAMPLED, {"treatments": ["none", "coupon_10"], "chances": [0.3, 0.7]}, "none_is_the_last"),
        (PolicySides, SIDE, {"policy": "none"}, "something_was_intended"),
        (PolicySides, SIDE, {"side": "control"}, "isin"),
        (PolicyReadout, READOUT, {"against": "rules"}, "isin"),
        (PolicyReadout, READOUT, {"always_valid_low": 0.2}, "always_valid_is_wider"),
        (PolicyReadout, READOUT, {"effect": 0.5}, "interval_holds_the_effect"),
        (PolicyReadout, READOUT, {"verdict": "unknown"}, "unknown_exactly_without_an_interval"),
        (ProgramEffects, PROGRAM, {"always_valid_low": 0.013}, "always_valid_is_wider"),
        (ProgramEffects, PROGRAM, {"total": float("inf")}, "finite_or_null"),
        (ProgramEffects, PROGRAM, NO_INTERVAL, "note_whenever_there_is_no_interval"),
        (ExperimentPower, POWER, {"metric": "clicked"}, "isin"),
        (ExperimentPower, POWER, {"smallest_effect": 0.0}, "greater_than"),
        (ExperimentPower, POWER, {"smallest_effect": None}, "note_whenever_nothing_can_be_shown"),
    ],
)
def test_a_broken_row_is_refused(
    contract: type[pa.DataFrameModel], row: dict[str, Any], changes: dict[str, Any], rule: str
) -> None:
    with pytest.raises(SchemaErrors) as raised:
        contract.validate(frame(contract, [row | changes]), lazy=True)
    assert any(rule in str(check) for check in raised.value.failure_cases["check"])


def test_a_side_of_a_snapshot_has_one_chance() -> None:
    rows = [SIDE, SIDE | {"user_id": "u2", "propensity": 0.1}]
    with pytest.raises(SchemaErrors, match="each_side_has_one_chance"):
        PolicySides.validate(frame(PolicySides, rows), lazy=True)
