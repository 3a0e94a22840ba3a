"""The meaning of a repeated id, by landing.repeated_ids: SQL wrapped around the relation of a table.

By default a row that repeats an id corrects the earlier one. The marts apply corrections, so nothing is wrapped then.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from churn_assets.contracts.raw import RawTable
from churn_assets.landing.relation import columns_of
from churn_assets.landing.text import identifier, literal
from churn_assets.settings.landing import RepeatedIds

ADDED_UP = ("amount", "discount_amount")  # over the lines of an order; other columns belong to the order itself
OF_ANY_LINE = ("known_at", "is_purchase")  # the maximum over the lines; of other columns the minimum
SEVERAL_USERS = "lines of one order name several users"
DATE_IN_NAME = re.compile(r"(?<!\d)(\d{4})[-_.]?(\d{2})[-_.]?(\d{2})(?!\d)")


def with_meaning(table: RawTable, scan: str, mode: RepeatedIds, files: Sequence[Path]) -> str:
    """The relation under the given meaning of repeated ids. `files`: in the order in which they count."""
    if mode == "lines":
        return _lines(table, scan)
    if mode == "restarting":
        return _restarting(scan)
    if mode == "full_exports":
        return _full_exports(table, scan, files)
    return scan


def content_sql(table: RawTable) -> str:
    """SQL list of the columns of a row but for ingested_at."""
    names = [column.name for column in table.columns if column.name != "ingested_at"]
    return ", ".join(identifier(name) for name in (*names, *(["is_purchase"] if table.name == "orders" else [])))


def _lines(table: RawTable, scan: str) -> str:
    """Rows of one order in one file with one ingested_at are its lines; lines of several users are refused.

    An order has the event time of its first line, and the known time of its last.
    In an order that is a purchase, lines that are no purchase by their status do not count in the sums.
    """
    grouped = ("order_id", "ingested_at", "file")
    items = [
        _added_up(identifier(name), table.column(name).data_type) if name in ADDED_UP
        else identifier(name) if name in grouped
        else f"{'max' if name in OF_ANY_LINE else 'min'}({identifier(name)}) as {identifier(name)}"
        for name in columns_of(table)
    ]  # fmt: skip
    of_order = f"over (partition by {', '.join(grouped)}, refused_because is null)"
    judged = (
        f"select * replace (case when refused_because is null and min(user_id) {of_order} <> max(user_id) {of_order} "
        f"then {literal(SEVERAL_USERS)} else refused_because end as refused_because) from {scan}"
    )
    return (
        f"(with lines as ({judged}) "
        f"select {', '.join(items)} from lines where refused_because is null group by {', '.join(grouped)} "
        "union all by name select * from lines where refused_because is not null)"
    )


def _added_up(name: str, data_type: str) -> str:
    total = f"case when bool_or(is_purchase) then sum({name}) filter (is_purchase) else sum({name}) end"
    return f"cast({total} as {data_type}) as {name}"


def _restarting(scan: str) -> str:
    name = "order_id || '@' || strftime(ordered_at, '%Y-%m-%d') || '@' || user_id"
    return (
        f"(select * replace (case when refused_because is null then {name} else order_id end as order_id) from {scan})"
    )


def _full_exports(table: RawTable, scan: str, files: Sequence[Path]) -> str:
    """A row counts from the day after the first export that holds it; an equal row in a later export is a repeat."""
    listed = ", ".join(f"({literal(file)}, {rank}, timestamp '{known_after(file)}')" for rank, file in enumerate(files))
    keys = ", ".join(identifier(key) for key in table.key)
    order = f"partition by {keys}, refused_because is null order by rank"
    content = f"hash({content_sql(table)})"
    return f"""(
      select * exclude (rank, exported_at, is_first, is_repeat) replace (
        case when is_first then known_at else greatest(known_at, exported_at) end as known_at,
        is_replaced or is_repeat as is_replaced
      )
      from (
        select rows.*, rank, exported_at,
          row_number() over ({order}) = 1 as is_first,
          refused_because is null and coalesce({content} = lag({content}) over ({order}), false) as is_repeat
        from {scan} as rows inner join (values {listed}) as exports (file, rank, exported_at) using (file)
      )
    )"""


def known_after(file: Path) -> datetime:
    """Known time of an export: the end of the day in its name, else the time at which the file was written."""
    for year, month, day in DATE_IN_NAME.findall(file.name):
        try:
            export_date = date(int(year), int(month), int(day))
        except ValueError:
            continue
        return datetime.combine(export_date + timedelta(days=1), datetime.min.time())
    return datetime.fromtimestamp(file.stat().st_mtime, UTC).replace(tzinfo=None, microsecond=0)
