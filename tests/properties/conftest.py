"""A laboratory of time: a small simulated shop, built again in about a second after any change to its raw rows.

The project's own SQL (churn_assets.warehouse.plan) over raw tables in a DuckDB in memory; dbt itself does not run. Each
experiment is a transaction: change rows of `landed.<table>` (typed, all ten raw tables), build everything, compare with
the shop as it was, roll back.

    lab.changed("delete from landed.orders where ordered_at >= timestamp '2026-10-19'") == {}

Only models that are made of a changed table are built again, as no other can differ.

The labels of PAST mature at D (horizon of 28 days), what is compared is what D may know: features and statuses of PAST
and D, who is eligible, and the labels that have matured. END is built too, so that the future of D is in the marts.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from pathlib import Path

import duckdb
import polars as pl
import pytest

from churn_assets.contracts.extra import is_extra
from churn_assets.duck import duck
from churn_assets.landing.change_feed import ChangeFeed
from churn_assets.landing.csv import FILE
from churn_assets.landing.relation import Reading, Source, relation
from churn_assets.settings import ExtraColumn, Landing, Settings
from churn_assets.settings.extra import contract_with
from churn_assets.shop.settings import ShopSettings
from churn_assets.shop.simulate import simulate
from churn_assets.warehouse.plan import BuildPlan, Dates, Model, plan_for, statements
from churn_assets.warehouse.project import manifest
from tests.properties.python_reads import python_reads

END = date(2026, 11, 16)
D = END - timedelta(weeks=4)
PAST = D - timedelta(weeks=4)
START = END - timedelta(weeks=40)
KEYS = ("user_id", "snapshot_date", "definition")
OPTIONS = Landing(max_days_ahead=3650)  # rows of the far future are what is looked for here


@dataclass(frozen=True)
class RawTable:
    """What the raw contract says of a table."""

    name: str
    key: tuple[str, ...]
    event: str | None
    later_times: tuple[str, ...]
    columns: Mapping[str, str]  # name -> type

    @property
    def known(self) -> str:
        """As the reader of the landing has it."""
        return f"coalesce(ingested_at, {self.event + ', ' if self.event else ''}timestamp '1900-01-01')"


def raw_tables(extra: Sequence[ExtraColumn] = ()) -> dict[str, RawTable]:
    sources = {source["name"]: source["columns"] for source in manifest()["sources"].values()}
    return {
        table.name: RawTable(
            table.name,
            table.key,
            table.event_time,
            table.later_times,
            {name: column["data_type"] for name, column in sources[table.name].items()}
            | {column.name: column.data_type for column in table.columns if is_extra(column.name)},
        )
        for table in contract_with(extra)
    }


def arriving(products: pl.DataFrame) -> pl.DataFrame:
    """The catalogue, of which some came in every week; the shop has had all of it from the start."""
    known_at = pl.lit(datetime(2026, 11, 16)) - pl.duration(weeks=pl.int_range(pl.len()) % 20)
    return products.with_columns(ingested_at=known_at)


def codes_of(coupons: pl.DataFrame) -> pl.DataFrame:
    """A pool of codes, which the simulated shop has not: one per coupon, known when that was issued."""
    known_at = pl.col("ingested_at").fill_null(pl.col("issued_at")) if "ingested_at" in coupons.columns else "issued_at"
    return coupons.select(
        pl.col("coupon_id").alias("code"), pl.lit("coupon").alias("arm"), "expires_at", ingested_at=known_at
    ).unique(maintain_order=True)


def made_up(table: RawTable, orders: pl.DataFrame) -> pl.DataFrame:
    """Rows of a raw table that the simulated shop does not have: one per order, and known when that was."""
    known_at = (
        pl.col("ingested_at").fill_null(pl.col("ordered_at")) if "ingested_at" in orders.columns else "ordered_at"
    )
    values: dict[str, pl.Expr | str] = {}
    for name, kind in table.columns.items():
        if name in orders.columns:
            values[name] = pl.col(name)
        elif kind == "timestamp":
            values[name] = pl.col("ordered_at")
        else:
            values[name] = pl.format(f"{name} {{}}", "order_id") if kind == "varchar" else pl.lit(1)
    made = orders.select(**(values | {"ingested_at": known_at}))
    return made.unique(table.key, keep="first", maintain_order=True)


def land_shop(
    connection: duckdb.DuckDBPyConnection, folder: Path, settings: ShopSettings, extra: Sequence[ExtraColumn] = ()
) -> None:
    """The raw tables of a simulated shop as `landed.*`, and as text under `raw`, where the plan expects them.

    A declared extra column has one of its values, or a number up to 99, in each row.
    """
    frames: dict[str, list[pl.DataFrame]] = {}
    for batch in simulate(settings):
        if batch.folder == "landing":
            frames.setdefault(batch.table, []).append(batch.frame)
    frames["products"] = [arriving(pl.concat(frames["products"]))]
    frames["coupon_codes"] = [codes_of(pl.concat(frames["coupons"]))]
    connection.execute("create schema landed; create schema raw")
    contract = {table.name: table for table in contract_with(extra)}
    for table in raw_tables(extra).values():
        file = folder / f"{table.name}.parquet"
        rows_made = frames.get(table.name) or [made_up(table, pl.concat(frames["orders"]))]
        pl.concat(rows_made).write_parquet(file)
        missing = [name for name in table.columns if name not in rows_made[0].columns]
        typed = [f"cast(null as {table.columns[name]}) as {name}" for name in missing]
        words = [name for name, kind in table.columns.items() if kind == "varchar" and name not in missing]
        typed += [f"* replace ({', '.join(f'cast({name} as varchar) as {name}' for name in words)})"]
        connection.execute(f"create table landed.{table.name} as select {', '.join(typed)} from read_parquet('{file}')")
        for column in extra:
            if column.table == table.name:
                drawn = f"cast(hash(rowid, '{column.name}') % 1000 as bigint)"
                value = (
                    f"{list(column.values)}[{drawn} % {len(column.values)} + 1]" if column.values else f"{drawn} % 100"
                )
                connection.execute(f"update landed.{table.name} set {column.name} = {value}")
        described = connection.execute(f"describe landed.{table.name}").fetchall()
        columns = {name: (name, kind) for name, kind, *_ in described}
        rows = Source(f"(select *, 'file' as {FILE} from landed.{table.name})", columns, ChangeFeed({}))
        scan = relation(contract[table.name], [rows], Reading(OPTIONS, datetime(2026, 11, 30)))
        connection.execute(f"create view raw.{table.name} as select * from {scan}")


def changed_tables(statements: Sequence[str]) -> list[str]:
    """The raw tables that these statements write to: insert into landed.<table>, update ..., delete from ..."""
    return sorted({re.match(r"\s*(?:insert into|update|delete from) landed\.(\w+)", each)[1] for each in statements})  # type: ignore[index]


@dataclass
class Laboratory:
    """`models` are built for `snapshots`; what is not asked for by name is what D may know."""

    connection: duckdb.DuckDBPyConnection
    models: Sequence[Model]
    snapshots: Sequence[date] = (PAST, D, END)
    settings: Settings = field(default_factory=Settings)
    compared: dict[str, list[str]] = field(default_factory=dict)  # relation -> columns
    read: dict[str, str] = field(default_factory=dict)  # what Python reads at D

    def __post_init__(self) -> None:
        self._remember()

    def _remember(self) -> None:
        """Build the shop as it is, for the next experiments to be compared with."""
        self.clear()
        self.build(self.models)
        self.connection.execute("drop schema if exists before cascade")
        self.connection.execute("create schema before")
        for model in self.models:
            columns = [name for name, *_ in self.connection.execute(f"describe {model.relation}").fetchall()]
            if {"user_id", "snapshot_date"} <= set(columns) and model.schema in ("marts", "features"):
                self.compared[model.relation] = columns
                self.connection.execute(f"create table before.{model.name} as {self._may_know(model.relation)}")
        if D in self.snapshots:
            self.read = python_reads(self.connection, D, PAST, self.settings)

    def build(self, models: Sequence[Model]) -> None:
        for statement in statements(models, Dates(START, self.snapshots)):
            self.connection.execute(statement)

    def clear(self) -> None:
        for schema in sorted({model.schema for model in self.models}):
            self.connection.execute(f"drop schema if exists {schema} cascade")

    def made_of(self, tables: Sequence[str]) -> list[Model]:
        """The models that any of these raw tables goes into, in the order of building."""
        sources = {model.relation for model in self.models if set(re.findall(r"\braw\W+(\w+)", model.sql)) & {*tables}}
        plan = BuildPlan(tuple(self.models))
        return [model for model in self.models if plan.ancestors(model.relation) & sources]

    @contextmanager
    def instead(self, *statements: str) -> Iterator[None]:
        """Another shop to start from, for as long as it is needed."""
        kept = changed_tables(statements)
        for table in kept:
            self.connection.execute(f"create table kept_{table} as select * from landed.{table}")
        try:
            for statement in statements:
                self.connection.execute(statement)
            self._remember()
            yield
        finally:
            for table in kept:
                self.connection.execute(f"delete from landed.{table}")
                self.connection.execute(f"insert into landed.{table} select * from kept_{table} order by rowid")
                self.connection.execute(f"drop table kept_{table}")
            self._remember()

    def is_used(self, table: str) -> bool:
        """Whether anything that is compared is made of this raw table."""
        plan = BuildPlan(tuple(self.models))
        return any(f"staging.stg_{table}" in plan.ancestors(relation) for relation in self.compared)

    def changed(self, *mutations: str, with_reads: bool = False) -> dict[str, int]:
        """Columns of what D may know that differ after these statements, each with the number of rows.

        `with_reads`: also what Python reads at D, as `read by Python: <what>` (1: it differs).
        """
        self.connection.execute("begin")
        try:
            for mutation in mutations:
                self.connection.execute(mutation)
            affected = self.made_of(changed_tables(mutations))
            for model in reversed(affected):
                self.connection.execute(f"drop {'view' if model.kind == 'view' else 'table'} {model.relation}")
            self.build(affected)
            compared = [model.relation for model in affected if model.relation in self.compared]
            found = {name: rows for relation in compared for name, rows in self._differences(relation) if rows}
            now = python_reads(self.connection, D, PAST, self.settings) if with_reads else {}
            return found | {f"read by Python: {name}": 1 for name, told in now.items() if told != self.read[name]}
        finally:
            self.connection.execute("rollback")

    def _may_know(self, relation: str) -> str:
        rows = f"select * from {relation} where snapshot_date <= date '{D}'"
        if "matures_at" not in self.compared[relation]:
            return rows
        others = [name for name in self.compared[relation] if name not in (*KEYS, "is_eligible", "matures_at")]
        closed = ", ".join(f"case when matures_at <= timestamp '{D}' then {name} end as {name}" for name in others)
        return f"select * replace ({closed}) from ({rows})"

    def _differences(self, relation: str) -> Iterator[tuple[str, int]]:
        columns = self.compared[relation]
        keys = [name for name in KEYS if name in columns]
        counts = ", ".join(
            f"count(*) filter (a.{name} is distinct from b.{name}"
            f"{'' if name in keys else ' and a.user_id is not null and b.user_id is not null'})"
            for name in columns
        )
        same = " and ".join(f"a.{key} = b.{key}" for key in keys)
        before = f"before.{relation.split('.')[1]}"
        (row,) = self.connection.execute(
            f"select {counts} from {before} as a full join ({self._may_know(relation)}) as b on {same}"
        ).fetchall()
        yield from zip([f"{relation}.{name}" for name in columns], row, strict=True)


def compared_models(plan: BuildPlan) -> list[Model]:
    """Without counts of what was refused or not read: nothing is made of them, and they take a quarter of a build."""
    return [model for model in plan.models if model.name not in ("quarantine", "unread_values")]


@pytest.fixture(scope="session")
def raw() -> Mapping[str, RawTable]:
    return raw_tables()


@pytest.fixture(scope="session")
def plan() -> BuildPlan:
    return plan_for(Settings())


@pytest.fixture(scope="module")
def new_shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., duckdb.DuckDBPyConnection]]:
    """Makes databases in memory with the raw tables of a shop (of 60 users unless told otherwise), nothing built."""
    with ExitStack() as opened:

        def new(settings: ShopSettings | None = None) -> duckdb.DuckDBPyConnection:
            connection = opened.enter_context(duck())
            shop = settings or ShopSettings(users=60, weeks=30, end=END, seed=3, late_share=0.1, correction_share=0.1)
            land_shop(connection, tmp_path_factory.mktemp("shop"), shop)
            return connection

        yield new


@pytest.fixture(scope="module")
def lab(new_shop: Callable[..., duckdb.DuckDBPyConnection], plan: BuildPlan) -> Laboratory:
    return Laboratory(new_shop(), compared_models(plan))
