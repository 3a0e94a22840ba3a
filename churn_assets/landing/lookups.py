"""Columns that a row gets from other files: a value that stands there once, or a sum over all rows with its key.

`mapping.yaml` names the files as `lookups` of a source. They have no time of their own: what they say is known with the
row that it belongs to.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path

from churn_assets.landing.errors import LandingError
from churn_assets.landing.text import identifier
from churn_assets.settings.mapping import SourceFiles, TableFrom

Columns = Mapping[str, tuple[str, str]]  # lower case -> name in the file, type


@dataclass(frozen=True)
class LookupFile:
    """One file of a lookup. `sql`: what reads it, after FROM."""

    path: Path
    sql: str
    columns: Columns


Lookups = Mapping[str, tuple[LookupFile, ...]]


def with_lookups(
    sql: str, columns: Columns, source: SourceFiles, made: TableFrom, lookups: Lookups
) -> tuple[str, Columns]:
    """The relation after FROM, and its columns, with `name.column` for each value that the table takes from a lookup,
    and `sum of name.column` for each sum. Raises LandingError for a column that a file lacks.
    """
    for number, (name, files) in enumerate(lookups.items()):
        taken, summed = list(_taken(made, name)), list(_summed(made, name))
        if not taken and not summed:
            continue
        lookup = source.lookups[name]
        own = lookup.of or lookup.key
        if own.strip().lower() not in columns:
            raise LandingError(_lacking(source, "its files", own, columns))
        alias = f"lookup_{number}"
        values = {f"{name}.{column}": _once(column) for column in taken}
        values |= {sum_of(name, product): _sum(product, source) for product in summed}
        inside = ", ".join(f"{value} as {identifier(shown)}" for shown, value in values.items())
        needed = dict.fromkeys([lookup.key, *taken, *(column for product in summed for column in product)])
        rows = _newest(source, lookup.key, files, needed)
        key = _key(f"base.{identifier(columns[own.strip().lower()][0])}")
        shown_values = ", ".join(f"{alias}.{identifier(shown)}" for shown in values)
        of_key = f"select {_key(identifier(lookup.key))} as lookup_key, {inside} from ({rows}) group by 1"
        joined = f"{sql} as base left join ({of_key}) as {alias} on {key} = {alias}.lookup_key"
        sql = f"(select base.*, {shown_values} from {joined})"
        columns = {**columns, **{shown.lower(): (shown, "VARCHAR") for shown in values}}
    return sql, columns


def sum_of(name: str, product: tuple[str, ...]) -> str:
    """What the sum of a product of columns of a lookup is called among the columns of a row."""
    return f"sum of {' and '.join(f'{name}.{column}' for column in product)}"


def _taken(made: TableFrom, name: str) -> Iterator[str]:
    named = dict.fromkeys(each for column in made.columns.values() for each in column.columns if not column.sum)
    return (each.partition(".")[2] for each in named if each.partition(".")[0] == name)


def _summed(made: TableFrom, name: str) -> Iterator[tuple[str, ...]]:
    sums = dict.fromkeys(column.sum for column in made.columns.values() if column.sum)
    for parts in sums:
        if parts[0].partition(".")[0] == name:
            yield tuple(part.partition(".")[2] for part in parts)


def _newest(source: SourceFiles, key: str, files: Sequence[LookupFile], needed: Mapping[str, None]) -> str:
    """The rows of each key in the last file that has it: an export of everything, written each week, says it again."""
    parts = [
        f"select {_texts(source, each, needed)}, {number} as lookup_file from {each.sql}"
        for number, each in enumerate(files)
    ]
    last = f"max(lookup_file) over (partition by {_key(identifier(key))})"
    return f"select * from ({' union all '.join(parts)}) qualify lookup_file = {last}"


def _texts(source: SourceFiles, file: LookupFile, names: Mapping[str, None]) -> str:
    listed = []
    for name in names:
        place = file.columns.get(name.strip().lower())
        if place is None:
            raise LandingError(_lacking(source, str(file.path), name, file.columns))
        listed.append(f"cast({identifier(place[0])} as varchar) as {identifier(name)}")
    return ", ".join(listed)


def _key(column: str) -> str:
    return f"nullif(trim(cast({column} as varchar)), '')"


def _once(column: str) -> str:
    """The value, where all rows with the key say the same."""
    text = f"nullif(trim({identifier(column)}), '')"
    return f"case when count(distinct {text}) = 1 then min({text}) end"


def _sum(product: tuple[str, ...], source: SourceFiles) -> str:
    """Null where one of the numbers cannot be read, so that no order is worth less than it was."""
    number = " * ".join(number_sql(identifier(column), source) for column in product)
    total = f"case when count(*) = count({number}) then cast(sum({number}) as varchar) end"
    return f"replace({total}, '.', ',')" if source.decimal_separator == "," else total


def number_sql(text: str, source: SourceFiles) -> str:
    """SQL of a number in the notation of the source; null where it is none."""
    text = f"regexp_replace({text}, '[^0-9.,+-]', '', 'g')"
    if source.thousands_separator in (".", ","):
        text = f"replace({text}, '{source.thousands_separator}', '')"
    if source.decimal_separator == ",":
        text = f"replace({text}, ',', '.')"
    return f"try_cast({text} as decimal(18, 4))"


def _lacking(source: SourceFiles, place: str, name: str, columns: Columns) -> str:
    near = get_close_matches(name.strip().lower(), list(columns), 1)
    hint = f"; did you mean {columns[near[0]][0]}?" if near else f"; it has {', '.join(columns)}"
    return f"source {source.name}: {place}: no column {name}, by which lookups are joined or read{hint} (mapping.yaml)"
