"""One reading of one raw table: rows of a database or of files, what of them is new, and the file that says so."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path

import duckdb

from churn_assets.contracts.raw import RawTable
from churn_assets.duck import duck
from churn_assets.instance.home import Home
from churn_assets.landing.erased_users import erased_among
from churn_assets.landing.file_cache import FileCache
from churn_assets.landing.files import DataFile
from churn_assets.landing.inspect import open_files
from churn_assets.landing.mapped import Columns, mapped_rows
from churn_assets.landing.parquet import read_parquet_sql
from churn_assets.landing.pulled import DELETED, LastReading, folder_of, last_reading, pulled_files
from churn_assets.landing.text import identifier, literal
from churn_assets.landing.tombstones import Tombstones
from churn_assets.pulling.columns import Column
from churn_assets.pulling.cursor import cursor_of, low_of, reached
from churn_assets.pulling.database import Database, Low, needed
from churn_assets.pulling.errors import PullError
from churn_assets.pulling.fresh import CURSOR, KNOWN, Shape, count, held_rows, make_batch, make_fresh, make_gone
from churn_assets.settings.mapping import ColumnFrom, SourceFiles, TableFrom
from churn_assets.settings.pulled import WITH_DELETIONS

News = tuple[Path | None, int, int, bool]  # file, new rows, deleted ones, whether it is the first reading
FEWEST_GONE = 20  # so few may go at once whatever their share


@dataclass(frozen=True)
class TableRead:
    """What a reading of a table found, before anybody else sees it. `file`: new rows; None where there are none.

    `rows`: new and changed ones; `gone`: deleted ones; `unmarked`: rows without a value in the cursor, read each time.
    """

    source: str
    table: str
    folder: Path
    file: Path | None
    reading: LastReading
    rows: int
    gone: int
    unmarked: int
    is_first: bool
    has_changed: bool


@dataclass(frozen=True)
class TableReader:
    """Reads one raw table of one source. `work`: folder for files on the way; `orders`: files with new orders."""

    home: Home
    source: SourceFiles
    table: RawTable
    now: datetime
    work: Path
    orders: Path | None = None

    @property
    def made(self) -> TableFrom:
        return self.source.tables[self.table.name]

    @property
    def folder(self) -> Path:
        return folder_of(self.home.root, self.table.name, self.source.name)

    def read(self, database: Database) -> TableRead:
        """Raises PullError, LandingError."""
        last, made_of = last_reading(self.folder), self.made_of
        columns = database.columns(self.made)
        wanted = needed(columns, names_of(self.made))
        cursor = cursor_of(self.made, wanted)
        has_changed = last is not None and last.made_of != made_of
        low = None if last is None or has_changed or cursor is None else low_of(self.made, cursor, last)
        raw = self.work / f"{self.table.name}.rows"
        database.write(self.made, wanted, raw, low, self._whole(wanted) if low else None)
        with self._comparing() as connection:
            rows, shape = self._mapped(connection, self.made, raw, wanted, cursor)
            searched_at = last.searched_at if last else self.now
            looks = self._looks_for_deleted(low, searched_at)

            def there() -> str:
                return "batch" if low is None else self._keys(connection, database, wanted, shape)

            news = self._news(connection, rows, shape, last, there if looks else None, database.place(self.made))
            before = last.cursor if last and low else None  # of another column, perhaps, where everything was read
            zone = self.source.options(self.home.settings.landing).time_zone
            newest, unmarked = reached(connection, raw, cursor, before, self.now, zone)
        reading = LastReading(self.now, made_of, newest, self.now if looks else searched_at)
        return self._found(news, reading, unmarked, has_changed=has_changed)

    def read_files(self, files: Sequence[DataFile], tag: str) -> TableRead:
        """Files with the rows, read as files of the landing are. `tag`: which versions of them. Raises LandingError."""
        last, made_of = last_reading(self.folder), self.made_of
        options = self.source.options(self.home.settings.landing)
        with self._comparing() as connection, FileCache.at(self.work / "copies") as cache:
            opened = list(open_files(connection, cache, self.table, self.source, files, options))
            parts = [mapped_rows(self.table, self.source, each.sql, each.columns, each.files) for each in opened]
            names = list(dict.fromkeys(name for part in parts for name in part.columns))
            kinds = {name: {part.columns[name][1] for part in parts if name in part.columns} for name in names}
            types = {name: next(iter(of)) if len(of) == 1 else "VARCHAR" for name, of in kinds.items()}
            united = " union all by name ".join(_as_types(part.sql, part.columns, types) for part in parts)
            place = f"source {self.source.name}: {self.table.name}"
            there = (lambda: "batch") if self.made.holds_everything and self.table.name in WITH_DELETIONS else None
            news = self._news(connection, f"({united})", Shape(self.table, self.made, types), last, there, place)
        has_changed = last is not None and last.made_of != made_of
        return self._found(news, LastReading(self.now, made_of, tag=tag), 0, has_changed=has_changed)

    def unchanged(self, last: LastReading | None, tag: str) -> TableRead:
        """Nothing was read, since there is nothing new, or nothing at all yet. `tag` as in `read_files`."""
        reading = replace(last, read_at=self.now) if last else LastReading(self.now, self.made_of, tag=tag)
        return self._found((None, 0, 0, last is None), reading, 0, has_changed=False)

    @contextmanager
    def _comparing(self) -> Iterator[duckdb.DuckDBPyConnection]:
        with duck() as connection:
            connection.execute(f"set temp_directory = {literal(self.work)}; set enable_progress_bar = false")
            yield connection

    def _news(
        self,
        connection: duckdb.DuckDBPyConnection,
        rows: str,
        shape: Shape,
        last: LastReading | None,
        there: Callable[[], str] | None,
        place: str,
    ) -> News:
        """What of `rows` is new, in a file. `there`: gives the relation of the keys that are still there; None: deleted
        rows are not looked for.
        """
        held = [file.path for file in pulled_files(self.home.root, self.table.name, self.source.name)]
        where = self._of_nobody_erased(connection, rows, shape)
        file, gone = self.work / f"{self.table.name}.parquet", 0
        is_first = last is None and not held
        if is_first:
            self._write_first(connection, rows, shape, where, file)
            fresh = count(connection, f"read_parquet({literal(file)})")
        else:
            relation, has = held_rows(connection, held)
            make_batch(connection, shape, rows, self._claimed(shape), where)
            fresh = make_fresh(connection, shape, relation, has, last.read_at if last else self.now, self.now)
            if there and held:
                gone, of = make_gone(connection, shape, relation, has, there(), self.now)
                self._refuse_many_gone(place, gone, of)
            self._write(connection, gone, file)
        return file if fresh or gone else None, fresh, gone, is_first

    def _found(self, news: News, reading: LastReading, unmarked: int, *, has_changed: bool) -> TableRead:
        file, fresh, gone, is_first = news
        return TableRead(
            self.source.name, self.table.name, self.folder, file, reading, fresh, gone, unmarked, is_first, has_changed
        )

    @property
    def made_of(self) -> str:
        """Hash of the part of mapping.yaml by which the table is read."""
        text = f"{self.source.model_dump_json(exclude={'tables', 'name'})} {self.made.model_dump_json()}"
        return hashlib.sha256(text.encode()).hexdigest()[:16]

    def _whole(self, wanted: list[Column]) -> str | None:
        """The column of the order, where lines of an order are read together."""
        if not (self.table.has_lines or self.made.repeated_ids == "lines"):
            return None
        name = self.made.columns["order_id"].column
        column = next((each for each in wanted if name and each.name.lower() == name.strip().lower()), None)
        if column is None:
            raise PullError(
                f"source {self.source.name}: {self.table.name}.order_id has to be a column as it stands, since all "
                "lines of an order are read together: name one, or leave out the cursor"
            )
        return column.name

    def _mapped(
        self,
        connection: duckdb.DuckDBPyConnection,
        made: TableFrom,
        raw: Path,
        columns: list[Column],
        cursor: Column | None,
    ) -> tuple[str, Shape]:
        """The rows read as rows of the raw table, with the cursor beside them."""
        base = read_parquet_sql([raw])
        described = connection.execute(f"describe select * from {base}").fetchall()
        kinds = {str(row[0]).lower(): (str(row[0]), str(row[1])) for row in described}
        of = {column.name.lower(): kinds[column.name.lower()] for column in columns}
        marked = {**made.columns, CURSOR: ColumnFrom(column=cursor.name)} if cursor else made.columns
        with_cursor = made.model_copy(update={"columns": marked})
        source = self.source.model_copy(update={"tables": {self.table.name: with_cursor}})
        mapped = mapped_rows(self.table, source, base, of, {raw: raw})
        return mapped.sql, Shape(self.table, made, {name: kind for name, (_, kind) in mapped.columns.items()})

    def _of_nobody_erased(self, connection: duckdb.DuckDBPyConnection, rows: str, shape: Shape) -> str:
        """SQL condition: rows of users who were not erased, whose tombstones are in the home."""
        if "user_id" in shape.types:
            users = connection.execute(f"select distinct cast(user_id as varchar) from {rows}").fetchall()
            erased = sorted(erased_among(self.home.root, (user for (user,) in users if user is not None)))
            return f"coalesce(list_position([{_listed(erased)}], cast(user_id as varchar)) is null, true)"
        if "order_id" in shape.types and "orders" in self.source.tables and Tombstones(self.home.root).salts:
            return f"cast(order_id as varchar) in (select order_id from {self._orders()})"
        return "true"

    def _orders(self) -> str:
        """Relation of the orders of this source: order_id, and known_at, from when on it was there; -infinity where it
        was there at the first reading.
        """
        files = [file.path for file in pulled_files(self.home.root, "orders", self.source.name)]
        files += [self.orders] if self.orders else []
        if not files:
            return "(select null as order_id, null as known_at where false)"
        known = f"coalesce(try_cast({KNOWN} as timestamptz), timestamptz '-infinity')"
        listed = ", ".join(literal(file) for file in files)
        return (
            f"(select cast(order_id as varchar) as order_id, timezone('UTC', min({known})) as known_at "
            f"from read_parquet([{listed}], hive_partitioning = false, union_by_name = true) group by 1)"
        )

    def _claimed(self, shape: Shape) -> str:
        options = self.source.options(self.home.settings.landing)
        orders = self._orders() if "orders" in self.source.tables and self.table.name != "orders" else None
        return shape.claimed(options.time_zone, options.ingested_time_zone or options.time_zone, orders)

    def _write_first(
        self, connection: duckdb.DuckDBPyConnection, rows: str, shape: Shape, where: str, file: Path
    ) -> None:
        """Everything. Rows count as known when they happened, unless the mapping says since when they are known."""
        own = identifier(KNOWN) if KNOWN in shape.types else "cast(null as timestamptz)"
        deleted = f", false as {DELETED}" if self.table.name in WITH_DELETIONS else ""
        columns = ", ".join(identifier(name) for name in shape.values)
        self._copy(connection, f"select {columns}, {own} as {KNOWN}{deleted} from {rows} where {where}", file)

    def _write(self, connection: duckdb.DuckDBPyConnection, gone: int, file: Path) -> None:
        query = "select * from fresh"
        if self.table.name in WITH_DELETIONS:
            query = f"select *, false as {DELETED} from fresh"
        if gone:
            query += " union all by name select * from gone"
        self._copy(connection, query, file)

    @staticmethod
    def _copy(connection: duckdb.DuckDBPyConnection, query: str, file: Path) -> None:
        connection.execute(f"copy ({query}) to {literal(file)} (format parquet, compression zstd)")

    def _looks_for_deleted(self, low: Low | None, searched_at: datetime | None) -> bool:
        hours = self.made.deleted_after_hours
        if self.table.name not in WITH_DELETIONS or not hours:
            return False
        return low is None or searched_at is None or self.now - searched_at >= timedelta(hours=hours)

    def _keys(
        self, connection: duckdb.DuckDBPyConnection, database: Database, wanted: list[Column], shape: Shape
    ) -> str:
        """Temporary table with the key of every row that the database has."""
        keys = {name: made for name, made in self.made.columns.items() if name in self.table.key}
        of_keys = self.made.model_copy(update={"columns": keys, "cursor": None})
        columns = needed(wanted, names_of(of_keys))
        raw = self.work / f"{self.table.name}.keys"
        database.write(self.made, columns, raw)
        rows, _ = self._mapped(connection, of_keys, raw, columns, None)
        connection.execute(
            f"create or replace temp table there as select distinct {shape.key(list(keys))} as landing_key from {rows}"
        )
        return "there"

    def _refuse_many_gone(self, place: str, gone: int, of: int) -> None:
        """Orders only: a consent that is gone is a no, however many there are."""
        share = self.made.max_deleted_share
        if self.table.name == "orders" and gone > FEWEST_GONE and gone > share * of:
            raise PullError(
                f"{place}: {gone:,} of {of:,} orders that were read are gone, more than {share:.0%}: bring them back; "
                "or, if they were archived, set deleted_after_hours: 0; or, if they never happened, raise "
                "max_deleted_share"
            )


def names_of(made: TableFrom) -> list[str]:
    """Names of mapping.yaml that are columns of the database."""
    inside = made.each.strip().lower() if made.each else None
    names = [name for column in made.columns.values() for name in column.columns]
    names += [*made.only, *(each for each in (made.once_per, made.each, made.cursor) if each)]
    return [name for name in names if inside is None or name.strip().lower().partition(".")[0] != inside] + (
        [made.each] if made.each else []
    )


def _as_types(sql: str, columns: Columns, types: Mapping[str, str]) -> str:
    """The rows with columns of one type in all files: text where they differ."""
    cast = [
        identifier(name) if kind == types[name] else f"cast({identifier(name)} as varchar) as {identifier(name)}"
        for name, (_, kind) in columns.items()
    ]
    return f"select {', '.join(cast)} from {sql}"


def _listed(words: list[str]) -> str:
    return ", ".join(literal(word) for word in words)
