"""The cursor of a table: the column that says which rows are new, from where on is read, and how far it was."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import duckdb

from churn_assets.landing.parquet import read_parquet_sql
from churn_assets.landing.pulled import LastReading
from churn_assets.landing.text import identifier
from churn_assets.pulling.columns import Column
from churn_assets.pulling.database import Low
from churn_assets.pulling.errors import PullError
from churn_assets.settings.mapping import TableFrom


def cursor_of(made: TableFrom, columns: Sequence[Column]) -> Column | None:
    """The column that mapping.yaml names, which is among `columns`. Raises PullError for a text."""
    if made.cursor is None:
        return None
    column = next(each for each in columns if each.name.lower() == made.cursor.strip().lower())
    if not (column.is_time or column.is_whole):
        raise PullError(
            f"{column.place}: cursor {column.name} is neither a time nor a whole number, so nobody can say which rows "
            "are new: name another column, or none to read everything each time"
        )
    return column


def low_of(made: TableFrom, cursor: Column, last: LastReading) -> Low | None:
    """From where on is read: the greatest cursor that was read, without the overlap; None: everything."""
    if last.cursor is None:
        return None
    if isinstance(last.cursor, int):
        return Low(cursor.name, last.cursor - made.overlap_ids) if cursor.is_whole else None
    moment = datetime.fromisoformat(last.cursor)
    if not cursor.is_time or (moment.tzinfo is not None) != cursor.has_zone:
        return None  # the column has another type by now
    moment -= timedelta(minutes=made.overlap_minutes)
    return Low(cursor.name, moment.date() if cursor.is_day else moment)


def reached(
    connection: duckdb.DuckDBPyConnection,
    raw: Path,
    cursor: Column | None,
    before: int | str | None,
    now: datetime,
    zone: str,
) -> tuple[int | str | None, int]:
    """The greatest cursor so far, `before` and in the rows of `raw`, and how many of these have none.

    A time after now is a mistake, and must not hide later rows: now counts instead. `zone`: of times without an offset.
    """
    if cursor is None:
        return None, 0
    name = identifier(cursor.name)
    sql = f"select max({name}), count(*) filter ({name} is null) from {read_parquet_sql([raw])}"
    newest, unmarked = connection.execute(sql).fetchone() or (None, 0)
    if newest is None:
        return before, int(unmarked)
    if cursor.is_whole:
        return max(int(newest), before if isinstance(before, int) else int(newest)), int(unmarked)
    moment = _at_most(newest, _now_there(cursor, now, zone))
    earlier = datetime.fromisoformat(before) if isinstance(before, str) else moment
    return max(moment, earlier).isoformat(), int(unmarked)


def _now_there(cursor: Column, now: datetime, zone: str) -> datetime:
    """Now as the column would have it."""
    moment = now.replace(tzinfo=UTC)
    return moment if cursor.has_zone else moment.astimezone(ZoneInfo(zone)).replace(tzinfo=None)


def _at_most(value: date, now: datetime) -> datetime:
    """A day, or a time of the kind of `now`, and never later than that."""
    moment = value if isinstance(value, datetime) else datetime.combine(value, datetime.min.time())
    return min(moment.astimezone(UTC) if now.tzinfo else moment, now)
