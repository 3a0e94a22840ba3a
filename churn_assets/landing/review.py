"""Row counts of a raw table for `churn check`: rows delivered, kept, replaced and refused."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

import duckdb

from churn_assets.contracts.extra import is_extra
from churn_assets.contracts.raw import RawTable
from churn_assets.landing.consents import CONSENT_COLUMNS
from churn_assets.landing.contents import LandedTable, LandingContents
from churn_assets.landing.relation import ALWAYS, columns_of
from churn_assets.landing.text import identifier

EXAMPLES = 5
COPIED = ("user_id", "order_id", "status", "amount", "is_purchase", "event_type", "channel", "purpose", "known_at",
         "refused_because", "is_replaced", "unread_columns")  # fmt: skip


@dataclass(frozen=True)
class Refusal:
    reason: str
    rows: int
    examples: tuple[str, ...]


@dataclass(frozen=True)
class TableReview:
    """Counts of rows: delivered = kept + replaced + refused. Times are naive UTC."""

    name: str
    files: int
    bytes: int
    delivered: int
    kept: int
    replaced: int
    refused: tuple[Refusal, ...] = ()
    unread_values: Mapping[str, int] = field(default_factory=dict)
    first_at: datetime | None = None
    last_at: datetime | None = None
    last_known_at: datetime | None = None
    users: int | None = None
    missing_columns: tuple[str, ...] = ()
    unknown_columns: tuple[str, ...] = ()

    @property
    def rows_refused(self) -> int:
        return sum(refusal.rows for refusal in self.refused)


def in_temp_tables(connection: duckdb.DuckDBPyConnection, contents: LandingContents, *but: str) -> LandingContents:
    """The same contents with the checked columns in temporary tables: files are read once, not once per query.

    Tables named in `but` are still read from their files.
    """
    tables = {
        name: landed_table if name in but else landed_table.reading_from(_copy(connection, landed_table))
        for name, landed_table in contents.tables.items()
    }
    return replace(contents, tables=tables)


def _copy(connection: duckdb.DuckDBPyConnection, landed_table: LandedTable) -> str:
    available = columns_of(landed_table.table)
    extra = [column.name for column in landed_table.table.columns if is_extra(column.name)]
    wanted_columns = dict.fromkeys((*landed_table.table.key, landed_table.table.event_time, *COPIED, *extra))
    columns = [identifier(name) for name in wanted_columns if name in available]
    columns.append("case when refused_because is not null then row_key end as row_key")
    if landed_table.name == "consents":  # the words themselves
        columns += ["row_json", *(name for name in CONSENT_COLUMNS)]
    name = f"landed_{landed_table.name}"
    connection.execute(f"create temp table {name} as select {', '.join(columns)} from {landed_table.scan}")
    return name


def review_table(connection: duckdb.DuckDBPyConnection, landed_table: LandedTable) -> TableReview:
    """Counts of all rows of a table."""
    table, valid = landed_table.table, "filter (refused_because is null)"
    event_time = table.event_time or "cast(null as timestamp)"
    users = f"count(distinct user_id) {valid}" if _has(table, "user_id") else "null"
    row = connection.execute(f"""
      select count(*), count(*) filter (refused_because is null and not is_replaced),
        count(*) filter (refused_because is null and is_replaced), min({event_time}) {valid}, max({event_time}) {valid},
        max(case when known_at > {ALWAYS} then known_at end) {valid}, {users}
      from {landed_table.scan}""").fetchone()
    delivered, kept, replaced, first, last, last_known, distinct = row or (0, 0, 0, None, None, None, None)
    return TableReview(
        name=landed_table.name,
        files=len(landed_table.files),
        bytes=landed_table.bytes,
        delivered=int(delivered),
        kept=int(kept),
        replaced=int(replaced),
        refused=tuple(refusals(connection, landed_table)) if kept + replaced < delivered else (),
        unread_values=_unread_values(connection, landed_table),
        first_at=first,
        last_at=last,
        last_known_at=last_known,
        users=None if distinct is None else int(distinct),
        missing_columns=tuple(c.name for c in table.columns if c.name not in landed_table.columns),
        unknown_columns=landed_table.unknown_columns,
    )


def refusals(connection: duckdb.DuckDBPyConnection, landed_table: LandedTable) -> Iterator[Refusal]:
    """Broken rules, most rows first, each with example ids."""
    rows = connection.execute(
        f"select refused_because, count(*) as rows, list(row_key order by row_key)[1:{EXAMPLES}] "
        f"from {landed_table.scan} where refused_because is not null group by 1 order by rows desc, 1"
    ).fetchall()
    for reason, count, examples in rows:
        yield Refusal(reason, int(count), tuple(str(key) for key in examples if key))


def _unread_values(connection: duckdb.DuckDBPyConnection, landed_table: LandedTable) -> dict[str, int]:
    rows = connection.execute(
        f"select unread_columns, count(*) from {landed_table.scan} "
        "where refused_because is null and unread_columns is not null group by 1"
    ).fetchall()
    counts: dict[str, int] = {}
    for names, count in rows:
        for name in names.split(", "):
            counts[name] = counts.get(name, 0) + int(count)
    return dict(sorted(counts.items()))


def _has(table: RawTable, column: str) -> bool:
    return any(raw_column.name == column for raw_column in table.columns)
