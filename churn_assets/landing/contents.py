"""What the landing holds: its raw tables, each with its files and the SQL that reads them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import Self

from churn_assets.contracts.extra import is_extra
from churn_assets.contracts.raw import RawTable
from churn_assets.landing.conflicts import Conflicts
from churn_assets.landing.csv import Shape
from churn_assets.landing.files import DataFile, Unread
from churn_assets.landing.lookups import Lookups
from churn_assets.landing.relation import Reading
from churn_assets.settings.extra import ExtraColumn
from churn_assets.settings.mapping import SourceFiles


@dataclass(frozen=True)
class LandedFile:
    """One file that is read, with its columns (lower case -> name in the file, type) and rows.

    `foreign`: the source of mapping.yaml that it belongs to. Then columns and rows are those that are made of it, and
    `native` are its own columns. `pulled`: the source that the rows of the file were pulled from; it has columns of the
    raw contract, with values as the source writes them. `lookups`: files that say more of its rows.
    """

    file: DataFile
    data: Path
    columns: Mapping[str, tuple[str, str]]
    rows: int
    shape: Shape | None = None
    is_ours: bool = False
    foreign: SourceFiles | None = None
    native: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    pulled: SourceFiles | None = None
    lookups: Lookups = field(default_factory=dict)

    @property
    def path(self) -> Path:
        return self.file.path


@dataclass(frozen=True)
class LandedTable:
    """One raw table that has files. `scan` is the SQL relation that reads them (landing/relation.py)."""

    table: RawTable
    files: tuple[LandedFile, ...]
    unread: tuple[Unread, ...]
    reading: Reading
    scan: str
    conflicts: Conflicts = field(default_factory=Conflicts)

    @property
    def name(self) -> str:
        return self.table.name

    @cached_property
    def columns(self) -> tuple[str, ...]:
        """Columns of the contract that any file has, in its order."""
        names = {name for file in self.files for name in file.columns}
        return tuple(column.name for column in self.table.columns if column.name in names)

    @cached_property
    def unknown_columns(self) -> tuple[str, ...]:
        known_columns = {column.name for column in self.table.columns}
        return tuple(sorted({name for file in self.files for name in file.columns} - known_columns))

    @cached_property
    def undeclared_extra(self) -> tuple[str, ...]:
        """Extra columns of the files that no setting declares."""
        return tuple(name for name in self.unknown_columns if is_extra(name))

    @property
    def rows(self) -> int:
        return sum(file.rows for file in self.files)

    @property
    def bytes(self) -> int:
        return sum(file.path.stat().st_size for file in self.files)

    @property
    def newest_at(self) -> datetime:
        """When the newest file was written."""
        return datetime.fromtimestamp(max(file.path.stat().st_mtime for file in self.files), UTC)

    def reading_from(self, relation: str) -> Self:
        """The same table, read from another relation, such as a temporary table."""
        return replace(self, scan=relation)

    def without(self, condition: str) -> Self:
        """The same table without the rows that meet a SQL condition."""
        return replace(self, scan=f"(select * from {self.scan} where not ({condition}))")


@dataclass(frozen=True)
class LandingContents:
    """Raw tables by name, other files and folders of the landing, and the extra columns that the settings declare."""

    tables: Mapping[str, LandedTable]
    unread: tuple[Unread, ...] = field(default=())
    extra: tuple[ExtraColumn, ...] = field(default=())
