"""The landing without those who were erased: whatever the files still hold of them, no run gets to see it.

The filter is in the relation that reads the files, in front of everything else: what is staged, refused, counted and
compared is then of the same rows, and without tombstones not a letter of the SQL is another.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from churn_assets.landing.inspect import LandedTable
from churn_assets.landing.journal import Journal
from churn_assets.landing.text import literal
from churn_assets.landing.tombstones import Tombstones


def shielded(landed: Mapping[str, LandedTable], root: Path) -> dict[str, LandedTable]:
    """The raw tables as the instance at `root` may read them."""
    salts = Tombstones(root).salts
    return {name: _without(table, landed.get("orders"), root, salts) for name, table in landed.items()}


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
    """One hash per row and salt, however many were erased; a row without a user is nobody's."""
    columns = "{salt: 'varchar', user_sha256: 'varchar'}"
    options = f"format = 'newline_delimited', columns = {columns}, ignore_errors = true"
    journal = literal(Journal(root).inside)
    held = f"select user_sha256 from read_json({journal}, {options}) where user_sha256 is not null"
    each = [
        f"sha256({literal(salt)} || {form}) in ({held} and salt = {literal(salt)})"
        for salt in salts
        for form in ("user_id", "user_id_as_written")  # whoever was erased under another spelling stays so
    ]
    return f"coalesce({' or '.join(each)}, false)"
