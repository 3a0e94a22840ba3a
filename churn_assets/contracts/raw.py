"""The raw contract: the tables a company brings, as dbt_project/models/staging/raw.yml states them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

# Types of events that features count (dbt_project/macros/visits.sql); all others only count as visits.
EVENT_TYPES = (
    "view", "search", "add_to_cart", "remove_from_cart", "favorite", "follow_shop", "share", "login", "ad_impression",
    "ad_click",
)  # fmt: skip
FILE = Path(__file__).parents[2] / "dbt_project" / "models" / "staging" / "raw.yml"


@dataclass(frozen=True)
class RawColumn:
    """One column; `data_type` is SQL, `kind` the same without precision. Bounds are inclusive."""

    name: str
    data_type: str
    description: str
    is_required: bool = False
    is_id: bool = False
    is_event_time: bool = False
    is_foretold: bool = False
    is_planned: bool = False
    is_free_text: bool = False
    is_contact: bool = False
    none_is_a_word: bool = False
    minimum: float | None = None
    maximum: float | None = None

    @property
    def kind(self) -> str:
        return self.data_type.split("(", maxsplit=1)[0]


@dataclass(frozen=True)
class RawTable:
    """`has_lines`: several different rows of one delivery share a key and count together. `used_for`: what is missing
    without the table. `name_zh`: what people call it in Chinese.
    """

    name: str
    description: str
    key: tuple[str, ...]
    columns: tuple[RawColumn, ...]
    must_exist: bool = False
    has_lines: bool = False
    used_for: str = ""
    name_zh: str = ""

    @property
    def rows(self) -> str:
        """What one row is: the first sentence of the description, without its full stop."""
        return self.description.split(". ")[0].rstrip(".")

    @property
    def event_time(self) -> str | None:
        """The column of the event time."""
        return next((column.name for column in self.columns if column.is_event_time), None)

    @property
    def later_times(self) -> tuple[str, ...]:
        """Columns of times after the event, but for times that are foretold with it."""
        return tuple(
            column.name
            for column in self.columns
            if column.kind == "timestamp"
            and column.name != "ingested_at"
            and not column.is_event_time
            and not column.is_foretold
        )

    def column(self, name: str) -> RawColumn:
        return next(column for column in self.columns if column.name == name)


@cache
def raw_contract() -> tuple[RawTable, ...]:
    """All raw tables, by name."""
    (source,) = (source for source in yaml.safe_load(FILE.read_text())["sources"] if source["name"] == "raw")
    return tuple(_table(table) for table in sorted(source["tables"], key=lambda entry: str(entry["name"])))


def raw_table(name: str) -> RawTable:
    return next(table for table in raw_contract() if table.name == name)


def _table(entry: Mapping[str, Any]) -> RawTable:
    meta = entry.get("meta", {})
    return RawTable(
        name=entry["name"],
        description=entry["description"],
        key=tuple(meta["key"]),
        columns=tuple(_column(column) for column in entry["columns"]),
        must_exist=bool(meta.get("must_exist")),
        has_lines=bool(meta.get("lines")),
        used_for=meta.get("used_for", entry["description"]),
        name_zh=meta["zh"],
    )


def _column(entry: Mapping[str, Any]) -> RawColumn:
    meta = entry.get("meta", {})
    return RawColumn(
        name=entry["name"],
        data_type=entry["data_type"],
        description=entry["description"],
        is_required=bool(meta.get("required")),
        is_id=bool(meta.get("id")),
        is_event_time=bool(meta.get("event_time")),
        is_foretold=bool(meta.get("foretold")),
        is_planned=bool(meta.get("planned")),
        is_free_text=bool(meta.get("free_text")),
        is_contact=bool(meta.get("contact")),
        none_is_a_word=bool(meta.get("none_is_a_word")),
        minimum=meta.get("minimum"),
        maximum=meta.get("maximum"),
    )
