"""The firewall against leaks: ancestry, the hidden future, features that are too good, each with a planted violation.

Whether hiding the future finds leaks is shown by the zoo (tests/properties); here that what it finds stops a run.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from typing import Any

import polars as pl
import pytest

from churn_assets.defs.features import firewall
from churn_assets.defs.features.firewall import (
    features_are_the_same_without_the_future,
    features_descend_from_the_past,
)
from churn_assets.defs.training.checks import no_feature_is_too_good
from churn_assets.warehouse.ancestry import forbidden_columns, forbidden_models
from churn_assets.workplace import Workplace

DAYS = [date(2024, 6, 3), date(2024, 6, 10), date(2024, 6, 17)]
Run = Callable[..., Any]
MODELS = {
    "features.user_features": ["marts.fct_orders", "features.feat_orders"],
    "features.feat_orders": ["marts.fct_orders"],
    "features.churn_labels": ["marts.fct_orders"],
}
COLUMNS = {
    "features.user_features": {
        "recency_days": [["marts", "fct_orders", "ordered_at"]],
        "rate": [["marts", "rates", "r"]],
    },
    "marts.rates": {"r": [["marts", "fct_orders", "amount"]]},
}


def test_the_features_of_the_project_descend_from_the_past(run_check: Run) -> None:
    told = run_check(features_descend_from_the_past, DAYS[0])
    assert told.failed == [], told.figures("features/user_features")
    assert told.is_followed
    assert told.figures("features/user_features")["models above"] > 10


@pytest.mark.parametrize(
    ("model", "above", "forbidden"),
    [
        ("features.feat_orders", "features.churn_labels", "features.churn_labels"),
        ("features.user_features", "features.churn_labels", "features.churn_labels"),
        ("features.feat_orders", "scoring.scored_users", "scoring.scored_users"),
        ("features.user_features", "interventions.call_list", "interventions.call_list"),
    ],
)
def test_a_model_that_reads_what_comes_later_is_forbidden(model: str, above: str, forbidden: str) -> None:
    assert forbidden_models(MODELS) == set()
    assert forbidden_models({**MODELS, model: [*MODELS[model], above]}) == {forbidden}


@pytest.mark.parametrize(
    "origin",
    [
        ["features", "churn_labels", "is_churned"],
        ["marts", "dim_snapshots", "matures_at"],
        ["scoring", "scored_users", "p"],
    ],
)
def test_a_column_of_the_label_window_is_forbidden_however_far_above(origin: list[str]) -> None:
    assert list(forbidden_columns(COLUMNS)) == []
    planted = {**COLUMNS, "marts.rates": {"r": [origin]}}
    assert list(forbidden_columns(planted)) == [f"rate from {'.'.join(origin)}"]


@pytest.mark.parametrize(
    ("days", "built", "looked_at"),
    [
        (DAYS, DAYS, [DAYS[0], DAYS[-1]]),
        (DAYS[2:], DAYS, [DAYS[0], DAYS[2]]),
        (DAYS[:1], DAYS[:1], DAYS[:1]),
    ],
)
def test_what_the_future_changes_stops_what_follows(
    days: list[date], built: list[date], looked_at: list[date], monkeypatch: pytest.MonkeyPatch, run_check: Run
) -> None:
    monkeypatch.setattr(firewall, "built_snapshots", lambda _: built)
    monkeypatch.setattr(firewall, "foreseen", lambda _workplace, asked, _users: {day: {} for day in asked})
    told = run_check(features_are_the_same_without_the_future, *days)
    assert (told.failed, told.is_followed) == ([], True)
    monkeypatch.setattr(
        firewall, "foreseen", lambda _workplace, asked, _users: {day: {"user_features.orders_28d": 7} for day in asked}
    )
    told = run_check(features_are_the_same_without_the_future, *days)
    assert (told.failed, told.is_followed) == (["features/user_features"], False)
    figures = told.figures("features/user_features")
    assert figures["snapshot date"] == str(looked_at[0])
    assert figures["for example"] == "user_features.orders_28d (7)"
    assert figures.get("snapshots", 1) == len(looked_at)


@pytest.mark.parametrize("is_leaking", [False, True])
def test_a_feature_that_is_too_good_stops_training(is_leaking: bool, workplace: Workplace, run_check: Run) -> None:
    churned = [number % 3 == 0 for number in range(300)]
    frame = pl.DataFrame(
        {
            "user_id": [str(number) for number in range(300)],
            "snapshot_date": DAYS[0],
            "matures_at": datetime(2024, 6, 10),
            "is_churned": churned,
            "recency_days": [float(number % 7) for number in range(300)],
            "closed_days": [1.0 if left and is_leaking else None for left in churned],
        }
    )
    workplace.tables.publish("training", "training_set", DAYS[2], frame)
    told = run_check(no_feature_is_too_good, DAYS[2])
    assert (told.failed == [], told.is_followed) == (not is_leaking, not is_leaking)
    figures = told.figures("training/training_set")
    if is_leaking:
        assert figures["too good"] == "closed_days (AUC 1.000)"
        assert "training.too_good_auc" in figures["what to do"]
