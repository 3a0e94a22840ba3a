"""Twelve snapshots, whichever way they are made, say the same in every table, byte for byte up to the order of rows.

As dbt does it: the first run compiles to one form, runs over tables that are there to another, which deletes and
inserts by the models' unique keys. Tables are compared by hashes of their rows.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date, timedelta

import duckdb
import pytest

from churn_assets.duck import duck
from churn_assets.settings import Settings
from churn_assets.warehouse.plan import BuildPlan, Dates, Model, compiled, models_of, plan_variables, statements

END = date(2026, 11, 16)
START = END - timedelta(weeks=40)
WEEKS = [END - timedelta(weeks=weeks) for weeks in range(11, -1, -1)]
Runs = Sequence[Sequence[date]]


@pytest.fixture(scope="module")
def increment(
    plan: BuildPlan,
    tmp_path_factory: pytest.TempPathFactory,
    new_shop: Callable[..., duckdb.DuckDBPyConnection],
    raw: Mapping[str, object],
) -> BuildPlan:
    """The same models as dbt compiles them where all tables are there."""
    file = tmp_path_factory.mktemp("increment") / "warehouse.duckdb"
    with duck(file) as connection:
        connection.execute("create schema raw")
        shop = new_shop()
        for name in raw:
            columns = shop.execute(f"describe raw.{name}").fetchall()
            connection.execute(
                f"create table raw.{name} ({', '.join(f'{column[0]} {column[1]}' for column in columns)})"
            )
        for statement in statements(plan.models, Dates(START, WEEKS)):
            connection.execute(statement.replace('"memory".', ""))
    nodes = compiled({**plan_variables(Settings()), "warehouse": str(file)})
    made = models_of(nodes)
    assert [model.sql for model in made] != [model.sql for model in plan.models]
    return BuildPlan(tuple(made))


class Warehouse:
    """What dbt makes of a landing over several runs, without dbt."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, first: BuildPlan, increment: BuildPlan) -> None:
        self.connection, self.first, self.increment = connection, first, increment
        self.consumed: date | None = None
        for schema in ("staging", "marts", "features"):
            connection.execute(f"drop schema if exists {schema} cascade")

    def run(self, snapshots: Sequence[date], *, killed_after: int | None = None) -> None:
        """One dbt invocation, told what churn_assets.warehouse.variables tells it; killed after so many models."""
        if self.consumed is None:
            run = statements(self.first.models, Dates(START, snapshots))
            made = run[: None if killed_after is None else killed_after + 3]
            for statement in made:
                self.connection.execute(statement)
        else:
            start = min(snapshots[0] - timedelta(weeks=1), self.consumed)
            dates = Dates(START, snapshots, known_until=max(snapshots[-1], self.consumed), consume_from=start)
            for model in self.increment.models[:killed_after]:
                self._renew(model, dates.into(model.sql.replace('"warehouse".', "")))
        if killed_after is None:
            row = self.connection.execute("select max(snapshot_date) from marts.dim_snapshots").fetchone()
            self.consumed = row[0] if row else None

    def _renew(self, model: Model, sql: str) -> None:
        if model.kind == "view":
            return
        self.connection.execute(f"create or replace temp table arrived as ({sql}\n)")
        if model.kind in ("incremental", "by_snapshot"):
            key = ", ".join(model.unique_key)
            self.connection.execute(f"delete from {model.relation} where ({key}) in (select ({key}) from arrived)")
        else:
            self.connection.execute(f"delete from {model.relation}")
        self.connection.execute(f"insert into {model.relation} by name select * from arrived")

    def hashes(self) -> Mapping[str, object]:
        """Per table a hash over its rows, whatever their order."""
        tables = [model.relation for model in self.first.models if model.kind != "view"]
        return {
            table: self.connection.execute(
                f"select count(*), bit_xor(hash(t)), sum(hash(t)) from {table} as t"
            ).fetchone()
            for table in tables
        }


WAYS: dict[str, Runs] = {
    "one by one": [[week] for week in WEEKS],
    "in reverse": [[week] for week in reversed(WEEKS)],
    "in two halves": [WEEKS[:6], WEEKS[6:]],
    "the later half first": [WEEKS[6:], WEEKS[:6]],
}


@pytest.fixture(scope="module")
def landed(new_shop: Callable[..., duckdb.DuckDBPyConnection]) -> duckdb.DuckDBPyConnection:
    return new_shop()


@pytest.fixture(scope="module")
def at_once(landed: duckdb.DuckDBPyConnection, plan: BuildPlan, increment: BuildPlan) -> Mapping[str, object]:
    warehouse = Warehouse(landed, plan, increment)
    warehouse.run(WEEKS)
    return warehouse.hashes()


@pytest.mark.parametrize("way", WAYS)
def test_twelve_snapshots_say_the_same_however_they_are_made(
    landed: duckdb.DuckDBPyConnection, plan: BuildPlan, increment: BuildPlan, at_once: Mapping[str, object], way: str
) -> None:
    warehouse = Warehouse(landed, plan, increment)
    for snapshots in WAYS[way]:
        warehouse.run(snapshots)
    assert warehouse.hashes() == at_once


@pytest.mark.parametrize("models_done", [3, 14, 20, 25])
def test_a_run_killed_in_the_middle_and_made_again_says_the_same(
    landed: duckdb.DuckDBPyConnection,
    plan: BuildPlan,
    increment: BuildPlan,
    at_once: Mapping[str, object],
    models_done: int,
) -> None:
    warehouse = Warehouse(landed, plan, increment)
    warehouse.run(WEEKS[:6])
    warehouse.run(WEEKS[6:], killed_after=models_done)
    warehouse.run(WEEKS[6:])
    assert warehouse.hashes() == at_once
