"""The asset and its two warnings, from a few users in the stores: what is compared with what, and what is told."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Any

import dagster as dg
import numpy as np
import polars as pl
import pytest

from churn_assets.defs.monitoring.checks import features_have_not_drifted
from churn_assets.defs.monitoring.drift import feature_drift
from churn_assets.defs.monitoring.retraining import model_needs_no_retraining, retrain_conditions
from churn_assets.model.artifact import ChurnModel
from churn_assets.model.calibration import Calibrator
from churn_assets.model.rfm import LogisticRfm
from churn_assets.monitoring.performance import SCHEMA as PERFORMANCE_SCHEMA
from churn_assets.monitoring.performance import empty_performance
from churn_assets.workplace import Workplace

DAY, SLICE = date(2024, 6, 17), date(2024, 5, 20)
MADE = date(2024, 6, 10)  # the champion of an earlier week: what it learned from is what users are compared with
COLUMNS = ("recency_days", "orders_count")
Run = Callable[..., Any]

# 400 users of whom the last hundred have lapsed, at nine snapshots. The other columns are what expected purchases are
# made of; the marts say since when there are data.
FEATURES = """
create schema marts;
create table marts.fct_orders as
  select timestamp '2022-01-03' as ordered_at, ordered_at as known_at, null::timestamp as superseded_at,
    true as is_purchase;
create table marts.fct_events as select timestamp '2022-01-03' as occurred_at, occurred_at as known_at;
create schema features;
create table features.user_statuses as
  select 'u' || n as user_id, date '2024-06-17' - cast(7 * week as integer) as snapshot_date,
    if(n >= 300, 'lapsed', 'eligible') as status
  from range(400) as users (n), range(9) as weeks (week);
create table features.user_features as
  select user_id, snapshot_date, n + if(snapshot_date < date '2024-06-17', {later}, 0.0) as recency_days,
    n % 7 as orders_count, 1 as purchase_days_count, 400 as first_purchase_days
  from (select *, cast(user_id[2:] as bigint) as n from features.user_statuses);
"""


def model(newest: date) -> ChurnModel:
    fitted = LogisticRfm(COLUMNS, (0.0, 0.0), (1.0, 1.0), (1.0, -1.0), 0.0)
    return ChurnModel(fitted, Calibrator(1.0, 0.0), (newest - timedelta(days=28), newest), gap_days=0, horizon_days=28)


def slice_of(day: date, *, later: float = 0.0) -> pl.DataFrame:
    number = np.arange(300.0)
    features = {"recency_days": number + later, "orders_count": number.astype(int) % 7}
    return pl.DataFrame(features).with_columns(snapshot_date=pl.lit(day), user_id=pl.format("u{}", pl.int_range(300)))


def scores(day: date, version: str, *, eligible: int = 300) -> pl.DataFrame:
    number = pl.int_range(400, eager=True)
    probability = pl.when(number < eligible).then((number + 1) / 500)
    return pl.select(
        user_id=pl.lit("u") + number.cast(pl.String),
        snapshot_date=pl.lit(day),
        status=pl.when(number < eligible).then(pl.lit("eligible")).otherwise(pl.lit("lapsed")),
        churn_probability=probability,
        model_version=pl.lit(version),
    )


@pytest.fixture
def make(workplace: Workplace, execute: Run) -> Run:
    """The table of DAY, and its metadata, after these users had been learned from."""

    def table(newest: date = SLICE, *, later: float = 0.0, before: int = 8) -> tuple[pl.DataFrame, dict[str, Any]]:
        execute(FEATURES.format(later=later))
        learned = model(newest)
        workplace.tables.publish_bytes("training", "champion_model", DAY, learned.to_bytes())
        workplace.tables.publish("training", "training_set", MADE, slice_of(newest, later=later))
        made = pl.DataFrame({"champion_snapshot_date": [MADE]})
        workplace.tables.publish("training", "model_promotions", DAY, made)
        for weeks in range(before + 1):
            day = DAY - timedelta(weeks=weeks)
            workplace.tables.publish("scoring", "scored_users", day, scores(day, learned.version, eligible=300 - weeks))
        with dg.DagsterInstance.ephemeral() as instance:
            result = dg.materialize(
                [feature_drift], partition_key=DAY.isoformat(), resources={"workplace": workplace}, instance=instance
            )
        (event,) = result.get_asset_materialization_events()
        metadata = event.step_materialization_data.materialization.metadata
        found = {name: value.value for name, value in metadata.items()}
        return workplace.tables.read("monitoring", "feature_drift", DAY), found

    return table


@pytest.fixture
def judge(workplace: Workplace, run_check: Run) -> Run:
    """The conditions of DAY, their metadata, and what the check tells of them."""

    def judged() -> tuple[pl.DataFrame, dict[str, Any], Any]:
        if not workplace.tables.find("monitoring", "model_performance", DAY):
            workplace.tables.publish("monitoring", "model_performance", DAY, empty_performance())
        with dg.DagsterInstance.ephemeral() as instance:
            result = dg.materialize(
                [retrain_conditions], partition_key=DAY.isoformat(), resources={"workplace": workplace},
                instance=instance,
            )  # fmt: skip
        (event,) = result.get_asset_materialization_events()
        metadata = event.step_materialization_data.materialization.metadata
        found = {name: value.value for name, value in metadata.items()}
        table = workplace.tables.read("monitoring", "retrain_conditions", DAY)
        return table, found, run_check(model_needs_no_retraining, DAY)

    return judged


def test_eligible_users_are_compared_with_the_newest_slice_and_their_scores_with_the_snapshot_before(make: Run) -> None:
    frame, metadata = make()
    rows = {row["feature"]: row for row in frame.iter_rows(named=True)}
    assert sorted(rows) == ["churn_probability", *sorted(COLUMNS)]
    assert (rows["recency_days"]["reference_date"], rows["recency_days"]["psi"]) == (SLICE, 0)
    score = rows["churn_probability"]
    assert (score["reference_date"], score["reference_users"], score["users"]) == (date(2024, 6, 10), 300, 300)
    assert set(frame["model_version"]) == {model(SLICE).version}
    assert (metadata["features"], metadata["features drifted"], metadata["features alarmed"]) == (3, 0, 0)
    assert "churn_probability" in metadata["worst"]
    assert metadata["drift"].startswith("![drift](data:image/png;base64,")


def test_at_the_first_scored_snapshot_the_score_has_nothing_to_compare_with(make: Run) -> None:
    assert sorted(make(before=0)[0]["feature"]) == sorted(COLUMNS)


def test_calm_users_and_a_fresh_model_pass(make: Run, run_check: Run, judge: Run) -> None:
    make()
    table, metadata, told = judge()
    assert (table.height, metadata["conditions"], told.failed) == (0, "none", [])
    assert run_check(features_have_not_drifted, DAY).failed == []


def test_drift_is_told_with_figures_limits_and_what_to_do_and_stops_nothing(make: Run, run_check: Run) -> None:
    make(later=200.0)
    told = run_check(features_have_not_drifted, DAY)
    assert (told.failed, told.is_followed) == (["monitoring/feature_drift"], True)
    figures = told.figures("monitoring/feature_drift")
    assert figures["drifted"].startswith("recency_days: PSI ")
    assert "alarm (by chance up to 0." in figures["drifted"]
    assert (figures["features drifted"], figures["PSI to warn"], figures["PSI to alarm"]) == (2, 0.1, 0.25)
    assert "monitoring.feature_drift" in figures["what to do"]
    (sentence,) = (check.description for check in told.checks if not check.passed)
    assert sentence.startswith("See monitoring.feature_drift: 2 of 3 features and scores")


def test_alarm_asks_for_retraining_which_waits_for_labels_where_they_are_the_newest(make: Run, judge: Run) -> None:
    make(later=200.0)
    table, metadata, told = judge()
    assert table.select("condition", "learned_from_date").rows() == [("drift", SLICE)]
    assert (metadata["conditions"], metadata["learned from"], metadata["age (days)"]) == ("drift", str(SLICE), 0)
    assert (told.failed, told.is_followed) == (["monitoring/retrain_conditions"], True)
    figures = told.figures("monitoring/retrain_conditions")
    assert "recency_days" in figures["reasons"]
    assert "learn from the newest labels there are" in figures["what to do"]


def test_an_old_model_is_to_be_trained_on_what_has_matured_since(make: Run, judge: Run) -> None:
    make(SLICE - timedelta(weeks=20))
    table, metadata, told = judge()
    assert "age" in table["condition"].to_list()
    assert metadata["age (days)"] == 140
    figures = told.figures("monitoring/retrain_conditions")
    assert "140 days before the snapshot" in figures["reasons"]
    assert "have matured since" in figures["what to do"]


def test_scores_that_turned_out_badly_are_told(make: Run, judge: Run, workplace: Workplace) -> None:
    make()
    measured = dict.fromkeys(PERFORMANCE_SCHEMA, 0.2) | {
        "snapshot_date": SLICE, "matures_at": datetime(2024, 6, 17), "measured_at": datetime(2024, 6, 17),
        "model_version": "0123456789ab", "population": "all", "users": 5_000, "churners": 900,
    }  # fmt: skip
    workplace.tables.publish(
        "monitoring", "model_performance", DAY, pl.DataFrame([measured], schema=PERFORMANCE_SCHEMA)
    )
    table, metadata, _ = judge()
    assert (table["condition"].to_list(), metadata["snapshots matured"]) == (["calibration"], 1)
    assert "off by 0.200" in table.item(0, "reason")
