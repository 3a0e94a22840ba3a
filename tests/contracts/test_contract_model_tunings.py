from __future__ import annotations

from datetime import date

import polars as pl
import pytest
from pandera.errors import SchemaErrors

from churn_assets.contracts.model_tunings import ModelTunings

GOOD = pl.DataFrame(
    [
        {
            "snapshot_date": date(2026, 2, 2), "study": "2026-02-02_0", "trial": trial, "state": state,
            "iterations": 300, "depth": 4, "learning_rate": 0.03, "l2_leaf_reg": 20.0, "log_loss": log_loss,
            "slices": 3, "slice_log_losses": '{"2026-01-05": 0.5}', "is_present": trial == 0, "is_best": trial == 1,
        }
        for trial, state, log_loss in ((0, "complete", 0.52), (1, "complete", 0.51), (2, "pruned", None))
    ]
)  # fmt: skip
BAD = [
    ("study", "", "str_length"),
    ("study", "other", "one_study_per_snapshot"),
    ("trial", -1, "greater_than_or_equal_to(0)"),
    ("trial", 0, "multiple_fields_uniqueness"),
    ("state", "running", "isin"),
    ("iterations", 0, "greater_than_or_equal_to(1)"),
    ("depth", 0, "greater_than_or_equal_to(1)"),
    ("learning_rate", 0.0, "greater_than(0)"),
    ("learning_rate", 1.1, "less_than_or_equal_to(1)"),
    ("l2_leaf_reg", -1.0, "in_range(0"),
    ("log_loss", float("inf"), "in_range(0"),
    ("log_loss", None, "only_trials_given_up_have_no_log_loss"),
    ("log_loss", 0.53, "the_best_has_the_lowest_log_loss"),
    ("slices", 0, "greater_than_or_equal_to(1)"),
    ("slice_log_losses", "[]", "str_startswith"),
    ("is_present", True, "the_first_trial_has_the_present_settings"),
    ("is_best", False, "one_trial_is_best"),
]


def broken(frame: pl.DataFrame) -> list[str]:
    try:
        ModelTunings.validate(frame, lazy=True)
    except SchemaErrors as error:
        return error.failure_cases["check"].to_list()
    return []


def test_good_rows_pass() -> None:
    assert broken(GOOD) == []


@pytest.mark.parametrize(("column", "value", "rule"), BAD)
def test_a_bad_value_is_refused_by_its_rule(column: str, value: object, rule: str) -> None:
    values = GOOD[column].to_list()
    values[1] = value
    found = broken(GOOD.with_columns(pl.Series(column, values, dtype=GOOD.schema[column])))
    assert any(check.startswith(rule) for check in found)


def test_every_rule_of_the_table_has_a_bad_row() -> None:
    assert {check.name for check in ModelTunings.to_schema().checks} <= {rule for _, _, rule in BAD}
