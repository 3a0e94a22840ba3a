"""The contracts of arm_effects, program_effects and experiment_power: each rule refuses the row that breaks it."""

from __future__ import annotations

from datetime import date
from typing import Any

import pandera.polars as pa
import polars as pl
import pytest
from pandera.errors import SchemaErrors

from churn_assets.contracts.arm_effects import ArmEffects
from churn_assets.contracts.experiment_power import ExperimentPower
from churn_assets.contracts.program_effects import ProgramEffects

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
NO_INTERVAL = dict.fromkeys(("effect_low", "effect_high", "p_value"))
GOOD = [(ArmEffects, ARM), (ProgramEffects, PROGRAM), (ExperimentPower, POWER)]


def frame(contract: type[pa.DataFrameModel], rows: list[dict[str, Any]]) -> pl.DataFrame:
    schema = {name: column.dtype.type for name, column in contract.to_schema().columns.items()}
    return pl.DataFrame(rows, schema=schema)


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
