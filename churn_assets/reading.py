"""A home as a notebook reads it: tables as polars frames, by name and snapshot, without SQL and without a path.

Nothing is written. What is withheld (a check of its snapshot failed) is refused, and users who were erased are in
nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from difflib import get_close_matches
from functools import cached_property
from pathlib import Path

import polars as pl

from churn_assets.failures import Failure
from churn_assets.instance.home import Home
from churn_assets.stages import ORDER, Stage
from churn_assets.warehouse.features import describe
from churn_assets.workplace import Workplace

TABLES = "select distinct table_schema, table_name from information_schema.columns where list_contains(?, table_schema)"
COLUMNS = "select column_name from information_schema.columns where table_schema = ? and table_name = ?"
DAY = "snapshot_date"


class NoSuchTable(Failure, LookupError, code="not-made"):
    """A home has no table of this name, or not at this snapshot."""


@dataclass(frozen=True)
class OpenHome:
    """One home. A table is named as in the UI, `scoring.scored_users`, or by its second part alone."""

    workplace: Workplace

    @cached_property
    def tables(self) -> tuple[str, ...]:
        """Every table that can be read, as `stage.table`, in the order of the stages."""
        published = {(p.stage, p.table) for p in self.workplace.record.partitions() if p.path.endswith(".parquet")}
        built = self._query(TABLES, [list(ORDER)]).rows() if self.workplace.home.warehouse.exists() else []
        return tuple(f"{stage}.{table}" for stage, table in sorted({*published, *built}, key=_place))

    def snapshots(self, name: str = "scored_users") -> list[date]:
        """Snapshots at which a table can be read, oldest first; empty for one that has none."""
        stage, table = self._named(name)
        published = [partition.snapshot for partition in self.workplace.record.readable_partitions(stage, table)]
        if published or not self._has_day(stage, table):
            return sorted(published)
        return self._query(f'select distinct {DAY} from "{stage}"."{table}" order by 1').to_series().to_list()

    def frame(self, name: str, snapshot: date | str | None = None) -> pl.DataFrame:
        """Rows of a table at a snapshot (default: its newest); of one without snapshots all of them.

        Raises NoSuchTable, PartitionWithheld.
        """
        stage, table = self._named(name)
        days = self.snapshots(name)
        day = date.fromisoformat(snapshot) if isinstance(snapshot, str) else snapshot
        if day is None and not days and self._has_day(stage, table):
            raise NoSuchTable(f"{stage}.{table} has no snapshot yet: churn run makes the newest one.")
        day = day or (days[-1] if days else None)
        if self.workplace.record.partitions(stage, table):
            assert day is not None  # noqa: S101 - a published table has one
            return self.workplace.tables.read(stage, table, day)
        if day is None:
            return self._query(f'select * from "{stage}"."{table}"')
        rows = self._query(f'select * from "{stage}"."{table}" where {DAY} = ?', [day])
        if rows.is_empty() and day not in days:
            raise NoSuchTable(f"{stage}.{table} has no snapshot {day}; it has {_listed(days)}.")
        return rows

    def training_set(self, snapshot: date | str | None = None) -> pl.DataFrame:
        """What the model of a snapshot learned from: one row per eligible user and matured slice, label first."""
        return self.frame(f"{Stage.TRAINING}.training_set", snapshot)

    def features(self, snapshot: date | str | None = None) -> pl.DataFrame:
        """One row per user of the feature mart at a snapshot, nothing in it of that day or later."""
        return self.frame(f"{Stage.FEATURES}.user_features", snapshot)

    def catalogue(self) -> pl.DataFrame:
        """One row per feature: name, family, unit, window in days, reason group, whether protected, and labels."""
        columns = [name for (name,) in self._query(COLUMNS, [Stage.FEATURES, "user_features"]).rows()]
        if not columns:
            raise NoSuchTable("There are no features yet: churn run makes them.")
        known = describe(columns, self.workplace.settings.features.extra)
        fields = ("name", "family", "unit", "window_days", "reason_group", "is_actionable", "is_protected", "label_en",
                  "label_zh")  # fmt: skip
        return pl.DataFrame({field: [getattr(feature, field) for feature in known] for field in fields})

    def _named(self, name: str) -> tuple[str, str]:
        matching = [each for each in self.tables if each == name or each.split(".")[1] == name]
        if len(matching) != 1:
            near = get_close_matches(name, [*self.tables, *(each.split(".")[1] for each in self.tables)], 1)
            hint = f"; did you mean {near[0]}?" if near else f"; there are {_listed(self.tables)}"
            several = f"{name} is in several stages: write {' or '.join(matching)}."
            raise NoSuchTable(several if matching else f"There is no table {name}{hint}")
        stage, table = matching[0].split(".")
        return stage, table

    def _has_day(self, stage: str, table: str) -> bool:
        return DAY in [name for (name,) in self._query(COLUMNS, [stage, table]).rows()]

    def _query(self, sql: str, parameters: list[object] | None = None) -> pl.DataFrame:
        return self.workplace.warehouse.query(sql, parameters)


def open_home(home: str | Path | None) -> OpenHome:
    """Raises NoSuchHome, SettingsError."""
    named = Home(Path(home).expanduser().absolute()) if home is not None else Home.from_environment()
    return OpenHome(Workplace(home_path=str(named.existing().root)))


def _place(name: tuple[str, str]) -> tuple[int, str]:
    return ORDER.index(name[0]), name[1]


def _listed(values: object) -> str:
    texts = [str(value) for value in values]  # type: ignore[attr-defined]
    return ", ".join(texts) if len(texts) <= 12 else f"{', '.join(texts[:6])} ... {texts[-1]}"  # noqa: PLR2004
