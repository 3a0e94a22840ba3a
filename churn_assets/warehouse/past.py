"""The features built again from the past alone: rows that had happened and were known before the snapshot.

The SQL that made the mart (churn_assets.warehouse.plan) is run, whatever families it has. Staged rows are copied into a
database in memory, those of the future are hidden, and marts and features are built from the rest.

`foreseen` compares with the same SQL over all rows, future included, for a sample of users: no column may differ.
Values of the whole shop (from when on visits were recorded) are those of the sample on both sides.

`deviating` compares with the mart as it stands, for all users.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

import duckdb

from churn_assets.consent.words import ALL
from churn_assets.contracts.channels import SENDING_CHANNELS
from churn_assets.contracts.raw import RawTable, raw_contract
from churn_assets.duck import duck
from churn_assets.warehouse.plan import BuildPlan, Dates, plan_for, statements
from churn_assets.workplace import Workplace

COMPARED = ("features.user_features", "features.user_statuses")
FOREVER = date(9000, 1, 1)
REFUSAL = f"not coalesce(greatest({', '.join(f'{channel}_consent' for channel in (*SENDING_CHANNELS, ALL))}), false)"
SAMPLE = """
create table sample as select user_id from warehouse.features.user_statuses
where snapshot_date = ? order by md5(user_id || snapshot_date), user_id limit ?
"""
# Doubles are compared with room for the order in which they were added up.
DIFFERS = "({a} is distinct from {b} and not coalesce(abs(try_cast({a} as double) - try_cast({b} as double)) <= \
1e-9 * greatest(1, abs(try_cast({a} as double))), false))"

Differences = dict[str, int]  # table.column -> users that differ; under user_id: users that only one side has


def foreseen(workplace: Workplace, snapshots: Sequence[date], users: int) -> dict[date, Differences]:
    """Per snapshot, the columns that the future changes for a sample of users."""
    plan, start = plan_for(workplace.settings), workplace.calendar.start
    with workplace.warehouse.exclusive(), duck() as connection:
        _attach(connection, workplace)
        connection.execute(SAMPLE, [snapshots[0], users])
        _copy(connection, is_sample=True)
        return with_and_without(connection, plan, start, snapshots, is_restated=workplace.settings.landing.restated)


def with_and_without(
    connection: duckdb.DuckDBPyConnection,
    plan: BuildPlan,
    start: date,
    snapshots: Sequence[date],
    *,
    hidden_at: Sequence[date] | None = None,
    is_restated: bool = False,
) -> dict[date, Differences]:
    """`foreseen` over the schema `staged`, at `hidden_at` (default: all); results of all rows stay in `compared`."""
    _hide(connection, None)
    _build(connection, plan, Dates(start, snapshots, consume_until=FOREVER))
    connection.execute("drop schema if exists compared cascade; create schema compared")
    for model in plan.below("features"):
        connection.execute(f"create table compared.{model.name} as from {model.relation}")
    by_day = {}
    for day in hidden_at or snapshots:
        _hide(connection, day, is_restated=is_restated)
        _build(connection, plan, Dates(start, [day]))
        by_day[day] = _differences(connection, "compared", day)
    return by_day


def deviating(workplace: Workplace, snapshot: date) -> Differences:
    """Columns of the mart at a snapshot that differ from those built from the past alone, over all users."""
    plan = plan_for(workplace.settings)
    with workplace.warehouse.exclusive(), duck() as connection:
        _attach(connection, workplace)
        _copy(connection, is_sample=False)
        _hide(connection, snapshot, is_restated=workplace.settings.landing.restated)
        _build(connection, plan, Dates(workplace.calendar.start, [snapshot]))
        return _differences(connection, "warehouse.features", snapshot)


def _attach(connection: duckdb.DuckDBPyConnection, workplace: Workplace) -> None:
    file = str(workplace.home.warehouse).replace("'", "''")
    spill = str(workplace.home.cache / "spill").replace("'", "''")  # not in the working directory
    connection.execute(f"set temp_directory = '{spill}'; attach '{file}' as warehouse (read_only)")


def _copy(connection: duckdb.DuckDBPyConnection, *, is_sample: bool) -> None:
    """The staged rows, or those of the sampled users; lines are those of sampled orders, products have no user."""
    connection.execute("create schema staged")
    for table in sorted(raw_contract(), key=lambda table: table.name != "orders"):
        rows = f"select * from warehouse.staging.stg_{table.name}"
        columns = {column.name for column in table.columns}
        if is_sample and "user_id" in columns:
            rows += " where user_id in (select user_id from sample)"
        elif is_sample and "order_id" in columns:
            rows += " where order_id in (select order_id from staged.stg_orders)"
        connection.execute(f"create table staged.stg_{table.name} as {rows}")


def _hide(connection: duckdb.DuckDBPyConnection, day: date | None, *, is_restated: bool = False) -> None:
    """Staging without rows that happened or became known at or after `day`; None: with all rows.

    Later times in a row of the past (when it was delivered, redeemed, answered) are null.
    """
    connection.execute("drop schema if exists staging cascade")
    connection.execute("create schema staging")
    for table in raw_contract():
        rows = f"from staged.stg_{table.name}"
        if day:
            still_open = [
                f"case when {name} < timestamp '{day}' then {name} end as {name}" for name in table.later_times
            ]
            values = f"* replace ({', '.join(still_open)})" if still_open else "*"
            rows = f"select {values} {rows} where {_past(table, day, is_restated=is_restated)}"
        connection.execute(f"create view staging.stg_{table.name} as {rows}")


def _past(table: RawTable, day: date, *, is_restated: bool) -> str:
    known = "true" if is_restated else f"known_at < timestamp '{day}'"
    event = table.event_time
    if event is None:
        return known
    # A correction that postpones an event belongs to the past: by then it was known that the event had not happened.
    key = ", ".join(table.key)
    is_postponed = (
        f"({key}) in (select ({key}) from staged.stg_{table.name} where {event} < timestamp '{day}' and {known})"
    )
    # A refusal counts as soon as it is known, whatever its own time (consent/rule.py).
    is_no = f" or ({REFUSAL} and known_at < timestamp '{day}')" if table.name == "consents" else ""
    return f"{known} and ({event} is null or {event} < timestamp '{day}' or {is_postponed}{is_no})"


def _build(connection: duckdb.DuckDBPyConnection, plan: BuildPlan, dates: Dates) -> None:
    for schema in ("marts", "features"):
        connection.execute(f"drop schema if exists memory.{schema} cascade")
    for statement in statements(plan.below("marts", "features"), dates):
        connection.execute(statement)


def _differences(connection: duckdb.DuckDBPyConnection, other: str, day: date) -> Differences:
    differences: Differences = {}
    for relation in COMPARED:
        name = relation.split(".")[1]
        columns = [column for column, *_ in connection.execute(f"describe {relation}").fetchall()]
        other_columns = [column for column, *_ in connection.execute(f"describe {other}.{name}").fetchall()]
        counts = ["count(*) filter (a.user_id is null or b.user_id is null)"]
        values = [
            column for column in columns if column in other_columns and column not in ("user_id", "snapshot_date")
        ]
        for column in values:
            differs = DIFFERS.format(a=f'a."{column}"', b=f'b."{column}"')
            counts.append(f"count(*) filter (a.user_id is not null and b.user_id is not null and {differs})")
        row = connection.execute(
            f"select {', '.join(counts)} from (from {relation} where snapshot_date = ?) as a "
            f"full join (from {other}.{name} where snapshot_date = ?) as b using (user_id)",
            [day, day],
        ).fetchone()
        counted = zip(["user_id", *values], row or (), strict=True)
        differences |= {f"{name}.{column}": rows for column, rows in counted if rows}
        differences |= {f"{name}.{column}": 0 for column in set(columns) ^ set(other_columns)}
    return dict(sorted(differences.items(), key=lambda each: (-each[1], each[0])))
