"""SQL that reads a time, from text or from a typed column, as naive UTC.

Accepted: `2026-11-01`, `2026-11-01 09:15`, `2026/11/1 9:15:00.123`, each with `T` or a blank between, and after a time
of day an offset (`Z`, `+08:00`, ` +0800`, `-05`), `UTC` or `GMT`. Everything else is refused: epochs in unknown units,
two-digit years, days before months, and names of zones, of which CST alone means three.

A time without an offset is in `landing.time_zone`. Where clocks are put back, the repeated hour is read as the second
one. Where clocks are put forward, a time in the skipped hour is read as if they had not been.
"""

from __future__ import annotations

DAY = "[0-9]{4}([-/])[0-9]{1,2}[-/][0-9]{1,2}"
CLOCK = "(?:[T ] *[0-9]{1,2}:[0-9]{2}(?::[0-9]{2}(?:[.,][0-9]{1,9})?)?)"
OFFSET = "(?:Z|z|UTC|GMT|[+-][0-9]{2}(?::?[0-9]{2})?)"
UTC = "UTC"
# What databases write for a missing date.
NO_DATE = ("0000-00-00", "0000-00-00 00:00:00", "0000-00-00T00:00:00", "0000-00-00T00:00:00Z", "0000/00/00")


def time_sql(text: str, zone: str) -> str:
    """SQL of the time in a text expression without blanks around it; null where the text is no time."""
    naive = f"try_cast(replace(regexp_extract({text}, '^{DAY}{CLOCK}?'), ',', '.') as timestamp)"
    return f"""case
      when regexp_full_match({text}, '{DAY}{CLOCK}?') then {utc_sql(naive, zone)}
      when regexp_full_match({text}, '{DAY}{CLOCK} *{OFFSET}') then timezone('UTC', {_with_offset(text)})
    end"""


def utc_sql(naive: str, zone: str) -> str:
    """SQL: UTC of a naive local time."""
    return naive if zone == UTC else f"timezone('UTC', timezone('{zone}', {naive}))"


def earliest_utc_sql(moment: str, zone: str) -> str:
    """SQL: the earlier of the two moments that a local time may mean, given the moment that `utc_sql` reads."""
    if zone == UTC:
        return moment
    local_time = f"timezone('{zone}', timezone('UTC', {moment}))"
    hour_before = f"timezone('{zone}', timezone('UTC', {moment} - interval 1 hour))"
    return f"case when {local_time} = {hour_before} then {moment} - interval 1 hour else {moment} end"


def typed_time_sql(value: str, raw_type: str, zone: str) -> str:
    """SQL of a column that holds times already."""
    if raw_type == "TIMESTAMP WITH TIME ZONE":
        return f"timezone('UTC', {value})"
    return utc_sql(f"cast({value} as timestamp)", zone)


def _with_offset(text: str) -> str:
    """A time with offset as DuckDB reads it: a colon in the offset, no blank before it, no name of a zone."""
    day = f"regexp_extract({text}, '^{DAY}{CLOCK}')"
    offset = f"regexp_extract({text}, '{OFFSET}$')"
    hours = f"left({offset}, 3) || ':' || case when strlen({offset}) > 3 then right({offset}, 2) else '00' end"
    offset_sql = f"case when left({offset}, 1) in ('+', '-') then {hours} else '+00:00' end"
    return f"try_cast(replace({day}, ',', '.') || {offset_sql} as timestamptz)"
