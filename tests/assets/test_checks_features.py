"""No feature looks ahead, and expectations hold: three snapshots of two users, and planted violations."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

import dagster as dg
import pytest

from churn_assets.defs.features.checks import expectations_hold as features_are_sane
from churn_assets.defs.features.checks import no_feature_looks_ahead
from churn_assets.workplace import Workplace

WEEKS = [date(2024, 6, 3), date(2024, 6, 10), date(2024, 6, 17)]
DAY = WEEKS[-1]
Run = Callable[..., Any]

FEATURES = """
create schema staging; create schema features; create schema marts;
create table staging.stg_orders (order_id varchar, user_id varchar, ordered_at timestamp, amount decimal(18, 4),
  is_purchase boolean, known_at timestamp);
insert into staging.stg_orders values
  ('o1', 'anna', '2024-05-20', 10, true, '2024-05-20 01:00'),
  ('o2', 'anna', '2024-06-16 12:00', 7, true, '2024-06-16 13:00'),
  ('o2', 'anna', '2024-06-16 12:00', 5, true, '2024-06-16 14:00'),
  ('o3', 'anna', '2024-06-10', 90, true, '2024-06-10 01:00'),
  ('o3', 'anna', '2024-06-10', 90, false, '2024-06-16 23:59:59'),
  ('o4', 'anna', '2024-06-16', 1000, true, '2024-06-17'),
  ('o5', 'anna', '2024-06-17', 1000, true, '2024-06-16');
create table staging.stg_events (user_id varchar, event_id varchar, session_id varchar, occurred_at timestamp,
  known_at timestamp);
insert into staging.stg_events values
  ('anna', 'e1', 's1', '2024-06-15 23:59', '2024-06-16'), ('anna', 'e2', 's1', '2024-06-16 00:10', '2024-06-16'),
  ('anna', 'e3', 's2', '2024-06-16 12:00', '2024-06-17'), ('anna', 'e4', 's3', '2024-04-01', '2024-04-01');
create table features.user_features (user_id varchar, snapshot_date date, recency_days double, orders_28d bigint,
  spent_amount_28d double, sessions_28d bigint);
insert into features.user_features values
  ('anna', '2024-06-03', 14, 1, 10, 0), ('anna', '2024-06-10', 21, 1, 10, 0), ('anna', '2024-06-17', 0.5, 2, 15, 1),
  ('bert', '2024-06-17', null, 0, 0, null);
create table marts.dim_snapshots as select date '2024-06-17' as snapshot_date;
"""


@pytest.fixture
def features(execute: Run) -> None:
    """Anna's features as they are at three snapshots, with every trap of time in her rows; Bert never bought."""
    execute(FEATURES)


@pytest.mark.usefixtures("features")
def test_features_made_again_are_the_same(run_check: Run) -> None:
    told = run_check(no_feature_looks_ahead, *WEEKS)
    assert told.failed == [], told.figures("features/user_features")
    assert told.is_followed
    figures = told.figures("features/user_features")
    assert (figures["snapshot date"], figures["snapshots"], figures["users compared"]) == ("2024-06-17", 3, 2)


@pytest.mark.usefixtures("features")
@pytest.mark.parametrize(
    ("planted", "feature"),
    [
        ("recency_days = 0", "recency_days"),
        ("recency_days = null", "recency_days"),
        ("orders_28d = 3", "orders"),
        ("spent_amount_28d = 1015", "spent_amount"),
        ("spent_amount_28d = 17", "spent_amount"),
        ("sessions_28d = 2", "sessions"),
    ],
)
def test_a_feature_that_saw_the_future_stops_what_follows(
    planted: str, feature: str, execute: Run, run_check: Run
) -> None:
    execute(f"update features.user_features set {planted} where snapshot_date = '2024-06-10'")
    execute(f"update features.user_features set {planted} where snapshot_date = '2024-06-17'")
    told = run_check(no_feature_looks_ahead, *WEEKS[1:])
    assert told.failed == ["features/user_features"]
    assert not told.is_followed
    figures = told.figures("features/user_features")
    assert (figures["snapshot date"], figures["snapshots failed"]) == ("2024-06-10", 2)
    assert figures[f"users with other ({feature})".replace("_", " ")] == 1
    assert figures["for example"] == "anna"


@pytest.mark.usefixtures("features")
def test_what_the_rows_leave_open_is_not_compared(execute: Run, run_check: Run) -> None:
    """Two contents of one order known at once, an event moved to another day, an event without a session."""
    execute(
        "insert into staging.stg_orders values ('o2', 'anna', '2024-06-16 11:00', 6, true, '2024-06-16 14:00')",
        "insert into staging.stg_events values ('bert', 'e9', null, '2024-06-16', '2024-06-16')",
        "insert into staging.stg_events values ('anna', 'e1', 's1', '2024-06-01', '2024-06-16 20:00')",
        "update features.user_features set recency_days = 3, sessions_28d = 7",
        "update features.user_features set recency_days = null where user_id = 'bert'",
    )
    told = run_check(no_feature_looks_ahead, DAY)
    assert told.failed == []
    assert told.figures("features/user_features")["users compared"] == 1


@pytest.mark.usefixtures("features")
def test_restated_features_look_ahead_on_purpose(execute: Run, workplace: Workplace, run_check: Run) -> None:
    workplace.home.settings_file.write_text("landing: {restated: true}")
    execute("update features.user_features set orders_28d = 3")
    assert run_check(no_feature_looks_ahead, DAY).failed == []


@pytest.mark.usefixtures("features")
def test_a_sample_that_proves_nothing_fails(execute: Run, run_check: Run) -> None:
    execute(
        "insert into staging.stg_orders values ('o2', 'anna', '2024-06-16 11:00', 6, true, '2024-06-16 14:00')",
        "delete from features.user_features where user_id = 'bert'",
    )
    assert run_check(no_feature_looks_ahead, DAY).failed == ["features/user_features"]


@pytest.mark.usefixtures("features")
def test_a_check_run_by_itself_is_about_the_newest_snapshot(run_check: Run) -> None:
    told = run_check(no_feature_looks_ahead)
    assert told.figures("features/user_features")["snapshot date"] == "2024-06-17"


# That of the scores reads their file: tests/pipeline/test_pipeline_withheld.py.
@pytest.mark.parametrize(("check", "relation"), [(features_are_sane, "features.user_features")])
def test_an_odd_snapshot_stops_what_follows(
    check: dg.AssetChecksDefinition, relation: str, execute: Run, run_check: Run
) -> None:
    """The suites have tests of their own (test_expectations.py): here that a failing one is told and blocks."""
    schema, table = relation.split(".")
    execute(f"create schema {schema}", f"create table {relation} as select date '{DAY}' as snapshot_date")
    told = run_check(check, *WEEKS)
    assert told.failed == [f"{schema}/{table}"]
    assert not told.is_followed
    assert any("does not exist" in str(value) for value in told.figures(f"{schema}/{table}").values())


def test_an_odd_snapshot_is_told_as_a_sentence_with_what_it_means(execute: Run, run_check: Run) -> None:
    """Where all amounts were zero it read "expect column mean to be between spent 0; expected ... strict_min True"."""
    columns = "0.0 as spent_amount, 5 as recency_days, 50 as tenure_days, 1 as orders_28d"
    execute(
        "create schema features",
        f"create table features.user_features as select 'anna' as user_id, date '{DAY}' as snapshot_date, {columns}",
    )
    told = run_check(features_are_sane, DAY)
    (sentence,) = (check.description for check in told.checks if not check.passed)
    assert sentence.startswith("spent_amount: 0. Zero: amounts were lost on the way; look at orders.amount.")
    assert len(sentence) <= 200
