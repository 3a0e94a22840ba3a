"""Findings on extra columns: undeclared ones, declared ones that no file has, and words that no declaration lists."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from difflib import get_close_matches

import duckdb

from churn_assets.contracts.extra import PREFIX
from churn_assets.landing.contents import LandedTable, LandingContents
from churn_assets.landing.findings import LandingFinding
from churn_assets.landing.text import identifier
from churn_assets.settings.extra import EXTRA_TABLES, ExtraColumn, comparable

SHOWN_WORDS = 10
READ_WORDS = 1_000  # the most frequent ones; a column with more is no category


def undeclared(tables: Mapping[str, LandedTable]) -> Iterator[LandingFinding]:
    """Extra columns of the files that no setting declares: they stay in the files, and no feature is made of them."""
    for table in tables.values():
        having = {name: sum(name in file.columns for file in table.files) for name in table.undeclared_extra}
        if having:
            listed = ", ".join(f"{name} ({files:,} of {len(table.files):,} files)" for name, files in having.items())
            yield LandingFinding(
                "warning",
                table.name,
                f"undeclared extra columns stay in the files, and no feature is made of them: {listed}",
                "Declare those that are to be used in features.extra"
                if table.name in EXTRA_TABLES
                else f"Only columns of {' and '.join(EXTRA_TABLES)} can be declared in features.extra",
            )


def absent(contents: LandingContents) -> Iterator[LandingFinding]:
    """Declared columns that no file has: a feature that is always unknown was probably meant as another."""
    for column in contents.extra:
        table = contents.tables.get(column.table)
        if table is not None and column.name in table.columns:
            continue
        there = table.undeclared_extra if table is not None else ()
        near = get_close_matches(column.name.removeprefix(PREFIX), [name.removeprefix(PREFIX) for name in there], 1)
        meant = f" (did you mean {PREFIX}{near[0]}?)" if near else ""
        yield LandingFinding(
            "error",
            column.table,
            f"features.extra declares {column.name}, which no file of {column.table} has{meant}",
            "Name it as the files do, deliver it, or take the declaration out of features.extra",
        )


def other_words(connection: duckdb.DuckDBPyConnection, contents: LandingContents) -> Iterator[LandingFinding]:
    """Words of a category that its declaration does not list: such a row has none of the declared values."""
    for column in contents.extra:
        table = contents.tables.get(column.table)
        if column.kind == "category" and table is not None and column.name in table.columns:
            yield from _other_words(connection, column, table)


def _other_words(
    connection: duckdb.DuckDBPyConnection, column: ExtraColumn, table: LandedTable
) -> Iterator[LandingFinding]:
    name, listed = identifier(column.name), {comparable(value) for value in column.values}
    counts = connection.execute(
        f"select {name}, count(*) as rows from {table.scan} where refused_because is null and {name} is not null "
        f"group by 1 order by rows desc, 1 limit {READ_WORDS}"
    ).fetchall()
    others = [(word, rows) for word, rows in counts if comparable(word) not in listed]
    if others:
        shown = ", ".join(f"{word} ({rows:,})" for word, rows in others[:SHOWN_WORDS])
        yield LandingFinding(
            "warning",
            table.name,
            f"{sum(rows for _, rows in others):,} of {sum(rows for _, rows in counts):,} rows with {column.name} have "
            f"a word that features.extra does not list: {shown}",
            f"Add it to the values of {column.name} if it is to be a feature; else it counts as none of them",
        )
