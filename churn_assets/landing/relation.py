"""The SQL relation of one raw table: every row of its files, typed, with the first rule of the contract it breaks.

Columns: those of the contract (null where unknown), then
- known_at: ingested_at, else event time; 1900-01-01 where a table may have neither (order items, users).
- refused_because: the broken rule; null for a valid row. Refused rows go to quarantine and nowhere else.
- unread_columns: optional columns whose value could not be read and counts as unknown, joined with ", ".
- user_id_as_written: the user's id as the file has it, without blanks around it.
- is_replaced: a later file has another content for the same id and known time (landing/conflicts.py).
- row_key, row_json: key and values as in the file, without contact data. file: path of the file.
- orders: is_purchase. consents: consent per channel, see landing/consents.py.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from churn_assets.contracts.raw import RawColumn, RawTable
from churn_assets.landing.change_feed import ChangeFeed
from churn_assets.landing.consents import CONSENT_COLUMNS, consent_columns, consent_meanings, consent_rules
from churn_assets.landing.statuses import is_purchase_sql
from churn_assets.landing.text import identifier, is_among_sql, literal
from churn_assets.landing.values import SourceColumn
from churn_assets.settings.landing import Landing

ALWAYS = "timestamp '1900-01-01'"
LONGEST_VALUE = 1_000_000  # bytes: of a text that a person wrote; a row with more is refused, and those around it stay
CENTURY_DAYS = 36_525  # planned times, such as the end of a coupon, are at most so far ahead


@dataclass(frozen=True)
class Source:
    """Files of one shape. `relation`: SQL after FROM; `columns`: contract name -> (name in the files, type).

    `options`: how values are read, where mapping.yaml says it differently for these files.
    """

    relation: str
    columns: Mapping[str, tuple[str, str]]
    feed: ChangeFeed
    is_ours: bool = False
    options: Landing | None = None


@dataclass(frozen=True)
class Reading:
    """How rows are read: the settings, and the moment of reading."""

    options: Landing
    now: datetime

    @property
    def earliest(self) -> str:
        return f"timestamp '{self.options.earliest}'"

    @property
    def latest_known(self) -> str:
        latest = self.now + timedelta(days=self.options.max_days_ahead)
        return f"timestamp '{latest:%Y-%m-%d %H:%M:%S}'"


def relation(table: RawTable, sources: Sequence[Source], reading: Reading) -> str:
    """A parenthesised query over all sources; without sources, one without rows."""
    parts = [_Part(table, source, reading).sql for source in sources]
    return "(" + " union all by name ".join(parts) + ")" if parts else empty_relation(table)


def columns_of(table: RawTable) -> dict[str, str]:
    """Name -> SQL type of the columns of the relation."""
    types = {column.name: column.data_type for column in table.columns}
    types |= {"known_at": "timestamp", "refused_because": "varchar", "unread_columns": "varchar", "row_key": "varchar"}
    types |= {"row_json": "varchar", "file": "varchar", "is_replaced": "boolean"}
    if "user_id" in types:
        types["user_id_as_written"] = "varchar"
    if table.name == "orders":
        types["is_purchase"] = "boolean"
    if table.name == "consents":
        types |= CONSENT_COLUMNS
    return types


def empty_relation(table: RawTable) -> str:
    """The relation of a table without files: typed columns and no rows."""
    columns = ", ".join(f"cast(null as {kind}) as {identifier(name)}" for name, kind in columns_of(table).items())
    return f"(select {columns} where false)"


@dataclass(frozen=True)
class _Part:
    """The query over one source, from the inside out: raw values as raw_<column>, bare text, typed values, rules."""

    table: RawTable
    source: Source
    reading: Reading

    @property
    def sql(self) -> str:
        raw = ", ".join(f"{identifier(name)} as {_raw(column)}" for column, (name, _) in self.source.columns.items())
        feed = "".join(f", {identifier(name)} as {alias}" for name, alias in self.source.feed.columns.items())
        source_columns = [each for column in self.table.columns if (each := self._source_column(column.name))]
        bare = "".join(f", {each.bare} as {each.text}" for each in source_columns if each.is_text)
        typed = [f"{self._typed(column)} as {identifier(column.name)}" for column in self.table.columns]
        typed += [f"{each.missing} as {each.is_missing}" for each in source_columns]
        if self.table.name == "consents":
            typed += consent_meanings(self._source_column, self.reading, self.source.feed)
        rows = f"select {raw}{feed}, landing_file as file from {self.source.relation}"
        typed_rows = f"select *, {', '.join(typed)} from (select *{bare} from ({rows}))"
        typed_rows = f"select *, {self._known_at()} as known_at from ({typed_rows})"
        bounded = ", ".join(f"{self._bounded(column)} as {identifier(column.name)}" for column in self.table.columns)
        final = [bounded, "known_at", f"{self._refused_because()} as refused_because"]
        final += [f"{self._unread_columns()} as unread_columns", f"{self._row_key()} as row_key"]
        final += [f"{self._row_json()} as row_json", "file", "false as is_replaced"]
        if "user_id" in [column.name for column in self.table.columns]:
            final.append(f"{self._as_written('user_id')} as user_id_as_written")
        if self.table.name == "orders":
            final.append(f"{self._is_purchase()} as is_purchase")
        if self.table.name == "consents":
            final += consent_columns(self._source_column("changed_at"), self.reading)
        return f"select {', '.join(final)} from ({typed_rows})"

    def _source_column(self, name: str) -> SourceColumn | None:
        """The column as the files have it; None where they do not."""
        if name not in self.source.columns:
            return None
        _, raw_type = self.source.columns[name]
        column = self.table.column(name)
        options = self.source.options or self.reading.options
        return SourceColumn(column, raw_type, options, is_ours=self.source.is_ours)

    def _typed(self, column: RawColumn) -> str:
        source_column = self._source_column(column.name)
        return (
            f"cast({source_column.value} as {column.data_type})"
            if source_column
            else f"cast(null as {column.data_type})"
        )

    def _known_at(self) -> str:
        event = self.table.event_time
        event_time = f"{event}, " if event else ""
        ingested = "ingested_at"
        if self.table.name == "consents":  # an impossible time is missing, and a no without a time always counts
            event_time = f"case when {self._is_possible('changed_at')} then changed_at end, "
            ingested = f"case when {self._is_possible('ingested_at')} then ingested_at end"
        fallback = f"coalesce({event_time}{ALWAYS})"
        loaded_until = self.reading.options.loaded_until
        if loaded_until and "ingested_at" in self.source.columns and not self.source.is_ours:
            ingested = f"case when {ingested} > timestamp '{loaded_until}' then ingested_at end"
        return f"coalesce({ingested}, {fallback})"

    def _bounded(self, column: RawColumn) -> str:
        """An impossible time is unknown; where the time is required the row is refused for it."""
        name = identifier(column.name)
        if column.kind != "timestamp" or column.name not in self.source.columns:
            return name
        return f"case when {self._is_possible(column.name)} then {name} end"

    def _is_possible(self, name: str) -> str:
        if name == "ingested_at":
            return f"({name} >= {self.reading.earliest} and {name} <= {self.reading.latest_known})"
        return f"({name} >= {self.reading.earliest} and {name} <= {self._end_of(name)})"

    def _end_of(self, name: str) -> str:
        """SQL of the latest possible time: known time and a margin for wrong clocks; a century later if planned."""
        column = self.table.column(name)
        is_of_the_past = column.is_event_time and not column.is_planned
        days = self.reading.options.max_days_ahead if is_of_the_past else CENTURY_DAYS
        ingested = f"case when {self._is_possible('ingested_at')} then ingested_at end"
        known_at = f"coalesce({ingested}, {self.reading.latest_known} - interval {days} day)"
        return f"{known_at} + interval {days} day"

    def _refused_because(self) -> str:
        if self.table.name == "consents":
            id_rules = [rule for column in self.table.columns if column.is_id for rule in self._rules(column)]
            ingested_rules = self._rules(self.table.column("ingested_at"))
            rules = [*self.source.feed.rules, *id_rules]
            rules += consent_rules(self._is_possible("changed_at"), ingested_rules)
        else:
            rules = [*self.source.feed.rules, *(rule for column in self.table.columns for rule in self._rules(column))]
        cases = " ".join(f"when {condition} then {literal(reason)}" for condition, reason in rules)
        return f"case {cases} end" if cases else "cast(null as varchar)"

    def _rules(self, column: RawColumn) -> list[tuple[str, str]]:
        source_column, name = self._source_column(column.name), column.name
        if source_column is None:
            return [("true", f"{name} is missing")] if column.is_required else []
        rules = _length(column)
        if column.is_required:
            rules.append((source_column.is_missing, f"{name} is missing"))
        if _must_be_read(column):
            if column.is_id:
                rules.append((f"{name} is null and not {source_column.is_missing}", f"{name} is a rounded number"))
            elif column.kind != "varchar" and not source_column.is_always_valid:
                rules.append((f"{name} is null and not {source_column.is_missing}", f"{name} is not a {column.kind}"))
            if column.kind == "timestamp":
                rules += self._bounds(name)
        if name == "user_id":
            nobody = [word.lower() for word in self.reading.options.nobody_ids]
            rules.append((is_among_sql(f"lower({name})", nobody), f"{name} stands for nobody"))
        if column.minimum is not None:
            rules.append((f"{name} < {column.minimum}", f"{name} is below {column.minimum}"))
        if column.maximum is not None:
            rules.append((f"{name} > {column.maximum}", f"{name} is above {column.maximum}"))
        return rules

    def _bounds(self, name: str) -> list[tuple[str, str]]:
        earliest, days = self.reading.options.earliest, self.reading.options.max_days_ahead
        early = (f"{name} < {self.reading.earliest}", f"{name} is before {earliest}")
        if name == "ingested_at":
            return [early, (f"{name} > {self.reading.latest_known}", f"{name} is more than {days} days after now")]
        # Compared with known time where there is one, so that a row refused today is refused on every later day.
        distance = "more than a century" if self.table.column(name).is_planned else f"more than {days} days"
        return [early, (f"{name} > {self._end_of(name)}", f"{name} is {distance} after it became known")]

    def _unread_columns(self) -> str:
        unread = []
        for column in self.table.columns:
            source_column = self._source_column(column.name)
            if source_column is None or _must_be_read(column) or column.is_contact:
                continue
            if column.kind == "timestamp":
                is_unread = f"(({column.name} is null) or not {self._is_possible(column.name)})"
            elif (column.kind == "varchar" and not column.is_id) or source_column.is_always_valid:
                continue
            else:
                is_unread = f"{column.name} is null"
            unread.append(f"case when {is_unread} and not {source_column.is_missing} then '{column.name}' end")
        return f"nullif(concat_ws(', ', {', '.join(unread)}), '')" if unread else "cast(null as varchar)"

    def _row_key(self) -> str:
        keys = [f"cast({_raw(key)} as varchar)" for key in self.table.key if key in self.source.columns]
        return f"concat_ws('|', {', '.join(keys)})" if keys else "cast(null as varchar)"

    def _as_written(self, name: str) -> str:
        source_column = self._source_column(name)
        return f"trim(cast({source_column.raw} as varchar))" if source_column else "cast(null as varchar)"

    def _row_json(self) -> str:
        columns = [name for name in self.source.columns if not self.table.column(name).is_contact]
        values = ", ".join(f"{identifier(name)} := {_raw(name)}" for name in columns)
        return f"cast(to_json(struct_pack({values})) as varchar)"

    def _is_purchase(self) -> str:
        return is_purchase_sql("status", self.reading.options.cancelled_statuses, self.source.feed.is_deletion)


def _raw(column: str) -> str:
    return identifier(f"raw_{column}")


def _must_be_read(column: RawColumn) -> bool:
    """Whether a row is refused if this column cannot be read: a required column, event time or known time.

    In any other column such a value is unknown: a purchase is not lost for an unreadable delivery date.
    """
    return column.is_required or column.is_event_time or column.name == "ingested_at"


def _length(column: RawColumn) -> list[tuple[str, str]]:
    if column.kind != "varchar":
        return []
    return [(f"strlen({column.name}) > {LONGEST_VALUE}", f"{column.name} is longer than {LONGEST_VALUE:,} bytes")]
