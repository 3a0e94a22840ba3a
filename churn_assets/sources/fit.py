"""One column of the raw contract in a foreign file: by its name, and by whether its values can be what it holds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from churn_assets.contracts.raw import RawColumn, raw_table
from churn_assets.sources import headers
from churn_assets.sources.values import (
    filled,
    is_address,
    is_clock,
    is_id,
    is_unique,
    is_yes_or_no,
    number_form,
    time_form,
)

NUMBERS = ("decimal", "double", "bigint")
# Ids of these may be words: the name of a product that has no number, of a campaign, a code.
WITH_WORDS = ("order_items", "contacts", "coupons")
ACCOUNT_STATES = {"enabled", "disabled", "invited", "declined", "active", "inactive"}  # `state` of a customer
OF_NEARLY_ALL = 0.9
CLOCK_WORDS = {"time", "uhrzeit", "heure", "hora", "clock", "时间"}
Rows = Sequence[Mapping[str, str | None]]
Made = dict[str, Any]


@dataclass(frozen=True)
class Sample:
    """Files of one header. `files`: the pattern to write; `columns`: as in the header; `rows`: some, as text;
    `reading`: fields of the source that are known already (encoding, lines before the header).
    """

    name: str
    files: str
    columns: tuple[str, ...]
    rows: Rows
    reading: Mapping[str, Any] = field(default_factory=dict)

    def values(self, column: str) -> list[str | None]:
        return [row.get(column) for row in self.rows]

    @property
    def address(self) -> str | None:
        """The column of e-mail addresses."""
        return self.closest(headers.person_names("email"), is_address)

    def closest(self, names: Sequence[str], holds: Any) -> str | None:
        """The header closest to one of the names, of those whose values `holds` accepts."""
        scored = sorted(((headers.closeness(header, names), header) for header in self.columns), reverse=True)
        close = (header for score, header in scored if score >= headers.LEAST)
        return next((header for header in close if holds(self.values(header))), None)


@dataclass
class Part:
    """One raw table of a sample, as mapping.yaml has it: `columns`, and what else is stated of the table in `more`."""

    sample: Sample
    table: str
    columns: dict[str, Made] = field(default_factory=dict)
    more: Made = field(default_factory=dict)

    @property
    def missing(self) -> list[str]:
        """Required columns of the raw contract that it does not have."""
        required = [column.name for column in raw_table(self.table).columns if column.is_required]
        return [name for name in required if name not in self.columns]

    @property
    def is_one_per_user(self) -> bool:
        return self.is_unique("user_id")

    def is_unique(self, column: str) -> bool:
        made = self.columns.get(column, {})
        header = made.get("column") or made.get("hash")
        return header is not None and is_unique(self.sample.values(header))


def fitted(sample: Sample, table: str) -> Part:
    """The columns of a table that a file has. A user without an id is known by the e-mail address."""
    part, taken = Part(sample, table), set[str]()
    for name in headers.columns_of(table):
        column = raw_table(table).column(name)
        header = best(sample, table, column, taken)
        if header is not None:
            taken.add(header)
            part.columns[name] = made_of(sample, column, header)
    if "user_id" in headers.columns_of(table) and "user_id" not in part.columns and sample.address:
        part.columns["user_id"] = {"hash": sample.address}
    return part


def best(sample: Sample, table: str, column: RawColumn, taken: set[str]) -> str | None:
    """The header closest to the names of a column, of those whose values can be its values."""
    names = headers.names_of(table, column.name)
    free = [(headers.closeness(each, names), -at, each) for at, each in enumerate(sample.columns) if each not in taken]
    close = (header for score, _, header in sorted(free, reverse=True) if score >= headers.LEAST)
    return next((header for header in close if _can_be(sample, table, column, header)), None)


def made_of(sample: Sample, column: RawColumn, header: str) -> Made:
    """What to state of a column in mapping.yaml."""
    values = sample.values(header)
    if column.name == "event_type":
        words = {word: meant for word in sorted(set(filled(values))) if (meant := headers.event_word(word))}
        return {"column": header, **({"words": words} if words else {})}
    form = time_form(values) if column.kind == "timestamp" else None
    if form is None:
        return {"column": header}
    clock = None if form.has_clock else _clock(sample, header)
    return {"column": header, **form.made} if clock is None else _with_clock(sample, header, clock, form.made)


def _can_be(sample: Sample, table: str, column: RawColumn, header: str) -> bool:
    values = sample.values(header)
    if not filled(values):
        return not sample.rows
    # A file in which most rows are of nobody is of visitors; a name is no id, since several people have it.
    is_user = len(filled(values)) >= len(values) / 2 and is_id(values) and not is_address(values)
    # Some events have the order that they belong to inside.
    if column.is_required and "." in header and len(filled(values)) < OF_NEARLY_ALL * len(values):
        return False
    may_be_word = not column.is_id or table in WITH_WORDS or column.name == "coupon_id"
    of_name = {
        "region": lambda texts: not {text.lower() for text in filled(texts)} <= ACCOUNT_STATES,
        "is_granted": is_yes_or_no, "email": is_address, "user_id": lambda _: is_user,
        "order_id": lambda texts: is_id(texts, needs_digit=True),
    }  # fmt: skip
    of_kind = time_form if column.kind == "timestamp" else number_form if column.kind.startswith(NUMBERS) else None
    holds = of_name.get(column.name) or of_kind or (lambda texts: may_be_word or is_id(texts))
    return bool(holds(values))


def _clock(sample: Sample, day: str) -> str | None:
    """The column of the time of day that belongs to a column of days."""
    others = (header for header in sample.columns if header != day and set(headers.words_of(header)) & CLOCK_WORDS)
    return next((header for header in others if is_clock(sample.values(header))), None)


def _with_clock(sample: Sample, day: str, clock: str, made: Made) -> Made:
    texts = filled(sample.values(clock))
    seconds = ":%S" if any(text.count(":") > 1 for text in texts) else ""
    joined = {"join": [day, clock], "between": " "}
    if any("m" in text.lower() for text in texts):
        return joined | {"format": f"{made.get('format', '%Y-%m-%d')} %I:%M{seconds} %p"}
    return joined | ({"format": f"{made['format']} %H:%M{seconds}"} if "format" in made else {})
