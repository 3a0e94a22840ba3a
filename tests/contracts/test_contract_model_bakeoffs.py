from __future__ import annotations

from datetime import date

import polars as pl
import pytest
from pandera.errors import SchemaErrors

from churn_assets.contracts.model_bakeoffs import ALWAYS_TESTED, SEGMENT_NAMES, ModelBakeoffs
from churn_assets.model.inputs import Inputs
from churn_assets.model.rivals import BLEND, rivals
from churn_assets.model.segments import SEGMENTS
from churn_assets.settings import Training

GOOD = pl.DataFrame(
    [
        {
            "snapshot_date": date(2026, 2, 2), "model": model, "slice_date": date(2026, 1, 5), "segment": "all",
            "rows": 900, "churners": 90, "training_rows": 5_000, "auc": 0.8, "auc_low": 0.78, "auc_high": 0.82,
            "average_precision": 0.4, "average_precision_low": 0.35, "average_precision_high": 0.45,
            "log_loss": 0.3, "brier": 0.08, "ece": 0.02, "lift_5": 4.0, "lift_10": 3.0, "lift_20": 2.0,
            "threshold": 0.2, "flagged_share": 0.3, "precision": 0.5, "recall": 0.6, "f1": 0.54, "accuracy": 0.8,
            "threshold_profit_amount": -0.5, "profit_amount": 2.0, "profit_share": 0.4,
            "lead_catboost": lead, "lead_catboost_low": 2 * lead, "lead_catboost_high": 0.0,
            "lead_logistic_rfm": 0.01 if model != "logistic_rfm" else 0.0, "lead_logistic_rfm_low": 0.0,
            "lead_logistic_rfm_high": 0.02 if model != "logistic_rfm" else 0.0,
            "fit_seconds": 1.0, "predict_seconds": 0.0,
        }
        for model, lead in (("catboost", 0.0), ("logistic_rfm", -0.02), ("linear_svm", -0.01))
    ]
)  # fmt: skip
SVM = 2
SHARES = (
    "auc", "auc_low", "auc_high", "average_precision", "average_precision_low", "average_precision_high", "brier",
    "ece", "threshold", "flagged_share", "precision", "recall", "f1", "accuracy", "profit_share",
)  # fmt: skip
FINITE = ("log_loss", "lift_5", "lift_10", "lift_20", "profit_amount", "fit_seconds", "predict_seconds")
LEADS = [name for name in GOOD.columns if name.startswith("lead_")]
BAD = [
    *((name, 1.01, "in_range(0, 1)") for name in SHARES),
    *((name, float("inf"), "in_range(0, inf)") for name in FINITE),
    *((name, -1.01, "in_range(-1, 1)") for name in LEADS),
    ("threshold_profit_amount", float("inf"), "less_than(inf)"),
    ("threshold_profit_amount", -float("inf"), "greater_than(-inf)"),
    ("model", "oracle", "isin"),
    ("segment", "rich", "isin"),
    ("model", "catboost", "multiple_fields_uniqueness"),
    ("rows", 0, "greater_than_or_equal_to(1)"),
    ("churners", 0, "greater_than_or_equal_to(1)"),
    ("training_rows", 0, "greater_than_or_equal_to(1)"),
    ("churners", 900, "both_outcomes_occurred"),
    ("rows", 901, "all_models_met_the_same_users"),
    ("training_rows", 4_999, "all_models_met_the_same_users"),
    ("slice_date", date(2026, 2, 2), "slice_before_the_snapshot"),
    ("auc_low", 0.83, "intervals_are_ordered"),
    ("lead_catboost_low", 0.1, "intervals_are_ordered"),
    ("precision", None, "precision_is_unknown_where_nobody_is_flagged"),
    ("flagged_share", 0.0, "precision_is_unknown_where_nobody_is_flagged"),
]


def with_value(row: int, column: str, value: object) -> pl.DataFrame:
    values = GOOD[column].to_list()
    values[row] = value
    return GOOD.with_columns(pl.Series(column, values, dtype=GOOD.schema[column]))


def broken(frame: pl.DataFrame) -> list[str]:
    try:
        ModelBakeoffs.validate(frame, lazy=True)
    except SchemaErrors as error:
        return error.failure_cases["check"].to_list()
    return []


def test_good_rows_pass() -> None:
    assert broken(GOOD) == []
    assert broken(GOOD.clear()) == []


@pytest.mark.parametrize(("column", "value", "rule"), BAD)
def test_a_bad_value_is_refused_by_its_rule(column: str, value: object, rule: str) -> None:
    found = broken(with_value(SVM, column, value))
    assert any(check.startswith(rule) for check in found)


@pytest.mark.parametrize("column", ["lead_catboost", "lead_catboost_high"])
def test_nobody_leads_themselves(column: str) -> None:
    assert "nobody_leads_themselves" in broken(with_value(0, column, 0.001))


def test_order_and_names_of_columns_are_fixed() -> None:
    assert any(check.startswith("column_ordered") for check in broken(GOOD.select(reversed(GOOD.columns))))
    assert "column_in_schema" in broken(GOOD.with_columns(note=pl.lit("x")))


def test_every_rule_of_the_table_has_a_bad_row() -> None:
    rules = {check.name for check in ModelBakeoffs.to_schema().checks}
    assert rules <= {*(rule for _, _, rule in BAD), "nobody_leads_themselves"}


def test_models_and_segments_are_those_that_are_baked() -> None:
    rows = pl.DataFrame({"expected_purchases": [1.0]})
    assert (*rivals(Inputs([], {}, Training()), rows), BLEND) == ALWAYS_TESTED
    assert ("all", *SEGMENTS) == SEGMENT_NAMES
