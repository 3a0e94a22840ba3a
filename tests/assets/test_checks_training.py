"""Labels had matured, and the model beats the baseline: sound and unsound training sets and comparisons."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Any

import polars as pl
import pytest

from churn_assets.defs.training.checks import beats_the_baseline, labels_had_matured
from churn_assets.model.comparison import COMPARISON_SCHEMA
from churn_assets.workplace import Workplace

DAY = date(2024, 6, 17)
Run = Callable[..., Any]


def _training_set(matures_at: datetime) -> pl.DataFrame:
    early = date(2024, 5, 6)
    return pl.DataFrame(
        {
            "user_id": ["a", "b"],
            "snapshot_date": [early, matures_at.date() - timedelta(days=28)],
            "matures_at": [datetime(2024, 6, 3), matures_at],
            "is_churned": [True, False],
        }
    )


@pytest.mark.parametrize(
    ("matures_at", "is_sound"), [(datetime(2024, 6, 17), True), (datetime(2024, 6, 18), False)]
)  # fmt: skip
def test_labels_of_the_future_stop_training(
    matures_at: datetime, is_sound: bool, workplace: Workplace, run_check: Run
) -> None:
    workplace.tables.publish("training", "training_set", DAY, _training_set(matures_at))
    told = run_check(labels_had_matured, DAY)
    assert (told.failed == [], told.is_followed) == (is_sound, is_sound)
    assert told.figures("training/training_set")["rows too early"] == int(not is_sound)


def test_a_label_closed_before_its_window_is_over_is_found(workplace: Workplace, run_check: Run) -> None:
    """matures_at says that it is over, the row's own snapshot that it cannot be."""
    wrong = pl.col("snapshot_date") + pl.duration(days=7)
    workplace.tables.publish("training", "training_set", DAY, _training_set(datetime(2024, 6, 17)).with_columns(
        snapshot_date=wrong))  # fmt: skip
    assert run_check(labels_had_matured, DAY).failed == ["training/training_set"]


def _comparison(shipped: str, **auc: float) -> pl.DataFrame:
    rows = [
        dict.fromkeys(COMPARISON_SCHEMA, 0.5)
        | {"snapshot_date": DAY, "slice_date": DAY, "rows": 9, "churners": 3}
        | {"model": model, "is_shipped": model == shipped}
        | {"auc": value, "auc_low": value - 0.03}
        for model, value in auc.items()
    ]  # fmt: skip
    return pl.DataFrame(rows, schema=COMPARISON_SCHEMA)


@pytest.mark.parametrize(
    ("comparison", "passes", "is_beyond_doubt"),
    [
        (_comparison("catboost", catboost=0.85, logistic_rfm=0.80), True, True),
        (_comparison("catboost", catboost=0.82, logistic_rfm=0.80), True, False),
        (_comparison("catboost", catboost=0.79, logistic_rfm=0.80), False, False),
        (_comparison("blend", blend=0.85, catboost=0.79, logistic_rfm=0.80), True, True),
        (_comparison("logistic_rfm", catboost=0.85, logistic_rfm=0.80), False, False),
        (_comparison("logistic_rfm", logistic_rfm=0.80, recency=0.7), False, None),
        (_comparison(""), False, None),
    ],
)
def test_a_model_that_earns_its_place(
    comparison: pl.DataFrame, passes: bool, is_beyond_doubt: bool | None, workplace: Workplace, run_check: Run
) -> None:
    workplace.tables.publish("training", "model_comparison", DAY, comparison)
    told = run_check(beats_the_baseline, DAY)
    assert told.is_followed
    assert (told.failed == []) is passes
    figures = told.figures("training/model_comparison")
    assert figures.get("is beyond doubt") is is_beyond_doubt
    assert ("reason" in figures) is (is_beyond_doubt is None)
