"""What lies in the landing folder: which files make which raw table, and one clear error for what cannot be read.

Rows are not judged here; that is the business of the raw contract in dbt (models/staging/raw.yml).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Self

import duckdb

from churn_assets.defs.dbt.project import RawTable, raw_contract
from churn_assets.defs.duck import duck
from churn_assets.defs.landing.csv import CsvFiles
from churn_assets.defs.landing.errors import LandingError
from churn_assets.defs.landing.parquet import ParquetFiles


@dataclass(frozen=True)
class LandedTable:
    """One raw table that has files. `scan` is the SQL relation that reads them all, `types` what DuckDB makes of those
    columns of the contract that they have.
    """

    name: str
    scan: str
    types: Mapping[str, str]
    unknown_columns: tuple[str, ...]
    files: int
    bytes: int
    newest_at: datetime

    @property
    def columns(self) -> tuple[str, ...]:
        """In the order of the contract."""
        return tuple(self.types)

    def as_variable(self) -> dict[str, object]:
        """What dbt needs to know."""
        return {"scan": self.scan, "types": dict(self.types)}

    def without(self, condition: str) -> Self:
        """The same table, from which the rows that meet a SQL condition are never read."""
        return replace(self, scan=f"(select * from {self.scan} where not ({condition}))")


def inspect(uri: str, received: Path | None = None) -> dict[str, LandedTable]:
    """Raw tables found under `uri` and, beside them, under `received`, by name. Raises LandingError."""
    root = Path(uri.removeprefix("file://"))
    if not root.is_dir():
        raise LandingError(f"{root} is not a folder: put the raw tables there or set landing.uri (CHURN__LANDING__URI)")
    if set("*?[") & set(str(root)):
        raise LandingError(f"{root} has *, ? or [ in its name, which would be read as a pattern: rename the folder")
    with duck() as connection:
        roots = [root] if received is None else [root, received]
        found = [_inspect_table(connection, [at / table.name for at in roots], table) for table in raw_contract()]
    landed = {table.name: table for table in found if table}
    for table in raw_contract():
        if table.must_exist and table.name not in landed:
            raise LandingError(f"no files for {table.name}: expected {root / table.name}/*.parquet or *.csv")
    return landed


def _inspect_table(
    connection: duckdb.DuckDBPyConnection, folders: Sequence[Path], table: RawTable
) -> LandedTable | None:
    found = [read.under(connection, folder) for folder in folders for read in (ParquetFiles, CsvFiles)]
    parts = [part for part in found if part]
    if not parts:
        return None
    contract = [column.name for column in table.columns]
    for part in parts:
        for file, columns in part.columns_by_file.items():
            missing = [column.name for column in table.columns if column.is_required and column.name not in columns]
            if missing:
                raise LandingError(
                    f"{file}: required column {', '.join(missing)} of {table.name} is missing; "
                    f"it has {', '.join(sorted(columns))}"
                )
    present = {column for part in parts for columns in part.columns_by_file.values() for column in columns}
    columns = tuple(name for name in contract if name in present)
    scan = f"({' union all by name '.join(part.scan(columns) for part in parts)})"
    types = {name: kind for name, kind, *_ in connection.execute(f"describe select * from {scan}").fetchall()}
    stats = [file.stat() for part in parts for file in part.columns_by_file]
    return LandedTable(
        name=table.name,
        scan=scan,
        types={name: types[name] for name in columns},
        unknown_columns=tuple(sorted(present - set(contract))),
        files=len(stats),
        bytes=sum(stat.st_size for stat in stats),
        newest_at=datetime.fromtimestamp(max(stat.st_mtime for stat in stats), UTC),
    )
