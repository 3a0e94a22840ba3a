"""All that a home keeps, read to the last byte: published files, their second copies, the record, the databases."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import duckdb

from churn_assets.duck import duck
from churn_assets.instance.condition import damaged
from churn_assets.instance.home import Home
from churn_assets.instance.record.second import damage, edited
from churn_assets.instance.record.store import Record
from churn_assets.instance.tables import Tables
from churn_assets.landing.journal import Journal

TABLES = """
select schema_name, table_name, list(column_name) from duckdb_columns() inner join duckdb_tables()
using (schema_name, table_name) group by all order by all
"""


@dataclass(frozen=True)
class FilesRead:
    """`faults`: a sentence each, with what to do."""

    faults: list[str]
    files: int
    bytes: int
    seconds: float


def read_files(home: Home) -> FilesRead:
    """Read everything; nothing is changed. A raw table has no checksum here: it is the shop's."""
    started, faults = time.monotonic(), []
    is_readable = home.record.exists()
    if is_readable:
        faults += [f"{home.record} is damaged: {text}. Bring it back: churn heal" for text in damage(home.record)]
        is_readable = not faults
        faults += _edited(home) if is_readable else []
    if home.record_copy.exists():
        wrong = damage(home.record_copy) or edited(home.record_copy, home.record)
        faults += (
            [f"{home.record_copy}, the second copy of the record, is damaged: {wrong[0]}. churn heal"] if wrong else []
        )
    if is_readable:
        for each in damaged(Tables(home.tables, Record(home.record))):
            step = "churn heal" if each.partition.is_sealed else "churn rebuild"
            faults.append(f"{each.text}. {'Bring it back' if each.partition.is_sealed else 'Rebuild it'}: {step}")
    faults += warehouse_faults(home.warehouse) if home.warehouse.exists() else []
    databases = sorted(home.dagster.rglob("*.db")) if home.dagster.is_dir() else []
    faults += [fault for file in databases for fault in _in_database(file)]
    torn = Journal(home.root).torn()
    faults += (
        [f"{torn} lines of {Journal(home.root).inside} cannot be read. Bring it back from a backup"] if torn else []
    )
    files = [file for file in _read(home, databases) if file.is_file()]
    return FilesRead(faults, len(files), sum(file.stat().st_size for file in files), time.monotonic() - started)


def _read(home: Home, databases: list[Path]) -> Iterator[Path]:
    yield from (home.record, home.record_copy, home.warehouse, Journal(home.root).inside, *databases)
    for folder in (home.tables, home.copies / "tables"):
        yield from folder.rglob("*")


def _edited(home: Home) -> list[str]:
    return [
        f"{home.record} was edited, or bits of it have flipped: {text}. See churn doctor"
        for text in edited(home.record)
    ]


def warehouse_faults(file: Path) -> list[str]:
    """DuckDB compares the checksum of each block that it reads; so all columns are read."""
    try:
        with duck(file, read_only=True) as connection:
            for schema, table, columns in connection.execute(TABLES).fetchall():
                listed = ", ".join(f'"{column}"' for column in columns)
                connection.execute(f'select bit_xor(hash({listed})) from "{schema}"."{table}"').fetchall()
    except duckdb.Error as error:
        text = " ".join(str(error).split())
        return [f"{file} cannot be read: {text[:300]}. Rebuild it: churn rebuild"]
    return []


def _in_database(file: Path) -> Iterator[str]:
    """Of Dagster: records of past runs, whose loss stops nothing."""
    try:
        with closing(sqlite3.connect(f"file:{quote(str(file))}?mode=ro", uri=True)) as connection:
            rows = [str(text) for (text,) in connection.execute("pragma integrity_check(1)")]
    except sqlite3.DatabaseError as error:
        rows = [str(error)]
    if rows != ["ok"]:
        yield f"{file} is damaged: {rows[0]}. It records past runs only: move it away, and it is rebuilt"
