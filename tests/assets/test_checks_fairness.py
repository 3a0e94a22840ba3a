"""The asset and its warning, from a few users in the stores: who is compared, and what is told of a difference."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

import dagster as dg
import polars as pl
import pytest

from churn_assets.defs.monitoring.checks import groups_are_treated_alike
from churn_assets.defs.monitoring.fairness import group_fairness
from churn_assets.monitoring.performance import SCHEMA as PERFORMANCE_SCHEMA
from churn_assets.workplace import Workplace

DAY, BEFORE = date(2024, 6, 17), date(2024, 5, 20)
Run = Callable[..., Any]

# Half of 1,000 users are women; the last hundred have lapsed. One moved to the south after the snapshot.
SHOP = """
create schema features;
create schema marts;
create table features.user_features as
  select 'u' || n as user_id, day as snapshot_date, 30 + n % 30 as age_years, n % 2 as is_female
  from range(1000) as users (n), (values (date '2024-06-17'), (date '2024-05-20')) as days (day);
create table marts.dim_users as
  select 'u' || n as user_id, 'north' as region, timestamp '2024-01-01' as known_at,
    if(n = 0, timestamp '2024-07-01', null) as superseded_at
  from range(1000) as users (n)
  union all select 'u0', 'south', timestamp '2024-07-01', null;
create table features.churn_labels as
  select 'u' || n as user_id, date '2024-05-20' as snapshot_date, 'inactivity' as definition, n % 3 = 0 as is_churned,
    true as is_eligible, timestamp '2024-06-17' as matures_at
  from range(1000) as users (n);
"""


def scored(day: date) -> pl.DataFrame:
    number = pl.int_range(1000, eager=True)
    return pl.select(
        user_id=pl.lit("u") + number.cast(pl.String),
        snapshot_date=pl.lit(day),
        status=pl.when(number < 900).then(pl.lit("eligible")).otherwise(pl.lit("lapsed")),
        risk_tier=pl.when(number < 90).then(pl.lit("urgent")).otherwise(pl.lit("small")),
        churn_probability=pl.lit(1 / 3),
    )


def ledger(day: date, *, unfair: bool) -> pl.DataFrame:
    number = pl.int_range(900, eager=True)
    chosen = (number % 2 == 0) if unfair else (number % 4 < 2)
    return pl.select(
        user_id=pl.lit("u") + number.cast(pl.String),
        snapshot_date=pl.lit(day),
        arm=pl.when(chosen).then(pl.lit("coupon")).otherwise(pl.lit("none")),
        is_holdout=number >= 800,
    )


@pytest.fixture
def make(workplace: Workplace, execute: Run) -> Run:
    def table(*, unfair: bool = False, matured: bool = False) -> pl.DataFrame:
        execute(SHOP)
        for day in (BEFORE, DAY):
            workplace.tables.publish("scoring", "scored_users", day, scored(day))
            workplace.tables.publish("interventions", "decision_ledger", day, ledger(day, unfair=unfair))
        performance = pl.DataFrame({"snapshot_date": [BEFORE] if matured else []}, schema={"snapshot_date": pl.Date})
        whole = performance.with_columns(
            pl.lit(None, kind).alias(name) for name, kind in PERFORMANCE_SCHEMA.items() if name != "snapshot_date"
        )
        workplace.tables.publish("monitoring", "model_performance", DAY, whole)
        with dg.DagsterInstance.ephemeral() as instance:
            dg.materialize(
                [group_fairness], partition_key=DAY.isoformat(), resources={"workplace": workplace}, instance=instance
            )
        return workplace.tables.read("monitoring", "group_fairness", DAY)

    return table


def test_eligible_users_outside_the_holdout_are_compared_as_known_at_the_snapshot(make: Run) -> None:
    found = make()
    treated = found.filter(measure="treated")
    for rows in treated.partition_by("attribute"):
        assert rows["users"].sum() == 800
    assert treated.filter(attribute="region")["group"].to_list() == ["north"]
    assert found.filter(measure="urgent_tier", attribute="gender")["users"].sum() == 900
    assert set(found["measure"]) == {"treated", "urgent_tier"}


def test_errors_are_those_of_matured_snapshots_and_of_users_left_alone(make: Run) -> None:
    found = make(matured=True).filter(snapshot_date=BEFORE)
    assert set(found["measure"]) == {"false_alarm", "missed", "overstated"}
    overstated = found.filter(measure="overstated", attribute="gender")
    assert overstated["users"].sum() == 450
    assert (overstated["value_low"] < 0).all()
    assert (overstated["value_high"] > 0).all()


def test_users_treated_alike_pass(make: Run, run_check: Run) -> None:
    make()
    assert run_check(groups_are_treated_alike, DAY).failed == []


def test_a_difference_is_told_with_its_figures_and_stops_nothing(make: Run, run_check: Run) -> None:
    make(unfair=True)
    told = run_check(groups_are_treated_alike, DAY)
    assert (told.failed, told.is_followed) == (["monitoring/group_fairness"], True)
    figures = told.figures("monitoring/group_fairness")
    assert "gender female: treated 0.0%, all others 100.0%" in figures["groups"]
    assert figures["max group gap (%)"] == 10
    assert "defend" in figures["what to do"]
