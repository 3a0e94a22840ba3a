"""SQL that converts a value of a file, of whatever type, to the type of the raw contract."""

from __future__ import annotations

from dataclasses import dataclass

from churn_assets.contracts.blanks import BLANKS_RE2, stripped_sql
from churn_assets.contracts.raw import RawColumn
from churn_assets.landing.ids import EXACT, NO_VALUE, bare_sql, id_of_bare_sql, no_value_sql, number_id_sql
from churn_assets.landing.text import identifier, is_among_sql, literal
from churn_assets.landing.times import NO_DATE, time_sql, typed_time_sql
from churn_assets.settings.landing import Landing

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
# Types whose values all convert to the contract's type, so that no try_cast is needed; try_cast was half the price of
# reading 2 M events (2026-11).
ALWAYS_VALID = {
    "timestamp": TIMES,
    "double": ("TINYINT", "SMALLINT", "INTEGER", "BIGINT"),
    "bigint": ("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "UTINYINT", "USMALLINT", "UINTEGER"),
    "boolean": ("BOOLEAN",),
}
# Words for a missing value that mean one in a column of words too.
NO_WORD = tuple(word for word in NO_VALUE if word not in ("na", "nil", "-", "--"))
LONGEST_NO_WORD = 12
NUMBER = "[+-]?(?:[0-9]+(?:\\.[0-9]*)?|\\.[0-9]+)(?:[eE][+-]?[0-9]{1,3})?"


@dataclass(frozen=True)
class SourceColumn:
    """One column of the contract as files of one shape have it; `raw_type` is DuckDB's.

    SQL in three steps, each over the columns of the step before: `bare` over the raw value in `raw_<column>`; `value`
    and `missing` over `bare`; later steps use `is_missing`. As one expression the SQL was 90 KB per table, and planning
    took longer than reading (2026-11).

    `is_ours`: the files are written by this instance, so with times in UTC and decimal points.
    """

    column: RawColumn
    raw_type: str
    options: Landing
    is_ours: bool = False

    @property
    def raw(self) -> str:
        return identifier(f"raw_{self.column.name}")

    @property
    def is_missing(self) -> str:
        """Name of the column that is true where the value is missing, however that is written."""
        return identifier(f"missing_{self.column.name}")

    @property
    def is_text(self) -> bool:
        return self.raw_type == "VARCHAR"

    @property
    def text(self) -> str:
        """The raw value as text, without blanks and quotes around it."""
        return identifier(f"bare_{self.column.name}") if self.is_text else f"cast({self.raw} as varchar)"

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
    def bare(self) -> str:
        """SQL of the text without blanks and spreadsheet quotes around it; in a column of words quotes stay."""
        if self._is_word:
            # Nearly all words are bare already.
            is_bare = f"regexp_full_match({self.raw}, '[^{BLANKS_RE2}](?s:.*[^{BLANKS_RE2}])?')"
            return f"case when {is_bare} then {self.raw} else {stripped_sql(self.raw)} end"
        return bare_sql(self.raw)

    @property
    def value(self) -> str:
        """SQL of the typed value; null where it is missing or cannot be read."""
        if self.column.is_id:
            return self._id()
        match self.column.kind:
            case "varchar" if self.column.name == "event_type":
                return self._event_type()
            case "varchar":
                return self._words()
            case "timestamp":
                return typed_time_sql(self.raw, self.raw_type, self.zone) if self.raw_type in TIMES else self._time()
            case "boolean":
                return f"try_cast({self.text if self.is_text else self.raw} as boolean)"
            case _:
                return self._number()

    @property
    def missing(self) -> str:
        if not self.is_text:
            # In a required column of numbers NaN is not missing but invalid.
            may_be_nan = self.raw_type in FLOATS and (self.column.is_id or not self.column.is_required)
            return f"({self.raw} is null or isnan({self.raw}))" if may_be_nan else f"({self.raw} is null)"
        if self._is_word:
            return f"({self._words()} is null)"
        if self.column.kind == "timestamp":
            return f"({no_value_sql(self.text)} or {is_among_sql(self.text, NO_DATE)})"
        may_be_nan = self.column.is_id or not self.column.is_required
        is_nan = f"coalesce(lower({self.text}) = 'nan', false)"
        return no_value_sql(self.text) if may_be_nan else f"({no_value_sql(self.text)} and not {is_nan})"

    @property
    def _is_word(self) -> bool:
        return self.column.kind == "varchar" and not self.column.is_id

    def _id(self) -> str:
        if self.is_text:
            return id_of_bare_sql(self.text)
        if self.raw_type in FLOATS:
            return number_id_sql(self.raw, FLOATS[self.raw_type])
        if self.raw_type.startswith("DECIMAL"):  # exact, whatever its length
            return f"regexp_replace({self.text}, '\\.0*$', '')"
        return self.text

    def _words(self) -> str:
        if not self.is_text:
            return self.text
        words = [word for word in NO_WORD if not (self.column.none_is_a_word and word == "none")]
        none = f"strlen({self.text}) <= {LONGEST_NO_WORD} and {is_among_sql(f'lower({self.text})', ('', *words))}"
        return f"case when {none} then null else {self.text} end"

    def _event_type(self) -> str:
        """SQL of the type in lower case with underscores, mapped by landing.event_types."""
        word = event_type_sql(self._words())
        own_cases = " ".join(
            f"when {literal(_event_word(own_word))} then {literal(event_type)}"
            for own_word, event_type in self.options.event_types.items()
        )
        return f"case {word} {own_cases} else {word} end" if own_cases else word

    def _time(self) -> str:
        return time_sql(self.text, self.zone) if self.is_text else "cast(null as timestamp)"

    def _number(self) -> str:
        kind, source = self.column.data_type, self.raw
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
        """SQL of a number in text, in the notation of SQL."""
        number = self.text
        if self.is_ours:
            return number
        for sign in self.options.currency_signs:
            number = f"replace({number}, {literal(sign)}, '')"
        if self.options.currency_signs:
            number = stripped_sql(number)
        if self.options.thousands_separator:
            # Only where the sign separates thousands: 1,234,567 and not 1,5.
            separator = self.options.thousands_separator
            grouped = f"^[+-]?[0-9]{{1,3}}([{separator}][0-9]{{3}})+([^0-9].*)?$"
            is_grouped = f"regexp_matches({number}, {literal(grouped)})"
            number = f"case when {is_grouped} then replace({number}, {literal(separator)}, '') else {number} end"
        if self.options.decimal_separator == ",":
            # With a decimal comma, a point would make the number a thousand times too small.
            number = f"case when contains({number}, '.') then null else replace({number}, ',', '.') end"
        return number


def event_type_sql(text: str) -> str:
    """SQL of the normalised type of an event: Add To Cart and add-to-cart are add_to_cart."""
    return f"replace(replace(lower({text}), ' ', '_'), '-', '_')"


def _event_word(word: str) -> str:
    return word.strip().lower().replace(" ", "_").replace("-", "_")


def simple_sql(text: str) -> str:
    """SQL of `simple` (consent/words.py): the form in which words are compared."""
    return f"lower(regexp_replace({text}, '[{BLANKS_RE2}_/:\\x{{2010}}-\\x{{2014}}-]+', '', 'g'))"
