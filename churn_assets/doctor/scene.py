"""A home as the doctor sees it: read once, changed by nothing here. What cannot be read is None, and has a finding."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

import duckdb
import polars as pl

from churn_assets.doctor.machine import Machine
from churn_assets.failures import Failure
from churn_assets.instance.calendar import SnapshotCalendar
from churn_assets.instance.home import Home
from churn_assets.instance.record.errors import RecordError
from churn_assets.instance.record.opening import as_it_is
from churn_assets.instance.record.schema import MIGRATIONS
from churn_assets.instance.record.store import Partition, Record
from churn_assets.instance.run_locks import UNFINISHED, is_dead, live_runs
from churn_assets.instance.tables import Tables
from churn_assets.landing import of_home
from churn_assets.landing.contents import LandingContents
from churn_assets.landing.errors import LandingError
from churn_assets.settings import Settings
from churn_assets.settings.load import SettingsError
from churn_assets.stages import Stage

if TYPE_CHECKING:
    from churn_assets.pulling.health import SourceHealth


@dataclass(frozen=True)
class Scene:
    """The home at `root`, which exists, on a machine."""

    root: Path
    machine: Machine

    @property
    def now(self) -> datetime:
        return self.machine.now

    @cached_property
    def home(self) -> Home:
        return Home(self.root)

    @cached_property
    def settings(self) -> Settings | None:
        return None if self.settings_error else self.home.settings

    @cached_property
    def settings_error(self) -> Exception | None:
        try:
            _ = self.home.settings
        except (SettingsError, OSError) as error:
            return error
        return None

    @cached_property
    def schema(self) -> int | RecordError | None:
        """The number of the schema of the record; an error where it cannot be opened, None where there is none."""
        if not self.home.record.exists():
            return None
        try:
            with as_it_is(self.home.record) as connection:
                tables = {row[0] for row in connection.execute("select name from sqlite_master where type = 'table'")}
                if "migrations" not in tables:
                    return 0
                return int(connection.execute("select coalesce(max(number), 0) from migrations").fetchone()[0])
        except RecordError as error:
            return error
        except (sqlite3.DatabaseError, UnicodeDecodeError) as error:
            return RecordError(f"The record {self.home.record} cannot be read ({error}).")

    @cached_property
    def sources(self) -> Sequence[SourceHealth]:
        """The databases that mapping.yaml names; asked once. Raises SettingsError, LandingError."""
        from churn_assets.pulling.health import health  # noqa: PLC0415 - its drivers take 0.3 s to load

        return health(self.home) if self.home.mapping.pulled else ()

    @property
    def tables(self) -> Tables | None:
        """The published tables; None without a record of this release's schema."""
        is_readable = self.schema == MIGRATIONS[-1].number
        return Tables(self.home.tables, Record(self.home.record)) if is_readable else None

    @cached_property
    def partitions(self) -> Sequence[Partition]:
        """Listed partitions; empty where the record cannot be read."""
        try:
            return self.tables.record.partitions() if self.tables else []
        except (RecordError, sqlite3.DatabaseError, ValueError):  # a damaged record has its own finding
            return []

    def rows(self, sql: str) -> list[tuple[object, ...]]:
        """Rows of the record; none where it cannot be read."""
        if not self.tables:
            return []
        try:
            with self.tables.record.reading() as connection:
                return connection.execute(sql).fetchall()
        except (RecordError, sqlite3.DatabaseError):  # a damaged record has its own finding
            return []

    def fact(self, name: str) -> str | None:
        return next((str(value) for known, value in self.rows("select name, value from facts") if known == name), None)

    @cached_property
    def calendar(self) -> SnapshotCalendar | None:
        if self.settings is None or (self.home.record.exists() and not self.tables):
            return None
        try:
            return SnapshotCalendar.of(self.home)
        except (RecordError, sqlite3.DatabaseError, ValueError):
            return None

    @property
    def scored(self) -> list[date]:
        """Snapshots with scores, ascending."""
        return sorted(
            each.snapshot for each in self.partitions if (each.stage, each.table) == (Stage.SCORING, "scored_users")
        )

    @cached_property
    def landing(self) -> LandingContents | Failure | None:
        """What the landing holds, or why it cannot be read; None without settings."""
        if self.settings is None:
            return None
        try:
            return of_home.landed(self.home)
        except (LandingError, duckdb.Error) as error:
            return error if isinstance(error, Failure) else LandingError(" ".join(str(error).split()))

    @cached_property
    def reach(self) -> datetime | None:
        """Known time of the newest order; None where there is none, or the landing cannot be read."""
        if not isinstance(self.landing, LandingContents):
            return None
        try:
            return of_home.orders_reach(self.home)[1]
        except (LandingError, duckdb.Error):
            return None

    @cached_property
    def live_runs(self) -> list[str]:
        return live_runs(self.home.locks)

    def dagster_rows(self, file: str, sql: str) -> list[tuple[object, ...]]:
        """Rows of a database of Dagster in this home; none where it is not there, or cannot be read."""
        path = self.home.dagster / file
        if not path.is_file():
            return []
        try:
            with closing(sqlite3.connect(f"file:{quote(str(path))}?mode=ro", uri=True)) as connection:
                return connection.execute(sql).fetchall()
        except sqlite3.DatabaseError:
            return []

    @property
    def dead_runs(self) -> list[str]:
        """Runs that Dagster counts as at work, and that have ended."""
        marks = ", ".join(f"'{name}'" for name in UNFINISHED)
        rows = self.dagster_rows("history/runs.db", f"select run_id, start_time from runs where status in ({marks})")
        return [
            str(run)
            for run, started in rows
            if is_dead(self.home.locks, str(run), float(str(started)) if started is not None else None)
        ]

    def table(self, stage: str, table: str) -> tuple[date, pl.DataFrame] | None:
        """The newest readable partition of a table; None where there is none, or its file is damaged."""
        if not self.tables:
            return None
        try:
            newest = max((p.snapshot for p in self.tables.record.readable_partitions(stage, table)), default=None)
            return None if newest is None else (newest, self.tables.read(stage, table, newest))
        except (Failure, sqlite3.DatabaseError):
            return None
