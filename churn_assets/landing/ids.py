"""The canonical form of an id, once in Python and once in SQL; tests hold the two against each other.

`5501<tab>`, `="5501"`, `'5501`, `5501.0` and `5.501E+3` are all the user 5501. A rounded number (`1.63E+17`, a float
beyond 2^53) has no canonical form: it could be the id of another user.
"""

from __future__ import annotations

import re

from churn_assets.contracts.blanks import BLANKS, BLANKS_RE2, stripped_sql
from churn_assets.landing.text import is_among_sql

# What databases and spreadsheets write where there is no value; compared in lower case.
NO_VALUE = (
    "null", "\\n", "none", "nan", "nat", "na", "n/a", "#n/a", "<na>", "<null>", "(null)", "[null]", "nil", "undefined",
    "-", "--",
)  # fmt: skip
LONGEST_NO_VALUE = max(map(len, NO_VALUE))

EXACT = 2**53  # a double holds every whole number up to here, and not every one beyond
GUARDED = re.compile(r'="(.*)"|=(\d+)|"(.*)"|\'(.*?)\'?', re.DOTALL)
FLOAT = re.compile(r"(-?(?:0|[1-9][0-9]*))\.0*")
SCIENTIFIC = re.compile(r"(-?[1-9])(?:\.([0-9]*))?[eE]\+([0-9]{1,3})|(-?[1-9])\.([0-9]+)[eE]([0-9]{1,3})")


class RoundedId(ValueError):
    """An id that was rounded, so that it may be one of several ids."""


def canonical_id(text: str) -> str | None:
    """The canonical form of an id; None where the text means a missing value. Raises RoundedId."""
    bare = text.strip(BLANKS)
    guarded = GUARDED.fullmatch(bare)
    if guarded:
        bare = next(part for part in (*guarded.groups(), "") if part is not None).strip(BLANKS)
    if not bare or bare.lower() in NO_VALUE:
        return None
    whole = FLOAT.fullmatch(bare)
    if whole:
        return _exact(int(whole[1]), text)
    number = SCIENTIFIC.fullmatch(bare)
    if number is None:
        return bare
    first, decimals, power = (part or "" for part in (number.groups()[:3] if number[1] else number.groups()[3:]))
    exponent = int(power)
    if len(decimals.rstrip("0")) > exponent or len(decimals) < exponent:
        raise RoundedId(_rounded(text))
    return _exact(int(first + decimals[:exponent]), text)


def same_id(text: str) -> str:
    """The canonical form of an id, else the text without blanks around it: for comparing raw values with an id."""
    try:
        return canonical_id(text) or text.strip(BLANKS)
    except RoundedId:
        return text.strip(BLANKS)


def id_sql(text: str) -> str:
    """SQL of the canonical form of a text expression; null where it has none. Long SQL: see `id_of_bare_sql`."""
    return id_of_bare_sql(bare_sql(text))


def bare_sql(text: str) -> str:
    """SQL: a text expression without blanks around it and without the guards of spreadsheets."""
    # Nearly all values are bare already. Costs what trim() costs (32 ns, 2026-11).
    is_bare = f"regexp_full_match({text}, '[^{BLANKS_RE2}=\"''](?s:.*[^{BLANKS_RE2}])?')"
    guards = "'^(?s:=\"(.*)\"|=([0-9]+)|\"(.*)\"|''(.*?)''?)$'"
    inner = f"regexp_replace({stripped_sql(text)}, {guards}, '\\1\\2\\3\\4')"
    return f"case when {is_bare} then {text} else {stripped_sql(inner)} end"


def id_of_bare_sql(bare: str) -> str:
    """SQL of the canonical form of a result of `bare_sql`."""
    whole = f"regexp_extract({bare}, '{_re2(FLOAT)}', 1)"
    return f"""case
      when {_is_plain(bare)} then {bare}
      when {no_value_sql(bare)} then null
      when regexp_full_match({bare}, '{_re2(FLOAT)}')
        then {_exact_sql(whole)}
      when regexp_full_match({bare}, '{_re2(SCIENTIFIC)}') then {_scientific_sql(bare)}
      else {bare}
    end"""


def no_value_sql(bare: str) -> str:
    """SQL: whether a result of `bare_sql` means a missing value."""
    is_none = is_among_sql(f"lower({bare})", ("", *NO_VALUE))
    return f"({bare} is null or (strlen({bare}) <= {LONGEST_NO_VALUE} and {is_none}))"


def number_id_sql(number: str, exact: int) -> str:
    """SQL of the canonical form of a float; null unless it is a whole number of at most `exact`."""
    is_exact = f"{number} = floor({number}) and abs({number}) <= {exact}"
    return f"case when {is_exact} then cast(cast({number} as bigint) as varchar) end"


def _is_plain(bare: str) -> str:
    """SQL: whether the value is its own canonical form, as nearly all ids are."""
    is_word = f"regexp_full_match({bare}, '[A-Za-z0-9_-]+')"
    is_none = is_among_sql(f"lower({bare})", NO_VALUE)
    return f"({is_word} and (strlen({bare}) > {LONGEST_NO_VALUE} or not {is_none}))"


def _scientific_sql(bare: str) -> str:
    decimals = f"regexp_extract({bare}, '\\.([0-9]*)[eE]', 1)"
    exponent = f"cast(regexp_extract({bare}, '([0-9]+)$', 1) as integer)"
    is_written = f"strlen(rtrim({decimals}, '0')) <= {exponent} and strlen({decimals}) >= {exponent}"
    digits = f"regexp_extract({bare}, '^(-?[1-9])', 1) || left({decimals}, {exponent})"
    return f"case when {is_written} then {_exact_sql(digits)} end"


def _exact_sql(digits: str) -> str:
    number = f"try_cast({digits} as hugeint)"
    return f"case when abs({number}) <= {EXACT} then cast({number} as varchar) end"


def _re2(pattern: re.Pattern[str]) -> str:
    return pattern.pattern


def _exact(number: int, text: str) -> str:
    if abs(number) > EXACT:
        raise RoundedId(_rounded(text))
    return str(number)


def _rounded(text: str) -> str:
    return f"{text.strip()!r} is a rounded number and may be several ids: give the id with all its digits"
