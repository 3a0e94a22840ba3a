"""A user in the DuckDB file. Deleting leaves values in it (DuckDB 2.0, 2026-11), so it is made anew without them."""

from __future__ import annotations

from pathlib import Path

from churn_assets.duck import duck
from churn_assets.erasure.held_tables import held_tables
from churn_assets.erasure.traces import Traces
from churn_assets.instance.files import write_whole
from churn_assets.landing.text import literal
from churn_assets.landing.tombstones import Tombstones


def rows_in(file: Path, traces: Traces) -> dict[str, int]:
    """Rows of each table that are the users' or name them."""
    found: dict[str, int] = {}
    with duck(file, read_only=True) as connection:
        for table in held_tables(connection):
            condition = table.is_theirs_or_names_them()
            row = connection.execute(
                f"select count(*) from {table.relation} where {condition}", table.parameters(condition, traces)
            ).fetchone()
            found[f"{table.schema}.{table.name}"] = int(row[0]) if row else 0
    return found


def impersonal_tables(file: Path) -> list[str]:
    """Tables whose rows are tied to no user and no order."""
    with duck(file, read_only=True) as connection:
        return [f"{table.schema}.{table.name}" for table in held_tables(connection) if table.is_impersonal]


def orders_in(file: Path, users: frozenset[str]) -> set[str]:
    """Ids of the users' orders that any table holds."""
    found: set[str] = set()
    with duck(file, read_only=True) as connection:
        for table in held_tables(connection):
            if {"order_id", "user_id"} <= table.types.keys():
                sql = f"select distinct order_id from {table.relation} where list_contains($users, {table.user})"
                rows = connection.execute(sql, {"users": sorted(users)}).fetchall()
                found |= {str(order) for (order,) in rows if order is not None}
    return found


def erased_in(file: Path, tombstones: Tombstones) -> set[str]:
    """Users with a tombstone whom the file holds nevertheless."""
    with duck(file, read_only=True) as connection:
        each = [f"select {table.user} from {table.relation}" for table in held_tables(connection) if table.user]
        users = connection.execute(" union ".join(each)).fetchall() if each else []
    return tombstones.among(str(user) for (user,) in users if user is not None)


def made_anew(file: Path, traces: Traces) -> None:
    """The same file without the users: written beside it, forced to disk, and put in its place in one step."""
    with duck(file) as connection:
        connection.execute("checkpoint")  # a log left behind would be taken for one of the new file

    def write(fresh: Path) -> None:
        with duck() as connection:
            connection.execute("set preserve_insertion_order = false")
            connection.execute(f"set temp_directory = {literal(f'{file}.tmp')}")  # not wherever the command was given
            connection.execute(f"attach {literal(file)} as held (read_only)")
            connection.execute(f"attach {literal(fresh)} as fresh")
            connection.execute("copy from database held to fresh (schema)")
            connection.execute("use held")
            for table in held_tables(connection):
                is_theirs = table.is_theirs()
                connection.execute(
                    f"insert into fresh.{table.relation} from held.{table.relation} where not {is_theirs}",
                    table.parameters(is_theirs, traces),
                )
            connection.execute("checkpoint fresh")

    write_whole(file.resolve(), write)  # a link stays one
