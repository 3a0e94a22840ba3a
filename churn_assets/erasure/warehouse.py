"""Users in the DuckDB file. Deleted values stay in it (DuckDB 2.0, 2026-11), so the file is rebuilt without them."""

from __future__ import annotations

from pathlib import Path

from churn_assets.duck import duck
from churn_assets.erasure.traces import Traces
from churn_assets.erasure.warehouse_tables import base_tables, find_names
from churn_assets.instance.files import write_whole
from churn_assets.landing.text import literal
from churn_assets.landing.tombstones import Tombstones


def rows_in(file: Path, traces: Traces) -> dict[str, int]:
    """Number of rows by table that are the users' or name them."""
    counts: dict[str, int] = {}
    with duck(file, read_only=True) as connection:
        find_names(connection, traces)
        for table in base_tables(connection):
            condition = table.is_theirs_or_names_them()
            row = connection.execute(
                f"select count(*) from {table.relation} where {condition}", table.parameters(condition, traces)
            ).fetchone()
            counts[f"{table.schema}.{table.name}"] = int(row[0]) if row else 0
    return counts


def impersonal_tables(file: Path) -> list[str]:
    """Tables without a user and without an order."""
    with duck(file, read_only=True) as connection:
        return [f"{table.schema}.{table.name}" for table in base_tables(connection) if table.is_impersonal]


def orders_in(file: Path, users: frozenset[str]) -> set[str]:
    """Ids of the users' orders in any table."""
    orders: set[str] = set()
    with duck(file, read_only=True) as connection:
        for table in base_tables(connection):
            if {"order_id", "user_id"} <= table.types.keys():
                sql = f"select distinct order_id from {table.relation} where list_contains($users, {table.user_sql})"
                rows = connection.execute(sql, {"users": sorted(users)}).fetchall()
                orders |= {str(order) for (order,) in rows if order is not None}
    return orders


def erased_in(file: Path, tombstones: Tombstones) -> set[str]:
    """Users with a tombstone who are in the file."""
    with duck(file, read_only=True) as connection:
        queries = [
            f"select {table.user_sql} from {table.relation}" for table in base_tables(connection) if table.user_sql
        ]
        users = connection.execute(" union ".join(queries)).fetchall() if queries else []
    return tombstones.among(str(user) for (user,) in users if user is not None)


def rebuild_without(file: Path, traces: Traces) -> None:
    """Rebuild the file without the users: written beside it, forced to disk, and renamed in one step."""
    with duck(file) as connection:
        connection.execute("checkpoint")  # a remaining log would be read as one of the new file

    def write(fresh: Path) -> None:
        with duck() as connection:
            connection.execute("set preserve_insertion_order = false")
            connection.execute(f"set temp_directory = {literal(f'{file}.tmp')}")  # not in the working directory
            connection.execute(f"attach {literal(file)} as held (read_only)")
            connection.execute(f"attach {literal(fresh)} as fresh")
            find_names(connection, traces)
            connection.execute("copy from database held to fresh (schema)")
            connection.execute("use held")
            for table in base_tables(connection):
                is_theirs = table.is_theirs()
                connection.execute(
                    f"insert into fresh.{table.relation} from held.{table.relation} where not {is_theirs}",
                    table.parameters(is_theirs, traces),
                )
            connection.execute("checkpoint fresh")

    write_whole(file.resolve(), write)  # a link stays a link
