"""A connection to a database, in one transaction that only reads, and its tables as Parquet, a batch at a time."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from churn_assets.pulling.columns import Column, columns_of
from churn_assets.pulling.errors import PullError
from churn_assets.settings.mapping import SourceFiles, TableFrom
from churn_assets.settings.pulled import DATABASES, variable

BATCH_ROWS = 20_000
# SQLSTATE of Postgres, or number of MySQL; while a connection is made Postgres gives its message only.
REFUSED = ("28P01", "28000", 1045, 1044, 1698, "authentication failed", "no password supplied", "pg_hba.conf entry")
NO_TABLE = ("42P01", "3F000", 1146)
FORBIDDEN = ("42501", 1142, 1143)
NO_DATABASE = ("3D000", 1049, '" does not exist')
NOT_ASKED_SO = ("42703", "42601", "42883", 1054, 1064)
CONNECT_SECONDS = 10
ONLY_READING = {
    "postgresql": ("set transaction read only",),
    "mysql": ("set session transaction read only", "set session time_zone = '+00:00'"),
}
STREAMED = {"stream_results": True, "max_row_buffer": BATCH_ROWS}
DRIVERS = {"postgresql": "postgresql+psycopg", "mysql": "mysql+pymysql"}


@dataclass(frozen=True)
class Low:
    """Rows whose cursor is at least `value`, or has none."""

    column: str
    value: Any


@dataclass(frozen=True)
class Database:
    """An open connection. `kind`: postgresql or mysql."""

    source: SourceFiles
    kind: str
    connection: sa.Connection

    def columns(self, made: TableFrom) -> list[Column]:
        """Raises PullError where the table is not there, or is not this user's to read."""
        place = self.place(made)
        with reading(self.source, place):
            none = sa.select(sa.text("*")).select_from(self._rows(made)).limit(0)
            with self.connection.execute(none) as result:
                return columns_of(result.cursor.description, self.kind, place)

    def write(
        self,
        made: TableFrom,
        columns: Sequence[Column],
        file: Path,
        low: Low | None = None,
        whole: str | None = None,
    ) -> int:
        """Write these columns of all rows, or of those from `low` on, as Parquet; returns how many rows.

        `whole`: a column of which all rows come that share a value with a row from `low` on: the lines of an order.
        """
        place = self.place(made)
        rows = self._rows(made)
        selected: list[Any] = [sa.column(each.name) for each in columns]
        statement: Any = sa.select(*selected).select_from(rows)
        if low:
            is_new = sa.or_(sa.column(low.column) >= low.value, sa.column(low.column).is_(None))
            if whole:
                touched: sa.Select[Any] = sa.select(sa.column(whole)).select_from(self._rows(made)).where(is_new)
                is_new = sa.or_(sa.column(whole).in_(touched), sa.and_(sa.column(whole).is_(None), is_new))
            statement = statement.where(is_new)
        schema = pa.schema([(each.name, each.kind) for each in columns])
        written = 0
        with (
            pq.ParquetWriter(file, schema, compression="zstd") as writer,
            reading(self.source, place),
            self.connection.execute(statement, execution_options=STREAMED) as result,
        ):
            for part in result.partitions(BATCH_ROWS):
                values = zip(*part, strict=True)
                arrays = [column.array(each) for column, each in zip(columns, values, strict=True)]
                writer.write_table(pa.Table.from_arrays(arrays, schema=schema))
                written += len(part)
        return written

    def place(self, made: TableFrom) -> str:
        return f"source {self.source.name}: {made.table or 'its query'}"

    def _rows(self, made: TableFrom) -> sa.FromClause:
        if made.query:
            query = made.query.replace(":", "\\:")  # a colon names no parameter
            return sa.text(f"({query}) as churn_rows")  # type: ignore[return-value]
        schema, _, name = str(made.table).rpartition(".")
        return sa.table(name, schema=schema or None)


@contextmanager
def connected(source: SourceFiles) -> Iterator[Database]:
    """The database of a source, as it is at this moment: what others write meanwhile is not seen. Raises PullError."""
    url = sa.make_url(str(source.database))
    kind = DATABASES[url.drivername]
    url = url.set(
        drivername=DRIVERS[kind],
        username=os.environ.get(variable(source.name, "user")),
        password=os.environ.get(variable(source.name, "password")),
    )
    engine = sa.create_engine(url, poolclass=sa.NullPool, connect_args={"connect_timeout": CONNECT_SECONDS})
    with reading(source, f"source {source.name}"):
        connection = engine.connect().execution_options(isolation_level="REPEATABLE READ")
    try:
        with reading(source, f"source {source.name}"):
            for statement in ONLY_READING[kind]:
                connection.exec_driver_sql(statement)
        yield Database(source, kind, connection)
    finally:
        connection.close()
        engine.dispose()


def needed(columns: Sequence[Column], names: Sequence[str]) -> list[Column]:
    """The columns that hold `names`, which may be keys inside one (`payload.user.id`). Raises PullError for one that is
    not there.
    """
    by_name = {column.name.lower(): column for column in columns}
    chosen: dict[str, Column] = {}
    for name in names:
        lowered = name.strip().lower()
        column = by_name.get(lowered) or by_name.get(lowered.partition(".")[0])
        if column is None:
            near = get_close_matches(lowered, list(by_name), 1)
            hint = f"did you mean {by_name[near[0]].name}?" if near else f"it has {', '.join(c.name for c in columns)}"
            raise PullError(f"{columns[0].place} has no column {name}; {hint} (mapping.yaml)")
        chosen[column.name] = column
    return list(chosen.values())


@contextmanager
def reading(source: SourceFiles, place: str) -> Iterator[None]:
    """Errors of the driver as PullError with cause and next step, and without what the statement says."""
    try:
        yield
    except SQLAlchemyError as error:
        raise PullError(f"{place}: {_cause(error, source)}") from None
    except (UnicodeError, OverflowError, ValueError) as error:
        raise PullError(
            f"{place}: a value cannot be read ({type(error).__name__}): leave its column out, or cast it in a query"
        ) from None


def _cause(error: SQLAlchemyError, source: SourceFiles) -> str:
    origin = getattr(error, "orig", None) or error
    text = " ".join(str(origin).split())
    password = os.environ.get(variable(source.name, "password"))
    if password:
        text = text.replace(password, "...")
    text = text[:300].rstrip(".")
    first = origin.args[0] if origin.args else None
    code = first if isinstance(first, int) else getattr(origin, "sqlstate", None)
    user, secret = variable(source.name, "user"), variable(source.name, "password")
    steps = (
        (REFUSED, f"the database lets nobody in as it was asked to ({text}): set {user} and {secret}"),
        (NO_TABLE, f"there is no such table ({text}): correct table or query in mapping.yaml"),
        (FORBIDDEN, f"it is not this user's to read ({text}): grant select on it"),
        (NO_DATABASE, f"there is no such database ({text}): correct database in mapping.yaml"),
        (NOT_ASKED_SO, f"it cannot be asked like this ({text}): correct table, query or cursor in mapping.yaml"),
    )
    for codes, what in steps:
        if code in codes or any(isinstance(each, str) and " " in each and each in text for each in codes):
            return what
    if type(origin).__name__ == "DataError":
        return f"a value cannot be read ({text}): leave its column out, or cast it to text in a query"
    if isinstance(error, DBAPIError) and (error.connection_invalidated or _is_of_the_line(origin, code)):
        return f"the database does not answer ({text}): see whether it runs and can be reached, then churn pull"
    return f"the database says: {text}"


def _is_of_the_line(origin: BaseException, code: object) -> bool:
    lost = ("08", "57P")
    return (
        type(origin).__name__ in ("OperationalError", "InterfaceError", "ConnectionTimeout", "AdminShutdown")
        and (not isinstance(code, str) or code.startswith(lost))
    ) or (isinstance(code, str) and code.startswith(lost))
