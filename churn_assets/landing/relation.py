"""The SQL relation of one raw table: every row of its files, typed, with the first rule of the raw contract it breaks.

Columns: those of the contract (null where unknown), then
- known_at: ingested_at; where a row has none, event time; where there may be neither (order items, users), always.
- refused_because: the rule; null for a row that keeps the contract. Such rows go to quarantine and nowhere else.
- unread_columns: optional columns whose value could not be read and is taken as unknown, joined with ", ".
- user_id_as_written: the user's id as the file has it, without blanks around it.
- is_replaced: a later file says something else of the same id and time (landing/conflicts.py).
- row_key, row_json: key and values as the file has them, without contact data. file: where the row lies.
- orders: is_purchase. consents: what the row says per channel, see landing/consents.py.
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
from churn_assets.landing.values import Held
from churn_assets.settings.landing import Landing

ALWAYS = "timestamp '1900-01-01'"
CENTURY_DAYS = 36_525  # what is foretold, such as the end of a coupon, lies at most so far ahead


@dataclass(frozen=True)
class Source:
    """Files of one shape. `relation` stands after FROM; `columns`: contract name -> (name in the files, type)."""

    relation: str
    columns: Mapping[str, tuple[str, str]]
    feed: ChangeFeed
    is_ours: bool = False


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
    """A parenthesised query over all sources; of a table without any, one that has no rows."""
    parts = [_Part(table, source, reading).sql for source in sources]
    return "(" + " union all by name ".join(parts) + ")" if parts else nothing(table)


def columns_of(table: RawTable) -> dict[str, str]:
    """Name -> SQL type of the columns of the relation."""
    held = {column.name: column.data_type for column in table.columns}
    held |= {"known_at": "timestamp", "refused_because": "varchar", "unread_columns": "varchar", "row_key": "varchar"}
    held |= {"row_json": "varchar", "file": "varchar", "is_replaced": "boolean"}
    if "user_id" in held:
        held["user_id_as_written"] = "varchar"
    if table.name == "orders":
        held["is_purchase"] = "boolean"
    if table.name == "consents":
        held |= CONSENT_COLUMNS
    return held


def nothing(table: RawTable) -> str:
    """The relation of a table that has no files."""
    columns = ", ".join(f"cast(null as {kind}) as {identifier(name)}" for name, kind in columns_of(table).items())
    return f"(select {columns} where false)"


@dataclass(frozen=True)
class _Part:
    """The query over one source. Innermost the files' own values as raw_<column>; then bare; typed; the rules."""

    table: RawTable
    source: Source
    reading: Reading

    @property
    def sql(self) -> str:
        raw = ", ".join(f"{identifier(name)} as {_raw(column)}" for column, (name, _) in self.source.columns.items())
        feed = "".join(f", {identifier(name)} as {alias}" for name, alias in self.source.feed.columns.items())
        held = [each for column in self.table.columns if (each := self._held(column.name))]
        bare = "".join(f", {each.bare} as {each.text}" for each in held if each.is_text)
        typed = [f"{self._typed(column)} as {identifier(column.name)}" for column in self.table.columns]
        typed += [f"{each.missing} as {each.is_missing}" for each in held]
        if self.table.name == "consents":
            typed += consent_meanings(self._held, self.reading, self.source.feed)
        rows = f"select {raw}{feed}, landing_file as file from {self.source.relation}"
        known = f"select *, {', '.join(typed)} from (select *{bare} from ({rows}))"
        known = f"select *, {self._known_at()} as known_at from ({known})"
        bounded = ", ".join(f"{self._bounded(column)} as {identifier(column.name)}" for column in self.table.columns)
        final = [bounded, "known_at", f"{self._refused_because()} as refused_because"]
        final += [f"{self._unread_columns()} as unread_columns", f"{self._row_key()} as row_key"]
        final += [f"{self._row_json()} as row_json", "file", "false as is_replaced"]
        if "user_id" in [column.name for column in self.table.columns]:
            final.append(f"{self._as_written('user_id')} as user_id_as_written")
        if self.table.name == "orders":
            final.append(f"{self._is_purchase()} as is_purchase")
        if self.table.name == "consents":
            final += consent_columns(self._held("changed_at"), self.reading)
        return f"select {', '.join(final)} from ({known})"

    def _held(self, name: str) -> Held | None:
        """The column as the files hold it; None where they do not."""
        if name not in self.source.columns:
            return None
        _, raw_type = self.source.columns[name]
        column = self.table.column(name)
        return Held(column, raw_type, self.reading.options, is_ours=self.source.is_ours)

    def _typed(self, column: RawColumn) -> str:
        held = self._held(column.name)
        return f"cast({held.value} as {column.data_type})" if held else f"cast(null as {column.data_type})"

    def _known_at(self) -> str:
        event = self.table.event_time
        happened = f"{event}, " if event else ""
        ingested = "ingested_at"
        if self.table.name == "consents":  # a time that cannot be is none, and a no without a time counts always
            happened = f"case when {self._is_possible('changed_at')} then changed_at end, "
            ingested = f"case when {self._is_possible('ingested_at')} then ingested_at end"
        without = f"coalesce({happened}{ALWAYS})"
        loaded = self.reading.options.loaded_until
        if loaded and "ingested_at" in self.source.columns and not self.source.is_ours:
            ingested = f"case when {ingested} > timestamp '{loaded}' then ingested_at end"
        return f"coalesce({ingested}, {without})"

    def _bounded(self, column: RawColumn) -> str:
        """A time that cannot be is unknown; where it is required the row is refused for it."""
        name = identifier(column.name)
        if column.kind != "timestamp" or column.name not in self.source.columns:
            return name
        return f"case when {self._is_possible(column.name)} then {name} end"

    def _is_possible(self, name: str) -> str:
        if name == "ingested_at":
            return f"({name} >= {self.reading.earliest} and {name} <= {self.reading.latest_known})"
        return f"({name} >= {self.reading.earliest} and {name} <= {self._end_of(name)})"

    def _end_of(self, name: str) -> str:
        """What happened did so before it was known, but for clocks of other zones; what is foretold may lie ahead."""
        column = self.table.column(name)
        is_of_the_past = column.is_event_time and not column.is_planned
        days = self.reading.options.max_days_ahead if is_of_the_past else CENTURY_DAYS
        ingested = f"case when {self._is_possible('ingested_at')} then ingested_at end"
        known = f"coalesce({ingested}, {self.reading.latest_known} - interval {days} day)"
        return f"{known} + interval {days} day"

    def _refused_because(self) -> str:
        if self.table.name == "consents":
            user = [rule for column in self.table.columns if column.is_id for rule in self._rules(column)]
            known = self._rules(self.table.column("ingested_at"))
            rules = [*self.source.feed.rules, *user]
            rules += consent_rules(self._is_possible("changed_at"), known)
        else:
            rules = [*self.source.feed.rules, *(rule for column in self.table.columns for rule in self._rules(column))]
        cases = " ".join(f"when {condition} then {literal(reason)}" for condition, reason in rules)
        return f"case {cases} end" if cases else "cast(null as varchar)"

    def _rules(self, column: RawColumn) -> list[tuple[str, str]]:
        held, name = self._held(column.name), column.name
        if held is None:
            return [("true", f"{name} is missing")] if column.is_required else []
        rules: list[tuple[str, str]] = []
        if column.is_required:
            rules.append((held.is_missing, f"{name} is missing"))
        if _must_be_read(column):
            if column.is_id:
                rules.append((f"{name} is null and not {held.is_missing}", f"{name} is a rounded number"))
            elif column.kind != "varchar" and not held.is_always_valid:
                rules.append((f"{name} is null and not {held.is_missing}", f"{name} is not a {column.kind}"))
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
        # Against the time it became known where there is one: what is refused today is refused for ever.
        told = "more than a century" if self.table.column(name).is_planned else f"more than {days} days"
        return [early, (f"{name} > {self._end_of(name)}", f"{name} is {told} after it became known")]

    def _unread_columns(self) -> str:
        unread = []
        for column in self.table.columns:
            held = self._held(column.name)
            if held is None or _must_be_read(column) or column.is_contact:
                continue
            if column.kind == "timestamp":
                is_unread = f"(({column.name} is null) or not {self._is_possible(column.name)})"
            elif (column.kind == "varchar" and not column.is_id) or held.is_always_valid:
                continue
            else:
                is_unread = f"{column.name} is null"
            unread.append(f"case when {is_unread} and not {held.is_missing} then '{column.name}' end")
        return f"nullif(concat_ws(', ', {', '.join(unread)}), '')" if unread else "cast(null as varchar)"

    def _row_key(self) -> str:
        keys = [f"cast({_raw(key)} as varchar)" for key in self.table.key if key in self.source.columns]
        return f"concat_ws('|', {', '.join(keys)})" if keys else "cast(null as varchar)"

    def _as_written(self, name: str) -> str:
        held = self._held(name)
        return f"trim(cast({held.raw} as varchar))" if held else "cast(null as varchar)"

    def _row_json(self) -> str:
        columns = [name for name in self.source.columns if not self.table.column(name).is_contact]
        values = ", ".join(f"{identifier(name)} := {_raw(name)}" for name in columns)
        return f"cast(to_json(struct_pack({values})) as varchar)"

    def _is_purchase(self) -> str:
        return is_purchase_sql("status", self.reading.options.cancelled_statuses, self.source.feed.is_deletion)


def _raw(column: str) -> str:
    return identifier(f"raw_{column}")


def _must_be_read(column: RawColumn) -> bool:
    """A row whose value cannot be read is refused: of what is required, and of whatever says when things were known.

    Of any other column the value is unknown then: a purchase is not lost for the sake of its delivery date.
    """
    return column.is_required or column.is_event_time or column.name == "ingested_at"
