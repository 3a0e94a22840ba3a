"""Reasons are stable: a model whose reasons hang on the noise is told of, one with clear reasons is not."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from math import log
from typing import Any

import pytest

from churn_assets.contracts.feature import RFM_COLUMNS
from churn_assets.defs.scoring.checks import reasons_are_stable
from churn_assets.model.artifact import ChurnModel
from churn_assets.model.calibration import Calibrator
from churn_assets.model.rfm import LogisticRfm
from churn_assets.workplace import Workplace

DAY = date(2024, 6, 17)
Run = Callable[..., Any]

# 1,200 users of whom a third have lapsed. In logarithms a pause is as long as the time as a user is short, so the model
# cannot tell which of the two adds more, unless their coefficients do. For half of the users both are risky, for the
# others neither is, and the typical one lies between: noise leads nobody across. The marts say since when there are
# data.
FEATURES = """
create schema marts;
create table marts.fct_orders as
  select timestamp '2022-01-03' as ordered_at, ordered_at as known_at, null::timestamp as superseded_at,
    true as is_purchase;
create table marts.fct_events as select timestamp '2022-01-03' as occurred_at, occurred_at as known_at;
create schema features;
create table features.user_statuses as
  select 'u' || n as user_id, date '2024-06-17' as snapshot_date, if(n % 3 = 0, 'lapsed', 'eligible') as status
  from range(1200) as users (n);
create table features.user_features as
  select 'u' || n as user_id, date '2024-06-17' as snapshot_date,
    if(n % 2 = 0, 50 + n / 80.0, 150 + n / 8.0) as recency_days, 1 as orders_count, 20.0 as spent_amount,
    20000 / (1 + recency_days) - 1 as tenure_days, 1 as purchase_days_count, ceil(recency_days) as first_purchase_days
  from range(1200) as users (n);
"""


@pytest.fixture
def told_of(workplace: Workplace, execute: Run, run_check: Run) -> Run:
    """What the check tells of a model with these coefficients of recency and tenure."""

    def of(recency: float, tenure: float) -> Any:
        execute(FEATURES)
        fitted = LogisticRfm(RFM_COLUMNS, (0.0, 0.0, 0.0, log(20_000)), (1.0,) * 4, (recency, 0.0, 0.0, tenure), 0.0)
        model = ChurnModel(fitted, Calibrator(), (DAY,), 0, 28)
        workplace.tables.publish_bytes("training", "champion_model", DAY, model.to_bytes())
        return run_check(reasons_are_stable, DAY)

    return of


def test_clear_reasons_pass(told_of: Run) -> None:
    told = told_of(2.0, -1.0)
    assert told.failed == []
    figures = told.figures("scoring/user_reasons")
    assert (figures["users"], figures["same reason (%)"], figures["rank agreement"]) == (800, 100, 1)
    assert (figures["min stable reasons (%)"], figures["noise (%)"]) == (80, 1)


def test_reasons_that_hang_on_the_noise_are_a_warning(told_of: Run) -> None:
    told = told_of(1.0, -1.0)
    assert told.failed == ["scoring/user_reasons"]
    assert told.is_followed
    assert told.figures("scoring/user_reasons")["same reason (%)"] == pytest.approx(100 * (1 - 0.5 / 2), abs=4)
