"""SQL that makes a value of the raw contract of what a file holds, whatever type the file gives it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from churn_assets.contracts.blanks import BLANKS_RE2, stripped_sql
from churn_assets.contracts.raw import RawColumn
from churn_assets.landing.ids import EXACT, NO_VALUE, id_sql, no_value_sql, number_id_sql
from churn_assets.landing.text import literal, literals
from churn_assets.landing.times import NO_DATE, time_sql, typed_time_sql
from churn_assets.sections_landing import Landing

WHOLE = (
    "TINYINT",
    "SMALLINT",
    "INTEGER",
    "BIGINT",
    "HUGEINT",
    "UTINYINT",
    "USMALLINT",
    "UINTEGER",
    "UBIGINT",
    "UHUGEINT",
)
TIMES = ("TIMESTAMP", "TIMESTAMP_S", "TIMESTAMP_MS", "TIMESTAMP_NS", "TIMESTAMP WITH TIME ZONE", "DATE")
FLOATS = {"DOUBLE": EXACT, "FLOAT": 2**24}
# Types of which every value is one of the contract's type too: nothing to try, nothing to refuse. Trying anyway was
# half the price of reading 2 M events (2026-11).
ALWAYS_VALID = {
    "timestamp": TIMES,
    "double": ("TINYINT", "SMALLINT", "INTEGER", "BIGINT"),
    "bigint": ("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "UTINYINT", "USMALLINT", "UINTEGER"),
    "boolean": ("BOOLEAN",),
}
# Of words that say no value, those that say nothing in a column of words either.
NO_WORD = tuple(word for word in NO_VALUE if word not in ("na", "nil", "-", "--"))
LONGEST_NO_WORD = 12
NUMBER = "[+-]?(?:[0-9]+(?:\\.[0-9]*)?|\\.[0-9]+)(?:[eE][+-]?[0-9]{1,3})?"


@dataclass(frozen=True)
class Held:
    """One column of the contract as files of one shape hold it: `sql` names it, `raw_type` is DuckDB's.

    `is_ours`: written by this instance itself, so in UTC and with points in its numbers.
    """

    column: RawColumn
    sql: str
    raw_type: str
    options: Landing
    is_ours: bool = False

    @property
    def is_text(self) -> bool:
        return self.raw_type == "VARCHAR"

    @property
    def as_text(self) -> str:
        return self.sql if self.is_text else f"cast({self.sql} as varchar)"

    @property
    def zone(self) -> str:
        if self.is_ours:
            return "UTC"
        if self.column.name == "ingested_at":
            return self.options.ingested_time_zone or self.options.time_zone
        return self.options.time_zone

    @property
    def is_always_valid(self) -> bool:
        return self.raw_type in ALWAYS_VALID.get(self.column.kind, ())

    @property
    def value(self) -> str:
        """Typed; null where it is missing or cannot be read."""
        if self.column.is_id:
            return self._id()
        match self.column.kind:
            case "varchar" if self.column.name == "event_type":
                return self._event_type()
            case "varchar":
                return self._words()
            case "timestamp":
                return typed_time_sql(self.sql, self.raw_type, self.zone) if self.raw_type in TIMES else self._time()
            case "boolean":
                return f"try_cast({stripped_sql(self.sql) if self.is_text else self.sql} as boolean)"
            case _:
                return self._number()

    @property
    def is_missing(self) -> str:
        """Whether there is no value at all, in whatever way that is written."""
        if not self.is_text:
            # Where a number has to be, one that is none is not missing but wrong.
            may_be_nan = self.raw_type in FLOATS and (self.column.is_id or not self.column.is_required)
            return f"({self.sql} is null or isnan({self.sql}))" if may_be_nan else f"{self.sql} is null"
        if self.column.is_id or self.column.kind not in ("varchar", "timestamp"):
            is_nan = f"coalesce(lower({stripped_sql(self.sql)}) = 'nan', false)"
            may_be_nan = self.column.is_id or not self.column.is_required
            return no_value_sql(self.sql) if may_be_nan else f"({no_value_sql(self.sql)} and not {is_nan})"
        if self.column.kind == "timestamp":
            return f"({no_value_sql(self.sql)} or {stripped_sql(self.sql)} in ({literals(NO_DATE)}))"
        return f"{self._words()} is null"

    def _id(self) -> str:
        if self.is_text:
            return id_sql(self.sql)
        if self.raw_type in FLOATS:
            return number_id_sql(self.sql, FLOATS[self.raw_type])
        if self.raw_type.startswith("DECIMAL"):  # exact, whatever its length
            return f"regexp_replace({self.as_text}, '\\.0*$', '')"
        return self.as_text

    def _words(self) -> str:
        if not self.is_text:
            return self.as_text
        words = [word for word in NO_WORD if not (self.column.none_is_a_word and word == "none")]
        bare = f"nullif({stripped_sql(self.sql)}, '')"
        # Nearly all words have nothing to take off and are not among those few.
        plain = f"regexp_full_match({self.sql}, '[^{BLANKS_RE2}](?s:.*[^{BLANKS_RE2}])?')"
        none = f"strlen({self.sql}) <= {LONGEST_NO_WORD} and lower({bare}) in ({literals(words)})"
        return f"case when {none} then null when {plain} then {self.sql} else {bare} end"

    def _event_type(self) -> str:
        """In lower case with underscores, and under the name that features know, where the settings have one."""
        word = event_type_sql(self._words())
        own = " ".join(
            f"when {literal(_event_word(said))} then {literal(meant)}"
            for said, meant in self.options.event_types.items()
        )
        return f"case {word} {own} else {word} end" if own else word

    def _time(self) -> str:
        return time_sql(stripped_sql(self.as_text), self.zone) if self.is_text else "cast(null as timestamp)"

    def _number(self) -> str:
        kind, source = self.column.data_type, self.sql
        if self.is_text:
            source = f"regexp_extract({self._plain_number()}, '^{NUMBER}$')"
        if self.column.kind == "double":
            number = f"try_cast({source} as double)"
            return f"case when isfinite({number}) then {number} end"
        if self.column.kind == "bigint":
            number = f"try_cast({source} as double)"
            return f"case when {number} = floor({number}) then try_cast({source} as bigint) end"
        return f"try_cast({source} as {kind})"

    def _plain_number(self) -> str:
        """A number in text as SQL writes it."""
        number = stripped_sql(self.sql)
        if self.is_ours:
            return number
        for sign in self.options.currency_signs:
            number = f"replace({number}, {literal(sign)}, '')"
        if self.options.currency_signs:
            number = stripped_sql(number)
        if self.options.thousands_separator:
            # Only where it separates thousands: 1,234,567 and not 1,5.
            separator = self.options.thousands_separator
            grouped = f"^[+-]?[0-9]{{1,3}}([{separator}][0-9]{{3}})+([^0-9].*)?$"
            is_grouped = f"regexp_matches({number}, {literal(grouped)})"
            number = f"case when {is_grouped} then replace({number}, {literal(separator)}, '') else {number} end"
        if self.options.decimal_separator == ",":
            # A point would be read as one a thousand times too small.
            number = f"case when contains({number}, '.') then null else replace({number}, ',', '.') end"
        return number


def event_type_sql(text: str) -> str:
    """SQL of a type of event as it is compared: Add To Cart and add-to-cart are add_to_cart."""
    return f"replace(replace(lower({text}), ' ', '_'), '-', '_')"


def _event_word(word: str) -> str:
    return word.strip().lower().replace(" ", "_").replace("-", "_")


def simple_sql(text: str) -> str:
    """SQL of a word as it is compared: see consent/words.py, `simple`."""
    return f"lower(regexp_replace({text}, '[{BLANKS_RE2}_/:\\x{{2010}}-\\x{{2014}}-]+', '', 'g'))"


def is_among_sql(text: str, words: Iterable[str]) -> str:
    """SQL: whether a text expression is one of the words; null counts as no."""
    return f"coalesce({text} in ({literals(words)}), false)"
