"""The proof of an erasure: rows of the users in every file of a home, decoded, and a table of the counts."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from churn_assets.erasure import files, raw_files, sqlite, warehouse
from churn_assets.erasure.files import Kind, files_of
from churn_assets.erasure.traces import Traces
from churn_assets.instance.home import PULLED, Home
from churn_assets.instance.terminal import rich_table, wide_console
from churn_assets.monitoring.definition_tables import TextTable

Places = dict[str, int]


def survey(home: Home, traces: Traces) -> Places:
    """Number of rows that are the users', or name them, by place; places without any have 0."""
    counts: Counter[str] = Counter()
    for file, kind in files_of(home.root):
        for place, rows in _rows(file, kind, traces, home.settings.landing.encoding).items():
            counts[f"{_folder(home.root, file)} {place}".strip()] += rows
    return dict(counts)


def show(before: Places, after: Places, notes: list[str]) -> None:
    """Print the rows found, removed and left. Places without any are one row."""
    places = sorted(place for place in before | after if before.get(place) or after.get(place))
    rows = [(place, before.get(place, 0), after.get(place, 0)) for place in places]
    others = len(before | after) - len(places)
    rows.append((f"{others} other places read", 0, 0))
    rows.append(("all", sum(before.values()), sum(after.values())))
    lines = tuple(
        (place, f"{rows_before:,}", f"{rows_before - rows_left:,}", f"{rows_left:,}")
        for place, rows_before, rows_left in rows
    )
    table = TextTable("Erasure", ("place", "rows found", "rows removed", "rows left"), lines, "")
    console = wide_console()
    console.print(rich_table(table))
    for note in notes:
        console.print(note, soft_wrap=True)


def _rows(file: Path, kind: Kind, traces: Traces, encoding: str) -> Places:
    match kind:
        case Kind.DUCKDB:
            return warehouse.rows_in(file, traces)
        case Kind.SQLITE:
            return sqlite.rows_in(file, traces)
        case Kind.RAW | Kind.PARQUET:
            return {"": raw_files.rows_in(file, traces, encoding)}
        case Kind.TEXT:
            return {"": files.lines_in(file, traces)}
        case Kind.ARCHIVE:
            return {}


def _folder(root: Path, file: Path) -> str:
    """A raw table, a published table, a file at the top, or a whole folder."""
    parts = file.relative_to(root).parts
    depth = {"landing": 2, "received": 2, PULLED: 2, "tables": 3}.get(parts[0], 1)
    return "/".join(parts[: min(depth, len(parts) - 1) or 1])
