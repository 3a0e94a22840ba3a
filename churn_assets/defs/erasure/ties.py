"""What still ties orders, decisions, messages and addresses to users; asked before any of it is removed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import suppress

import duckdb

from churn_assets.defs.dbt.project import manifest
from churn_assets.defs.erasure import partitions, sqlite, warehouse
from churn_assets.defs.erasure.traces import Traces
from churn_assets.defs.workplace import Workplace
from churn_assets.duck import duck
from churn_assets.landing.errors import LandingError
from churn_assets.landing.inspect import LandedTable

# Shorter ones are numbers that mean other things elsewhere.
MIN_ADDRESS = 9


def traces_of(workplace: Workplace, users: Iterable[str]) -> Traces:
    """Everything by which rows and texts of these users can be told."""
    theirs = frozenset(users)
    orders, addresses = _in_landing(workplace, theirs)
    if workplace.home.warehouse.exists():
        orders |= warehouse.orders_in(workplace.home.warehouse, theirs)
    keys = partitions.keys_in(workplace, theirs) | sqlite.keys_in(workplace.home.record, theirs)
    return Traces(theirs, frozenset(orders), frozenset(keys), frozenset(addresses))


def _in_landing(workplace: Workplace, users: frozenset[str]) -> tuple[set[str], set[str]]:
    """Orders, and addresses that are nobody else's."""
    landed: Mapping[str, LandedTable] = {}
    with suppress(LandingError):  # an instance may be older than its raw files
        landed = workplace.home.landed().tables
    with duck() as connection:
        orders = _values(connection, landed.get("orders"), "order_id", users)
        found = [_values(connection, landed.get("users"), column, users) for column in _contact_columns()]
    return orders, {address for addresses in found for address in addresses if len(address) >= MIN_ADDRESS}


def _contact_columns() -> list[str]:
    sources = manifest()["sources"].values()
    table = next(source for source in sources if (source["source_name"], source["name"]) == ("raw", "users"))
    return [name for name, column in table["columns"].items() if column["meta"].get("contact")]


def _values(
    connection: duckdb.DuckDBPyConnection, table: LandedTable | None, column: str, users: frozenset[str]
) -> set[str]:
    """Values of a raw column in rows of the users and in no others."""
    if table is None or column not in table.columns:
        return set()
    rows = connection.execute(
        f"select {column} from {table.scan} where {column} is not null group by 1 "
        "having coalesce(bool_and(list_contains($users, user_id)), false)",
        {"users": sorted(users)},
    ).fetchall()
    return {str(value) for (value,) in rows}
