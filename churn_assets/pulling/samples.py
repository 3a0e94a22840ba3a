"""Tables of a database as samples for `churn map`: names and types of columns, and some rows as text."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pyarrow as pa
import pyarrow.parquet as pq
import sqlalchemy as sa

from churn_assets.pulling.database import Database, connected, reading
from churn_assets.pulling.errors import PullError
from churn_assets.settings.mapping import SourceFiles
from churn_assets.settings.pulled import checked_database, variable
from churn_assets.sources.fit import Made, Sample

ROWS, LONGEST = 500, 2_000
BITS = (b"\x00", b"\x01")  # bit(1), which MySQL has for yes and no
OF_SYSTEM = ("information_schema", "pg_catalog", "mysql", "performance_schema", "sys")
# Names by which a column says since when a row is as it is, the surest first; without one a number that grows.
CURSORS = ("updated_at", "modified_at", "last_modified", "date_modified", "date_updated", "changed_at", "updated",
           "modified", "update_time", "gmt_modified", "last_update", "_updated_at", "_synced_at")  # fmt: skip
GROWING = ("id", "entity_id", "event_id")


def name_of(url: str) -> str:
    """The name of the source: that of the database."""
    try:
        checked_database(url)
    except ValueError as error:
        raise PullError(f"{error}.") from None
    return re.sub(r"[^a-z0-9]+", "_", urlsplit(url).path.strip("/").lower()).strip("_")[:40] or "database"


@dataclass(frozen=True)
class DatabaseSamples:
    """Tables of a database as the recogniser reads files. `own_names`: by sample, names as the recogniser has them ->
    names in the database: a bare `id` is that of its table.
    """

    url: str
    samples: tuple[Sample, ...]
    own_names: Mapping[str, Mapping[str, str]]

    def has(self, proposed: Made) -> bool:
        """Whether a proposed source is of this database."""
        return proposed["files"] in self.own_names

    def shown(self, proposed: Made, folder: Path) -> Made:
        """The same as a source of files, with the rows of the sample in a file of `folder`."""
        (sample,) = [each for each in self.samples if each.files == proposed["files"]]
        file = folder / f"{proposed['name']}.parquet"
        schema = pa.schema([(name, pa.string()) for name in sample.columns])
        pq.write_table(pa.Table.from_pylist([dict(row) for row in sample.rows], schema), file)
        return {**proposed, "files": str(file)}

    def written(self, proposals: Sequence[Made]) -> tuple[list[Made], list[str]]:
        """Entries of mapping.yaml, and what a person should look at: all tables in one source, read at one moment; a
        further source for what feeds a raw table a second time.
        """
        sources: list[Made] = []
        notes: list[str] = []
        for proposed in proposals:
            own = self.own_names[proposed["files"]]
            table = proposed["files"].partition("#")[2]
            made = {name: self._table(table, _renamed(each, own), own) for name, each in proposed["tables"].items()}
            notes += _notes(table, next(iter(made.values())).get("cursor"))
            target = next((each for each in sources if not each["tables"].keys() & made.keys()), None)
            if target is None:
                name = name_of(self.url) + (f"_{len(sources) + 1}" if sources else "")
                target = {"name": name, "database": self.url, "tables": {}}
                sources.append(target)
            target["tables"] |= made
        for source in sources[1:]:
            user, password = variable(source["name"], "user"), variable(source["name"], "password")
            notes.append(f"{source['name']}: a further source of the same database, which reads {user} and {password}")
        return sources, notes

    @staticmethod
    def _table(table: str, made: Made, own: Mapping[str, str]) -> Made:
        cursor = _cursor(own.values())
        return {"table": table, **({"cursor": cursor} if cursor else {}), **made}


def samples_of_database(url: str) -> DatabaseSamples:
    """One for each table and view that can be read. Raises PullError."""
    with connected(_source(url)) as database:
        tables = list(_tables(database))
    samples, own_names = [], {}
    for table, columns, rows in tables:
        known_as = {column: _known_as(table, column, columns) for column in columns}
        files = f"{url}#{table}"
        own_names[files] = {known: column for column, known in known_as.items()}
        renamed = tuple({known_as[column]: value for column, value in row.items()} for row in rows)
        samples.append(Sample(table, files, tuple(known_as.values()), renamed))
    return DatabaseSamples(url, tuple(samples), own_names)


def _known_as(table: str, column: str, columns: Sequence[str]) -> str:
    """A bare id by the name of its table: id of orders is order_id."""
    name = table.rpartition(".")[2].lower()
    singular = name[:-3] + "y" if name.endswith("ies") else name.removesuffix("s")
    longer = f"{singular}_id"
    return longer if column.lower() == "id" and longer not in [each.lower() for each in columns] else column


def _renamed(made: Any, own: Mapping[str, str]) -> Any:
    """With the names of the database wherever a column is named."""
    if isinstance(made, str):
        return own.get(made, made)
    if isinstance(made, list | tuple):
        return [_renamed(each, own) for each in made]
    kept = ("words", "constant", "otherwise", "format", "epoch", "between", "repeated_ids")
    return {
        own.get(key, key) if isinstance(value, str | list | tuple) else key: value
        if key in kept
        else _renamed(value, own)
        for key, value in made.items()
    }


def _notes(table: str, cursor: str | None) -> Iterator[str]:
    if cursor is None:
        yield f"{table}: no column says when a row was written, so everything is read each time"
    elif cursor.lower() in GROWING:
        yield f"{table}: {cursor} grows with new rows only, so changes of old rows are not seen"


def _cursor(columns: Iterable[str]) -> str | None:
    by_name = {column.lower(): column for column in columns}
    return next((by_name[name] for name in (*CURSORS, *GROWING) if name in by_name), None)


def _source(url: str) -> SourceFiles:
    """As yet without tables that are known to be there."""
    placeholder = {"orders": {"table": "orders", "columns": dict.fromkeys(NEEDED, "id")}}
    return SourceFiles.model_validate({"name": name_of(url), "database": url, "tables": placeholder})


NEEDED = ("order_id", "user_id", "ordered_at", "amount")


def _tables(database: Database) -> Iterator[tuple[str, list[str], list[dict[str, str | None]]]]:
    with reading(database.source, f"source {database.source.name}"):
        inspector = sa.inspect(database.connection)
        default = str(inspector.default_schema_name)
        schemas = [name for name in inspector.get_schema_names() if name not in OF_SYSTEM]
        schemas = [default] if database.kind == "mysql" else schemas
    for schema in schemas:
        with reading(database.source, f"source {database.source.name}"):
            names = sorted({*inspector.get_table_names(schema), *inspector.get_view_names(schema)})
        for name in names:
            whole = name if schema == default else f"{schema}.{name}"
            rows = _rows(database, name, schema)
            if rows is not None:
                yield whole, *rows


def _rows(database: Database, name: str, schema: str | None) -> tuple[list[str], list[dict[str, str | None]]] | None:
    """The first rows, as text; None for a table that this user may not read."""
    table = sa.table(name, schema=schema)
    with reading(database.source, f"source {database.source.name}"):
        nested = database.connection.begin_nested()  # a refused table ends this alone
        try:
            with database.connection.execute(sa.select(sa.text("*")).select_from(table).limit(ROWS)) as result:
                columns = list(result.keys())
                rows = [dict(zip(columns, map(_text, row), strict=True)) for row in result]
        except sa.exc.DBAPIError:
            nested.rollback()
            return None
        nested.commit()
    return columns, rows


def _text(value: Any) -> str | None:
    if value in BITS:
        return str(BITS.index(value))
    if value is None or isinstance(value, bytes | memoryview):
        return None
    return ("true" if value else "false") if isinstance(value, bool) else str(value)[:LONGEST]
