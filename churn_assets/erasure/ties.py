"""Orders, decisions, messages and addresses of users; collected before any of them is removed."""

from __future__ import annotations

import csv
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

import duckdb
import polars as pl

from churn_assets.contracts.raw import raw_table
from churn_assets.duck import duck
from churn_assets.erasure import partitions, sqlite, warehouse
from churn_assets.erasure.raw_files import values_in
from churn_assets.erasure.traces import Traces
from churn_assets.landing import of_home
from churn_assets.landing.contents import LandedTable
from churn_assets.landing.errors import LandingError
from churn_assets.landing.files import data_file
from churn_assets.landing.ids import same_id
from churn_assets.workplace import Workplace

# Shorter addresses may be numbers with another meaning elsewhere.
MIN_ADDRESS = 9


def traces_of(workplace: Workplace, users: Iterable[str]) -> Traces:
    """Everything by which rows and texts of these users can be found."""
    theirs = frozenset(users)
    orders, addresses = _in_landing(workplace, theirs)
    if workplace.home.warehouse.exists():
        orders |= warehouse.orders_in(workplace.home.warehouse, theirs)
    keys = partitions.keys_in(workplace, theirs) | sqlite.keys_in(workplace.home.record, theirs)
    return Traces(theirs, frozenset(orders), frozenset(keys), frozenset(addresses))


def _in_landing(workplace: Workplace, users: frozenset[str]) -> tuple[set[str], set[str]]:
    """Orders and addresses that only these users have."""
    try:
        tables = of_home.landed(workplace.home).tables
    except LandingError:  # a file cannot be read, or raw files are missing; the others are read
        return _in_raw_files(workplace, users)
    with duck() as connection:
        orders = _values(connection, tables.get("orders"), "order_id", users)
        columns = [_values(connection, tables.get("users"), column, users) for column in contact_columns()]
    return orders, {address for addresses in columns for address in addresses if len(address) >= MIN_ADDRESS}


def _in_raw_files(workplace: Workplace, users: frozenset[str]) -> tuple[set[str], set[str]]:
    """The same, file by file. A file that cannot be opened is found by the proof."""
    theirs: dict[str, set[str]] = {"orders": set(), "users": set()}
    others: dict[str, set[str]] = {"orders": set(), "users": set()}
    columns = {"orders": ["order_id"], "users": contact_columns()}
    for table, names in columns.items():
        for folder in (
            Path(workplace.home.landing.removeprefix("file://")),
            workplace.home.received,
            workplace.home.pulled,
        ):
            for file in (path for path in (folder / table).rglob("*") if path.is_file() and data_file(path)):
                with suppress(OSError, UnicodeError, ValueError, csv.Error, pl.exceptions.PolarsError):
                    for user, *values in values_in(file, ["user_id", *names], workplace.settings.landing.encoding):
                        owned = theirs if user is not None and same_id(user) in users else others
                        owned[table] |= {value.strip() for value in values if value and value.strip()}
    orders = {same_id(order) for order in theirs["orders"] - others["orders"]}
    return orders, {address for address in theirs["users"] - others["users"] if len(address) >= MIN_ADDRESS}


def contact_columns() -> list[str]:
    return [column.name for column in raw_table("users").columns if column.is_contact]


def _values(
    connection: duckdb.DuckDBPyConnection, table: LandedTable | None, column: str, users: frozenset[str]
) -> set[str]:
    """Values of a raw column that occur only in rows of the users."""
    if table is None or column not in table.columns:
        return set()
    rows = connection.execute(
        f"select {column} from {table.scan} where {column} is not null group by 1 "
        "having coalesce(bool_and(list_contains($users, user_id)), false)",
        {"users": sorted(users)},
    ).fetchall()
    return {str(value) for (value,) in rows}
