"""The landing without erased users: rows of theirs that the files still hold are never read.

The filter is in the relation that reads the files, so that staging, refusals, counts and comparisons use the same rows.
Without tombstones the SQL is unchanged.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

from churn_assets.landing.contents import LandedTable
from churn_assets.landing.ids import same_id
from churn_assets.landing.journal import Journal
from churn_assets.landing.text import literal
from churn_assets.landing.tombstones import Tombstones


def without_erased_users(tables: Mapping[str, LandedTable], root: Path) -> dict[str, LandedTable]:
    """The raw tables without the users erased in the instance at `root`."""
    salts = Tombstones(root).salts
    return {name: _without(table, tables.get("orders"), root, salts) for name, table in tables.items()}


def erased_among(root: Path, users: Iterable[str]) -> set[str]:
    """Those of `users`, ids as their source writes them, who were erased in the instance at `root`."""
    tombstones = Tombstones(root)
    if not tombstones.salts:
        return set()
    forms = {user: {same_id(user), user.strip()} for user in users}
    erased = tombstones.among({form for each in forms.values() for form in each})
    return {user for user, each in forms.items() if each & erased}


def _without(table: LandedTable, orders: LandedTable | None, root: Path, salts: list[str]) -> LandedTable:
    if not salts:
        return table
    names = [column.name for column in table.table.columns]
    if "user_id" in names:
        return table.without(_is_erased(root, salts))
    if "order_id" in names and orders:  # lines of an order have no user of their own
        theirs = f"select order_id from {orders.scan} where {_is_erased(root, salts)}"
        return table.without(f"coalesce(order_id in ({theirs}), false)")
    return table


def _is_erased(root: Path, salts: list[str]) -> str:
    """SQL: whether a row is of an erased user. One hash per row and salt, however many users were erased."""
    columns = "{salt: 'varchar', user_sha256: 'varchar'}"
    options = f"format = 'newline_delimited', columns = {columns}, ignore_errors = true"
    journal = literal(Journal(root).inside)
    erased_hashes = f"select user_sha256 from read_json({journal}, {options}) where user_sha256 is not null"
    conditions = [
        f"sha256({literal(salt)} || {form}) in ({erased_hashes} and salt = {literal(salt)})"
        for salt in salts
        for form in ("user_id", "user_id_as_written")  # a user erased under another spelling stays erased
    ]
    return f"coalesce({' or '.join(conditions)}, false)"
