"""Extra columns obey time as all others do: nothing that is known at or after D shows at D, and a leak is found."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterator

import pytest

from churn_assets.duck import duck
from churn_assets.settings import ExtraColumn, Settings
from churn_assets.shop.settings import ShopSettings
from churn_assets.warehouse.past import with_and_without
from churn_assets.warehouse.plan import BuildPlan, plan_for
from tests.properties.conftest import END, START, Laboratory, compared_models, land_shop, raw_tables
from tests.properties.conftest import D as DAY
from tests.properties.test_properties_time import BEFORE_D, KINDS, D, mutation

DECLARED = (
    ExtraColumn(name="extra_level", table="users", kind="category", values=("gold", "silver", "tin"), protected=True),
    ExtraColumn(name="extra_points", table="users", kind="number"),
    ExtraColumn(name="extra_stars", table="orders", kind="number", aggregates=("mean", "last", "sum", "max")),
    ExtraColumn(
        name="extra_store", table="orders", kind="category", values=("web", "town"), aggregates=("last", "share")
    ),
)
SETTINGS = Settings(features={"extra": DECLARED})
FEATURES = {
    table: {f"features.user_features.{each.feature.name}" for c in DECLARED if c.table == table for each in c.features}
    for table in ("users", "orders")
}
SHOP = ShopSettings(users=60, weeks=30, end=END, seed=3, late_share=0.1, correction_share=0.1)
OF_USERS = r"users\.known_at < statuses\.snapshot_date\s+and \(users\.superseded_at is null or [^)]*\)"


@pytest.fixture(scope="module")
def plan() -> BuildPlan:
    return plan_for(SETTINGS)


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory, plan: BuildPlan) -> Iterator[Laboratory]:
    with duck() as connection:
        land_shop(connection, tmp_path_factory.mktemp("shop"), SHOP, DECLARED)
        yield Laboratory(connection, compared_models(plan), settings=SETTINGS)


@pytest.mark.parametrize("kind", KINDS)
def test_a_mutation_of_the_future_changes_nothing(lab: Laboratory, kind: str) -> None:
    tables = raw_tables(DECLARED)
    assert lab.changed(*(mutation(tables[name], kind, 0, 1) for name in FEATURES), with_reads=True) == {}


def correction(table: str, known_at: str) -> str:
    """The newest versions of rows settled before D, once more with other values in their extra columns alone."""
    changed = {
        "users": "'x' || extra_level as extra_level, extra_points + 1 as extra_points",
        "orders": "case extra_store when 'web' then 'town' else 'web' end as extra_store, "
        "150 - extra_stars as extra_stars",
    }[table]
    raw, (key,) = raw_tables()[table], raw_tables()[table].key
    rows, long_before = f"landed.{table}", f"{D} - interval 1 day"
    return (
        f"insert into {rows} select * replace ({changed}, {known_at} as ingested_at) from {rows} "
        f"where {raw.known} < {long_before} and {raw.event} < {D} "
        f"and {key} not in (select {key} from {rows} where {raw.known} >= {long_before} and {key} is not null) "
        f"and {key} not in (select {key} from {rows} where {key} is not null group by {key}, {raw.known} "
        f"having count(*) > 1) qualify row_number() over (partition by {key} order by {raw.known} desc) = 1"
    )


@pytest.mark.parametrize("table", FEATURES)
def test_a_correction_counts_from_the_moment_it_is_known_and_changes_nothing_else(lab: Laboratory, table: str) -> None:
    assert lab.changed(correction(table, D)) == {}
    changed = lab.changed(correction(table, BEFORE_D))
    assert {name for name in changed if ".extra_" in name and name.startswith("features.")} == FEATURES[table]
    assert {name for name in changed if name.startswith("features.")} == FEATURES[table]


def test_the_check_finds_an_extra_column_that_looks_ahead(lab: Laboratory, plan: BuildPlan) -> None:
    """The newest description of a user instead of the one that counted: what a join without the condition would do."""
    leaking = [
        dataclasses.replace(model, sql=re.sub(OF_USERS, "users.superseded_at is null", model.sql))
        for model in plan.models
    ]
    assert leaking != list(plan.models), "nothing in the SQL matches"
    connection = lab.connection
    connection.execute("begin")
    try:
        connection.execute(correction("users", f"{D} + interval 1 day"))
        lab.clear()
        lab.build([model for model in lab.models if model.schema == "staging"])
        connection.execute("create schema staged")
        for name in raw_tables():
            connection.execute(f"create table staged.stg_{name} as from staging.stg_{name}")
        sound = with_and_without(connection, plan, START, [DAY])[DAY]
        found = with_and_without(connection, BuildPlan(tuple(leaking)), START, [DAY])[DAY]
    finally:
        connection.execute("rollback")
    assert sound == {}
    assert {"user_features.extra_level_gold", "user_features.extra_points"} <= set(found)
