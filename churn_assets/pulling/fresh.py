"""SQL that tells which rows of a reading are new: those whose newest pulled version is not the same.

A row is known by the key of its raw table, and compared as text, so that a column of another type is no change by
itself. A row without a key is its own content. Lines of an order are compared, and kept, as one: of an order that has
changed in one line all lines are delivered again, since the newest delivery of an order counts as a whole.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import duckdb

from churn_assets.contracts.raw import RawTable
from churn_assets.landing.csv import FILE
from churn_assets.landing.ids import bare_sql
from churn_assets.landing.pulled import DELETED
from churn_assets.landing.text import identifier, literals
from churn_assets.landing.times import time_sql, typed_time_sql
from churn_assets.landing.values import TIMES
from churn_assets.settings.mapping import TableFrom

CURSOR, KNOWN = "landing_cursor", "ingested_at"
ROWS = "rows_read"
NO_TIME = "cast(null as timestamp)"


@dataclass(frozen=True)
class Shape:
    """`types`: the columns of the rows, by their names in the raw contract, with DuckDB's types."""

    table: RawTable
    made: TableFrom
    types: Mapping[str, str]

    @property
    def is_of_lines(self) -> bool:
        return self.table.has_lines or self.made.repeated_ids == "lines"

    @property
    def values(self) -> list[str]:
        """Columns that are kept, but for the time at which a row is known."""
        return [name for name in self.types if name not in (CURSOR, KNOWN, DELETED)]

    @property
    def stable(self) -> list[str]:
        """Columns that say the same in each reading of an unchanged row."""
        return [name for name in self.values if not self.made.columns[name].file_time]

    @property
    def _keys(self) -> list[str]:
        return ["order_id"] if self.is_of_lines else [name for name in self.table.key if name in self.stable]

    @property
    def first_key(self) -> str | None:
        """A column that rows with the same key share."""
        return next(iter(self._keys), None)

    def key(self, has: Sequence[str]) -> str:
        """SQL of what a row is known by, over a relation with the columns `has`."""
        keys = self._keys
        if not keys:
            return self.content(has)
        is_empty = " and ".join(f"{_text(name, has)} is null" for name in keys)
        own = f"md5(cast(to_json([{', '.join(_text(name, has) for name in keys)}]) as varchar))"
        return f"case when {is_empty} then {self.content(has)} else {own} end"

    def content(self, has: Sequence[str]) -> str:
        """SQL of a hash of all that a row says."""
        return f"md5(cast(to_json([{', '.join(_text(name, has) for name in self.stable)}]) as varchar))"

    def claimed(self, zone: str, known_zone: str, first_orders: str | None) -> str:
        """SQL, naive UTC: when the row was there by its own account; null where it has none.

        `first_orders`: relation of (order_id, known_at), for lines that have no time of their own.
        """
        if CURSOR in self.types and self.types[CURSOR] in TIMES:
            return typed_time_sql(CURSOR, self.types[CURSOR], zone)
        for name, of in ((KNOWN, known_zone), (self.table.event_time or "", zone)):
            if name in self.types:
                kind, column = self.types[name], identifier(name)
                return typed_time_sql(column, kind, of) if kind in TIMES else time_sql(bare_sql(column), of)
        if first_orders and "order_id" in self.types:
            of_order = f"firsts.order_id = cast({ROWS}.order_id as varchar)"
            return f"(select known_at from {first_orders} as firsts where {of_order})"
        return NO_TIME


def held_rows(connection: duckdb.DuckDBPyConnection, files: Sequence[Path]) -> tuple[str, list[str]]:
    """Relation over all that was pulled of a table, and its columns."""
    if not files:  # the first reading found nothing
        return f"(select cast(null as varchar) as {FILE} where false)", []
    sql = f"read_parquet([{literals(files)}], hive_partitioning = false, union_by_name = true, filename = '{FILE}')"
    described = connection.execute(f"describe select * from {sql}").fetchall()
    return sql, [str(row[0]) for row in described if row[0] != FILE]


def newest_held(shape: Shape, held: str, has: Sequence[str], only: str, beside: str | None = None) -> str:
    """Query of the newest versions of the pulled rows with a key among `only`: landing_key, landing_content, is_gone,
    and the row itself. File names grow, so the last in their order is the newest.
    `beside`: relation with the rows that matter, so that no key has to be worked out of others.
    """
    is_gone = f"coalesce({DELETED}, false)" if DELETED in has else "false"
    first = shape.first_key
    if beside and first:
        column = _text(first, has)
        wanted = f"select {_text(first, [first])} from {beside}"
        held = f"(select * from {held} where {column} is null or {column} in ({wanted}))"
    return (
        f"select * from (select *, {shape.key(has)} as landing_key, {shape.content(has)} as landing_content, "
        f"{is_gone} as is_gone from {held}) where landing_key in ({only}) "
        f"qualify {FILE} = max({FILE}) over (partition by landing_key)"
    )


def make_batch(connection: duckdb.DuckDBPyConnection, shape: Shape, rows: str, claimed: str, where: str) -> None:
    """Temporary table `batch`: the rows read, with landing_key, landing_content and claimed_at."""
    has = list(shape.types)
    connection.execute(
        f"create or replace temp table batch as select {'' if shape.is_of_lines else 'distinct'} "
        f"{', '.join(identifier(name) for name in shape.values)}, {shape.key(has)} as landing_key, "
        f"{shape.content(has)} as landing_content, {claimed} as claimed_at from {rows} as {ROWS} where {where}"
    )


def make_fresh(
    connection: duckdb.DuckDBPyConnection, shape: Shape, held: str, has: Sequence[str], before: datetime, now: datetime
) -> int:
    """Temporary table `fresh`: rows of `batch` that are new, with `ingested_at`; returns how many.

    A row that was not there at the reading `before` and is there `now` was written in between: it is known from the
    time that it claims if that lies in between, else from `now` on. So nothing becomes known before a reading that has
    not seen it.
    """
    newest = newest_held(shape, held, has, "select landing_key from batch", "batch")
    connection.execute(f"create or replace temp table held as {newest}")
    if shape.is_of_lines:
        lines = "select landing_key, list_sort(list(landing_content)) as lines from"
        same = (
            f"landing_key in (select landing_key from ({lines} batch group by landing_key) "
            f"inner join ({lines} held where not is_gone group by landing_key) using (landing_key, lines))"
        )
        claim = "max(claimed_at) over (partition by landing_key)"
    else:
        same = (
            "exists (select 1 from held where held.landing_key = batch.landing_key "
            "and held.landing_content = batch.landing_content and not held.is_gone)"
        )
        claim = "claimed_at"
    start, end = f"timestamp '{before}'", f"timestamp '{now}'"
    known = f"case when {claim} > {start} and {claim} <= {end} then {claim} else {end} end"
    connection.execute(
        f"create or replace temp table fresh as select {', '.join(identifier(name) for name in shape.values)}, "
        f"timezone('UTC', {known}) as {KNOWN} from batch where not {same}"
    )
    return count(connection, "fresh")


def make_gone(
    connection: duckdb.DuckDBPyConnection, shape: Shape, held: str, has: Sequence[str], there: str, now: datetime
) -> tuple[int, int]:
    """Temporary table `gone`: pulled rows whose key is not among `there` any more, as deleted from `now` on.

    Returns how many, and of how many.
    """
    newest = newest_held(shape, held, has, f"select {shape.key(has)} from {held}")
    columns = ", ".join(identifier(name) for name in shape.values if name in has)
    connection.execute(f"create or replace temp table live as {newest}")
    connection.execute(
        f"create or replace temp table gone as select {columns}, timezone('UTC', timestamp '{now}') as {KNOWN}, "
        f"true as {DELETED} from live where not is_gone and landing_key not in (select landing_key from {there}) "
        "qualify row_number() over (partition by landing_key) = 1"
    )
    return count(connection, "gone"), count(connection, "(select distinct landing_key from live where not is_gone)")


def count(connection: duckdb.DuckDBPyConnection, relation: str) -> int:
    row = connection.execute(f"select count(*) from {relation}").fetchone()
    return int(row[0]) if row else 0


def _text(name: str, has: Sequence[str]) -> str:
    return f"cast({identifier(name)} as varchar)" if name in has else "cast(null as varchar)"
