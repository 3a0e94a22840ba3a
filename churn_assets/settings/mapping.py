"""`mapping.yaml` in a home: how files of another system, or tables of its database, become raw tables.

A source is a set of files of one kind, read where they lie and without a copy, or a database, of which `churn pull`
keeps what it has read. It may feed several raw tables. `churn map` proposes one from headers and rows.
"""

from __future__ import annotations

from collections.abc import Mapping as Mapped
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import Field, ValidationError, field_validator, model_validator
from pydantic_core import ErrorDetails

from churn_assets.contracts.extra import is_extra
from churn_assets.contracts.raw import raw_contract, raw_table
from churn_assets.settings.domain import ACTIVITIES, Domain, with_activities
from churn_assets.settings.landing import Landing, RawName, RepeatedIds
from churn_assets.settings.load import SettingsError, lines_of, values_of
from churn_assets.settings.names import did_you_mean
from churn_assets.settings.pulled import WITH_DELETIONS, Pages, PulledTable, checked_address, checked_database, variable
from churn_assets.settings.section import Section
from churn_assets.settings.wrong import UNKNOWN, Lines, name_of, near_field, place_of, said

FILE = "mapping.yaml"
KINDS = ("column", "constant", "first_of", "join", "multiply", "sum", "hash", "param", "file_time")
FILLED, EMPTY = "filled", "empty"
PLACES = ("files", "database", "uri")
KINDS_OF_PULLED = (None, "corrections", "lines")
OF_FILES = ("encoding", "time_zone", "decimal_separator", "thousands_separator", "currency_signs")


class Lookup(Section):
    """Other files that say more of a row: a table of lines with its sum, a table of customers with their id."""

    files: str = Field(description="Path or pattern, from the folder of mapping.yaml.")
    key: str = Field(description="Their column by which a row is found.")
    of: str | None = Field(None, description="The column of the source that holds the key; default: called as it.")


class ColumnFrom(Section):
    """Of what a column of the raw contract is made: exactly one of the first nine fields.

    A column of a foreign file is written as in its header; `items.sku` is a key inside a JSON column,
    `customers.email` a column of the lookup `customers`, where all rows with the key say the same.
    """

    column: str | None = Field(None, description="One column of the file.")
    constant: str | None = Field(None, description="The same value in every row.")
    first_of: tuple[str, ...] = Field((), description="Of several columns the first that holds a value.")
    join: tuple[str, ...] = Field((), description="Several columns, put together with `between`; null if one is empty.")
    hash: str | None = Field(
        None,
        description="SHA-256 of a column in lower case (32 hex digits): an id where a file has nothing but an address.",
    )
    multiply: tuple[str, ...] = Field((), description="Columns of numbers, multiplied: price and quantity of a line.")
    sum: tuple[str, ...] = Field(
        (),
        description="Numbers of a lookup, multiplied and added up over all rows with the key: [items.price, "
        "items.quantity].",
    )
    file_time: bool = Field(
        False,
        description="The day in the name of the file, at its end, else when the file was written: for exports that say "
        "how things stand and not since when.",
    )
    param: str | None = Field(None, description="Of a GA4 export: the value of this key in `event_params`.")
    between: str = Field("-", description="What stands between the parts of a join.")
    words: dict[str, str] = Field(
        {}, description="Word of the file -> word of the raw contract; case and blanks around it do not count."
    )
    otherwise: str | None = Field(
        None, description="What any other word becomes; default: it stays. An empty text: unknown."
    )
    format: str | None = Field(
        None, description="How times are written, as in strptime: %d.%m.%Y %H:%M. Without it as docs/engineer.md says."
    )
    epoch: Literal["seconds", "milliseconds", "microseconds"] | None = Field(
        None, description="The column counts this unit since 1970-01-01 UTC."
    )
    divide_by: float | None = Field(None, gt=0, description="For amounts in cents: 100.")

    @model_validator(mode="after")
    def _is_made_of_one_thing(self) -> Self:
        kinds = [kind for kind in KINDS if getattr(self, kind) not in (None, (), False)]
        if len(kinds) != 1:
            raise ValueError(f"needs exactly one of {', '.join(KINDS)}; it has {', '.join(kinds) or 'none'}")
        if len({name.partition(".")[0] for name in self.sum}) > 1 or any("." not in name for name in self.sum):
            raise ValueError("sum: name columns of one lookup, such as items.price")
        if self.format and self.epoch:
            raise ValueError("format and epoch are two ways to write a time: keep one")
        return self

    @property
    def columns(self) -> tuple[str, ...]:
        """Columns of the file that it reads."""
        single = self.column or self.hash or ("event_params" if self.param else None)
        return (single,) if single else (*self.first_of, *self.join, *self.multiply)

    @property
    def is_plain(self) -> bool:
        """Whether it is a column as it stands, which keeps the type of its file."""
        changed = self.words or self.format or self.epoch or self.divide_by or self.otherwise is not None
        return self.column is not None and not changed


class TableFrom(PulledTable):
    """How rows of the files, or of a table of the database, become rows of one raw table."""

    only: dict[str, str | tuple[str, ...]] = Field(
        {},
        description=f"Column -> {FILLED}, {EMPTY}, or the words that a row must have: other rows are of another table.",
    )
    each: str | None = Field(None, description="A JSON list in the row, of which each element becomes a row.")
    once_per: str | None = Field(
        None, description="Rows that share this column, and say the same, are one: an order repeated on each line."
    )
    repeated_ids: RepeatedIds | None = Field(None, description="As landing.repeated_ids, for this table.")
    columns: dict[str, ColumnFrom] = Field(description="Column of the raw contract -> what it is made of.")

    @field_validator("columns", mode="before")
    @classmethod
    def _a_name_is_a_column(cls, value: Any) -> Any:
        if not isinstance(value, dict):
            return value
        for name, made in value.items():
            if isinstance(made, bool | int | float):  # what YAML makes of No, On and 2026
                raise ValueError(f"{name}: {made!r} is no name of a column; write the name in quotes")  # noqa: TRY004
        return {name: {"column": made} if isinstance(made, str) else made for name, made in value.items()}


class SourceFiles(Section):
    """Files of one kind, or a database. What is null is as the section landing of the settings has it."""

    name: str = Field(
        description="What the source is called in messages, and where its rows are kept if they are pulled.",
        pattern=r"^[A-Za-z0-9_][A-Za-z0-9_.-]{0,59}$",
    )
    files: str | None = Field(
        None, description="Path or pattern, such as /exports/orders_*.csv; from the folder of mapping.yaml."
    )
    database: str | None = Field(
        None,
        description="postgresql://host:port/name or mysql://host:port/name, without user and password: they are read "
        "from CHURN_SOURCE_<NAME>_USER and CHURN_SOURCE_<NAME>_PASSWORD.",
    )
    uri: str | None = Field(
        None,
        description="https://host/orders.csv.gz or s3://bucket/orders/*.parquet, fetched by churn pull. Who reads: "
        "CHURN_SOURCE_<NAME>_USER and CHURN_SOURCE_<NAME>_PASSWORD (of s3: the access key and its secret), or "
        "CHURN_SOURCE_<NAME>_TOKEN.",
    )
    pages: Pages | None = Field(
        None, description="Of a uri: it is no file but a web API, which gives JSON a page at a time."
    )
    lookups: dict[Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]{0,39}$")], Lookup] = Field(
        {}, description="Other files that say more of a row, by a name; their columns are `name.column`."
    )
    encoding: str | None = None
    time_zone: str | None = None
    decimal_separator: Literal[".", ","] | None = None
    thousands_separator: Literal["", ",", ".", " ", "'"] | None = None
    currency_signs: tuple[str, ...] | None = None
    skip_lines: int = Field(0, ge=0, le=1000, description="Lines before the header.")
    tables: dict[RawName, TableFrom]

    @field_validator("database")
    @classmethod
    def _names_a_database(cls, url: str | None) -> str | None:
        return url if url is None else checked_database(url)

    @field_validator("uri")
    @classmethod
    def _names_an_address(cls, uri: str | None) -> str | None:
        return uri if uri is None else checked_address(uri)

    @model_validator(mode="after")
    def _is_in_one_place(self) -> Self:
        places = [place for place in PLACES if getattr(self, place)]
        if len(places) != 1:
            raise ValueError(f"needs exactly one of {', '.join(PLACES)}; it has {', '.join(places) or 'none'}")
        if self.pages is not None and not (self.uri or "").startswith("http"):
            raise ValueError("pages is for a source with a uri of https")
        for name, made in self.tables.items():
            if self.database is None and made.is_of_a_database:
                raise ValueError(f"tables.{name}: table, query and cursor are for a source with database")
            if self.database is not None and not (made.table or made.query):
                raise ValueError(f"tables.{name}: name the table of the database, or write a query")
            if made.holds_everything and (self.uri is None or (self.pages and self.pages.changed_since)):
                raise ValueError(
                    f"tables.{name}: holds_everything is for a source with uri that is read whole each time"
                )
            if self.is_pulled and made.repeated_ids not in KINDS_OF_PULLED:
                raise ValueError(
                    f"tables.{name}.repeated_ids: {made.repeated_ids} is for files; of what is pulled write "
                    "corrections or lines"
                )
            if self.database is not None and name == "consents" and made.deleted_after_hours == 0:
                raise ValueError(
                    "tables.consents.deleted_after_hours: a consent that is gone is a no, and has to be looked for: "
                    f"write a number of hours above 0 (of {' and '.join(WITH_DELETIONS)} 0 is for orders alone)"
                )
        return self

    @model_validator(mode="after")
    def _lookups_are_of_files(self) -> Self:
        if self.lookups and self.files is None:
            raise ValueError("lookups are for a source of files; of a database write a query that joins")
        for name, made in self.tables.items():
            summed = {part.partition(".")[0] for column in made.columns.values() for part in column.sum}
            if summed - set(self.lookups):
                strange = ", ".join(sorted(summed - set(self.lookups)))
                raise ValueError(f"tables.{name}: sum of {strange}, which is no name among lookups")
        return self

    @property
    def is_pulled(self) -> bool:
        """Whether its rows are fetched, and kept in the home, instead of read where they lie."""
        return self.files is None

    @model_validator(mode="after")
    def _tables_are_of_the_contract(self) -> Self:
        for name, made in self.tables.items():
            table = raw_table(name)
            known = [column.name for column in table.columns]
            for column in made.columns:
                if column not in known and not is_extra(column):
                    near = get_close_matches(column, known, 1)
                    hint = f"; did you mean {near[0]}?" if near else f"; it has {', '.join(known)}"
                    raise ValueError(f"tables.{name}.columns.{column}: {name} has no such column{hint}")
            missing = [
                column.name for column in table.columns if column.is_required and column.name not in made.columns
            ]
            if missing:
                raise ValueError(f"tables.{name}: required column {', '.join(missing)} is made of nothing")
        if not self.tables:
            raise ValueError(f"name a raw table: {', '.join(table.name for table in raw_contract())}")
        return self

    def options(self, landing: Landing) -> Landing:
        """The settings that its values are read with."""
        own = {name: value for name in OF_FILES if (value := getattr(self, name)) is not None}
        if self.database is not None:  # numbers are exact texts, as a database writes them
            own = {"decimal_separator": ".", "thousands_separator": ""} | own
        return Landing.model_validate(landing.model_dump() | own) if own else landing


class SourceMapping(Section):
    """All of mapping.yaml."""

    sources: tuple[SourceFiles, ...] = ()
    domain: Domain = Field(Domain(), description="What counts as a purchase where the service is no shop.")

    @model_validator(mode="after")
    def _names_differ(self) -> Self:
        names = [source.name for source in self.sources]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ValueError(f"two sources are called {twice[0]}")
        secrets = [variable(name, "password") for name in names]
        alike = [name for name in names if secrets.count(variable(name, "password")) > 1]
        if alike:
            raise ValueError(f"sources {' and '.join(alike)} would share {variable(alike[0], 'password')}: rename one")
        return self

    @property
    def pulled(self) -> tuple[SourceFiles, ...]:
        """The sources that are fetched."""
        return tuple(source for source in self.sources if source.is_pulled)


class MappingError(SettingsError, code="mapping"):
    """The mapping is wrong; the message names source, table and column."""


def load_mapping(file: Path) -> SourceMapping:
    """The mapping in `file`; one without sources where there is none. Raises MappingError, or SettingsError on what is
    no YAML.
    """
    return mapping_of(values_of(file), file, lines_of(file))


def mapping_of(values: Mapped[str, Any], file: Path, lines: Lines | None = None) -> SourceMapping:
    """Raises MappingError naming source, table and column, and the line where `lines` are those of the values."""
    try:
        of_domain = {name: value for name, value in values.items() if name == "domain"}
        domain = SourceMapping.model_validate(of_domain).domain
        values = {**values, "sources": _as_tables(values, domain, file, lines)} if "sources" in values else values
        return SourceMapping.model_validate(values)
    except ValidationError as error:
        listed = "\n  ".join(_line(values, each, lines) for each in error.errors())
        raise MappingError(f"{file} is wrong; correct it:\n  {listed}") from error


def _has_activities(source: Any) -> bool:
    tables = source.get("tables") if isinstance(source, dict) else None
    return isinstance(tables, dict) and isinstance(tables.get(ACTIVITIES), dict)


def _as_tables(values: Mapped[str, Any], domain: Domain, file: Path, lines: Lines | None) -> Any:
    """The sources, with activities as orders and events. Raises MappingError."""
    sources = values["sources"]
    if not isinstance(sources, list | tuple):
        return sources
    made = []
    for number, source in enumerate(sources):
        try:
            made.append(with_activities(source, domain) if _has_activities(source) else source)
        except ValueError as error:
            at = lines.of(("sources", number, "tables", ACTIVITIES)) if lines else ""
            raise MappingError(
                f"{file} is wrong; correct it:\n  {at}source {source.get('name', number)}: {error}"
            ) from None
    return made


def _line(values: Mapped[str, Any], error: ErrorDetails, lines: Lines | None) -> str:
    """The source by its name instead of its number."""
    loc = parts = list(error["loc"])
    match parts:
        case ["sources", int(number), *rest]:
            source = values["sources"][number]
            name = source.get("name", number) if isinstance(source, dict) else number
            parts = [f"source {name}", *rest]
    at = lines.of(place_of(error)) if lines else ""
    is_unknown = error["type"] == UNKNOWN
    what = f"no such field{did_you_mean(near_field(SourceMapping, loc))}" if is_unknown else said(error)
    return f"{at}{name_of(parts)}: {what}"
