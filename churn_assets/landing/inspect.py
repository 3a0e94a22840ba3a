"""The contents of the landing folder: which files make which raw table, how each is read, and one clear error for a
file that cannot be read. Rows are validated by the relation that reads them (landing/relation.py).
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from difflib import get_close_matches
from functools import partial
from pathlib import Path

import duckdb

from churn_assets.contracts.extra import is_extra
from churn_assets.contracts.raw import RawTable, raw_contract
from churn_assets.duck import duck
from churn_assets.landing.change_feed import ChangeFeed
from churn_assets.landing.conflicts import Conflicts, find_conflicts, without_conflicts
from churn_assets.landing.contents import LandedFile, LandedTable, LandingContents
from churn_assets.landing.csv import open_csv, read_csv_sql, validate
from churn_assets.landing.errors import LandingError
from churn_assets.landing.file_cache import FileCache
from churn_assets.landing.files import (
    BOOKKEEPING,
    OF_NO_KIND,
    READ,
    SPREADSHEET,
    DataFile,
    Format,
    Unread,
    files_of_table,
    is_bookkeeping,
    natural_order,
)  # fmt: skip
from churn_assets.landing.json import open_json, read_json_sql
from churn_assets.landing.lookups import LookupFile, with_lookups
from churn_assets.landing.mapped import Columns, Foreign, files_of, mapped_rows
from churn_assets.landing.parquet import open_parquet, read_parquet_sql
from churn_assets.landing.relation import Reading, Source, relation
from churn_assets.landing.repeated import with_meaning
from churn_assets.landing.values import FLOATS, WHOLE
from churn_assets.settings.extra import ExtraColumn, contract_with
from churn_assets.settings.landing import Landing, RepeatedIds
from churn_assets.settings.mapping import SourceFiles

IGNORED_TOP = ("lost+found",)


def inspect(
    uri: str,
    received: Path | None = None,
    options: Landing | None = None,
    extra: Sequence[ExtraColumn] = (),
    *,
    cache: Path | None = None,
    now: datetime | None = None,
) -> dict[str, LandedTable]:
    """Raw tables under `uri` and under `received`, by name, with the declared `extra` columns. Raises LandingError.

    `cache`: folder of the file cache. `now`: the moment of reading.
    """
    return dict(survey(uri, received, options, extra, cache=cache, now=now).tables)


def survey(
    uri: str,
    received: Path | None = None,
    options: Landing | None = None,
    extra: Sequence[ExtraColumn] = (),
    *,
    cache: Path | None = None,
    now: datetime | None = None,
    foreign: Foreign | None = None,
    needs_orders: bool = True,
) -> LandingContents:
    """The raw tables as `inspect` gives them, with rows of `foreign` files, and the files that are not read."""
    root, foreign = Path(uri.removeprefix("file://")), foreign or Foreign()
    if not root.is_dir() and not foreign.mapping.sources:
        raise LandingError(f"{root} is not a folder: put the raw tables there or set landing.uri (CHURN__LANDING__URI)")
    if set("*?[]") & set(str(root)):
        raise LandingError(f"{root} has *, ? or [ in its name, which would be read as a pattern: rename the folder")
    reading = Reading(options or Landing(), now or datetime.now(UTC).replace(tzinfo=None))
    with duck() as connection, FileCache.at(cache) as file_cache:
        opener = _Opener(connection, file_cache, reading.options, foreign)
        tables = {}
        for table in contract_with(extra):
            landed_table = opener.table(table, root / table.name, received / table.name if received else None, reading)
            if landed_table:
                tables[table.name] = landed_table
    # Of a table with other files its own list has them.
    left = [
        each
        for table in raw_contract()
        if table.name not in tables
        for each in files_of_table(root / table.name).unread
        if each.reason != BOOKKEEPING
    ]
    for table in raw_contract():
        if needs_orders and table.must_exist and table.name not in tables:
            if any(source.is_pulled for source in foreign.sources(table.name)):
                raise LandingError(
                    f"nothing was read of {table.name} yet: churn pull reads it ({_sources_of(foreign, table)})"
                )
            there = [each for each in left if each.path.is_relative_to(root / table.name)]
            seen = f"; {there[0].path} is {there[0].reason}" if there else ""
            raise LandingError(
                f"no files for {table.name}: expected {root / table.name}/ with {READ}{seen}; files of another form "
                "are read where they lie once churn map knows them"
            )
    beside = (*(_beside_tables(root) if root.is_dir() else ()), *left)
    return LandingContents(tables, beside, tuple(extra))


def _sources_of(foreign: Foreign, table: RawTable) -> str:
    return ", ".join(f"source {source.name}" for source in foreign.sources(table.name) if source.is_pulled)


def _beside_tables(root: Path) -> Iterable[Unread]:
    """Files and folders of the landing that belong to no table."""
    names = [table.name for table in raw_contract()]
    for path in sorted(root.iterdir()):
        if path.name in names or is_bookkeeping(Path(path.name)) or path.name in IGNORED_TOP:
            continue
        near = get_close_matches(path.name.lower().split(".")[0], names, 1, 0.7)
        hint = f"; did you mean the folder {near[0]}?" if near else ""
        yield Unread(path, f"not a folder of a raw table{hint}")


@dataclass(frozen=True)
class _Opener:
    connection: duckdb.DuckDBPyConnection
    cache: FileCache
    options: Landing
    foreign: Foreign

    def table(self, table: RawTable, folder: Path, received: Path | None, reading: Reading) -> LandedTable | None:
        folder_files = files_of_table(folder)
        received_files = files_of_table(received).files if received else []
        files = sorted(self.opened(table, folder_files.files, is_ours=False), key=lambda file: natural_order(file.path))
        for source in self.foreign.sources(table.name):
            files += self._pulled(table, source) if source.is_pulled else self._made(table, source)
        files += self.opened(table, received_files, is_ours=True)
        if table.name == "consents":
            _no_consents_are_left_out(folder_files.unread)
        if not files:
            return None
        for file in files:
            missing = [c.name for c in table.columns if c.is_required and c.name not in file.columns]
            if missing and file.columns:
                raise LandingError(
                    f"{file.path}: required column {', '.join(missing)} of {table.name} is missing; "
                    f"it has {', '.join(sorted(file.columns))}"
                )
        _ids_have_one_type(table, files)
        sources = list(sources_of(table, files, self.options))
        self._nothing_is_deleted(table, sources)
        scan, conflicts = self._without_conflicts(table, files, relation(table, sources, reading))
        return LandedTable(table, tuple(files), tuple(folder_files.unread), reading, scan, conflicts)

    def _without_conflicts(self, table: RawTable, files: Sequence[LandedFile], scan: str) -> tuple[str, Conflicts]:
        """The relation under the configured meaning of repeated ids, and the conflicts that remain."""
        paths = [file.data for file in files]
        scan = with_meaning(table, scan, self._repeated_ids(table), paths)
        extra = "".join(f" {column.name} {column.kind}" for column in table.columns if is_extra(column.name))
        made = "".join(source.model_dump_json() for source in self.foreign.sources(table.name))
        beside = {each.path for file in files for lookup in file.lookups.values() for each in lookup}
        digest = self.cache.digest(
            [*(file.path for file in files), *sorted(beside)], self.options.model_dump_json() + extra + made
        )
        conflicts = self.cache.conflicts(
            f"{table.name} {digest}", lambda store: find_conflicts(self.connection, table, scan, paths, store)
        )
        return without_conflicts(table, scan, conflicts), conflicts

    def _repeated_ids(self, table: RawTable) -> RepeatedIds:
        """Of the settings, else of the sources. Raises LandingError where sources differ: a table has one meaning."""
        meanings: dict[RepeatedIds, str] = {}
        for source in self.foreign.sources(table.name):
            meaning = source.tables[table.name].repeated_ids
            if meaning:
                meanings[meaning] = source.name
        if len(meanings) > 1:
            raise LandingError(
                f"{table.name}: sources {', '.join(meanings.values())} state {', '.join(meanings)} as repeated_ids: a "
                "table has one meaning of them"
            )
        own = self.options.repeated_ids.get(table.name)
        return own or next(iter(meanings), None) or "corrections"

    def _pulled(self, table: RawTable, source: SourceFiles) -> Iterable[LandedFile]:
        """What was pulled of a source, which has the columns of the contract already."""
        for file in self.opened(table, self.foreign.files(table.name, source)):
            yield replace(file, pulled=source)

    def _made(self, table: RawTable, source: SourceFiles) -> Iterable[LandedFile]:
        """Files of another system, as rows of `table`."""
        encoding = source.encoding or self.options.encoding
        digest = hashlib.sha256(source.model_dump_json().encode()).hexdigest()[:16]
        lookups = {
            name: tuple(
                LookupFile(file.path, _read_sql(file, [file.data]), file.columns)
                for file in sorted(
                    self.opened(table, files, encoding=encoding), key=lambda each: natural_order(each.path)
                )
            )
            for name, files in self.foreign.lookup_files(source).items()
        }
        for file in self.opened(
            table, files_of(source, self.foreign.folder), encoding=encoding, skip=source.skip_lines
        ):
            read = _read_sql(file, [file.data])
            sql, columns = with_lookups(read, file.columns, source, source.tables[table.name], lookups)
            made = mapped_rows(table, source, sql, columns, {file.data: file.path})
            rows = file.rows
            if made.drops_rows:
                count = partial(_count, self.connection, made.sql)
                rows = self.cache.rows(file.path, f"{encoding} {table.name} {digest}", count)
            yield replace(file, columns=made.columns, rows=rows, foreign=source, native=file.columns, lookups=lookups)

    def opened(
        self, table: RawTable, files: Sequence[DataFile], *, is_ours: bool = False, encoding: str = "", skip: int = 0
    ) -> Iterable[LandedFile]:
        encoding = "utf-8" if is_ours else encoding or self.options.encoding
        parquet = [file for file in files if file.format == Format.PARQUET]
        yield from (
            LandedFile(
                opened.file, opened.file.path, {name.lower(): (name, kind) for name, kind in opened.types}, opened.rows,
                is_ours=is_ours,
            )
            for opened in open_parquet(self.connection, parquet, self.cache)
        )  # fmt: skip
        for file in files:
            if file.format == Format.CSV:
                key = f"{encoding} {skip}" if skip else encoding
                csv_file = open_csv(file, encoding, self.cache.copy_of(file.path, key), skip)
                rows = self.cache.rows(file.path, key, partial(validate, self.connection, csv_file, table))
                columns = {name: (name, "VARCHAR") for name in csv_file.shape.columns}
                yield LandedFile(file, csv_file.data, columns, rows, csv_file.shape, is_ours)
            elif file.format == Format.JSON:
                json_file = open_json(self.connection, file)
                columns = {name.strip().lower(): (name, "VARCHAR") for name in json_file.names}
                yield LandedFile(file, file.path, columns, json_file.rows, None, is_ours)

    def _nothing_is_deleted(self, table: RawTable, sources: Sequence[Source]) -> None:
        """Deletions are supported for orders (no purchase) and consents (a no); elsewhere they raise LandingError."""
        if table.name in ("orders", "consents"):
            return
        for source in sources:
            if source.feed.columns:
                columns = ", ".join(f'"{name}" as {alias}' for name, alias in source.feed.columns.items())
                sql = f"select count(*) from (select {columns} from {source.relation}) where {source.feed.is_deletion}"
                row = self.connection.execute(sql).fetchone()
                if row and row[0]:
                    raise LandingError(
                        f"{table.name}: {row[0]:,} rows say that they are deleted ({', '.join(source.feed.columns)}): "
                        "a change feed is supported for orders and consents only. Export the table as it stands now"
                    )


@dataclass(frozen=True)
class OpenedFile:
    """A foreign file as it is. `sql`: what reads it, after FROM; `files`: path that is read -> the file itself."""

    sql: str
    columns: Columns
    files: Mapping[Path, Path]


def open_files(
    connection: duckdb.DuckDBPyConnection,
    cache: FileCache,
    table: RawTable,
    source: SourceFiles,
    files: Sequence[DataFile],
    options: Landing,
) -> Iterable[OpenedFile]:
    """Files of another system, which are not rows of a raw table yet. Raises LandingError."""
    opener = _Opener(connection, cache, options, Foreign())
    for file in opener.opened(table, files, encoding=options.encoding, skip=source.skip_lines):
        yield OpenedFile(_read_sql(file, [file.data]), file.columns, {file.data: file.path})


def sources_of(table: RawTable, files: Iterable[LandedFile], options: Landing) -> Iterable[Source]:
    """Files of one shape are read together; files without a column have no rows."""
    shapes: dict[object, list[LandedFile]] = defaultdict(list)
    for file in files:
        if file.columns:
            own = tuple((file.native or file.columns).items())
            origin = file.foreign or file.pulled
            name = origin.name if origin else None
            shapes[(file.file.format, file.file.compression, file.shape, own, file.is_ours, name)].append(file)
    contract = {column.name for column in table.columns}
    for group in shapes.values():
        first = group[0]
        sql = _read_sql(first, [file.data for file in group])
        if first.foreign:
            files_read = {file.data: file.path for file in group}
            made_from = first.foreign.tables[table.name]
            sql, columns = with_lookups(sql, first.native, first.foreign, made_from, first.lookups)
            made = mapped_rows(table, first.foreign, sql, columns, files_read)
            yield Source(made.sql, made.columns, ChangeFeed.among({}), options=first.foreign.options(options))
            continue
        source_columns = {name: column_items for name, column_items in first.columns.items() if name in contract}
        own_options = first.pulled.options(options) if first.pulled else None
        yield Source(sql, source_columns, ChangeFeed.among(first.columns), first.is_ours, own_options)


def _read_sql(file: LandedFile, paths: Sequence[Path]) -> str:
    """SQL after FROM that reads files of the shape of `file`."""
    columns = file.native or file.columns
    if file.shape:
        return read_csv_sql(file.shape, paths)
    if file.file.format == Format.JSON:
        return read_json_sql([name for name, _ in columns.values()], paths, file.file.compression)
    return read_parquet_sql(paths)


def _count(connection: duckdb.DuckDBPyConnection, sql: str) -> int:
    row = connection.execute(f"select count(*) from {sql}").fetchone()
    return int(row[0]) if row else 0


def _ids_have_one_type(table: RawTable, files: Sequence[LandedFile]) -> None:
    """Raises LandingError for ids that are whole numbers in one file and floats in another: the floats lost digits."""
    for column in table.columns:
        if not column.is_id:
            continue
        of_type = {file.columns[column.name][1]: file for file in files if column.name in file.columns}
        whole = next((file for kind, file in of_type.items() if kind in WHOLE), None)
        floats = next((file for kind, file in of_type.items() if kind in FLOATS), None)
        if whole and floats:
            raise LandingError(
                f"{table.name}.{column.name} holds whole numbers in {whole.path} and floats in {floats.path}, where a "
                "long id has lost its last digits: write it as text or as whole numbers (int64) in every file"
            )


def _no_consents_are_left_out(unread: Iterable[Unread]) -> None:
    """Raises LandingError where a file among the consents is not read: it may hold withdrawals."""
    for file in unread:
        if file.reason in (OF_NO_KIND, SPREADSHEET):
            raise LandingError(
                f"{file.path} lies among the consents and is not read ({READ} are): it may hold withdrawals. Deliver "
                "it as one of these, or move it away"
            )
