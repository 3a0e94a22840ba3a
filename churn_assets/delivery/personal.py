"""What the landing holds of one user, addresses included: for the person who asks, and for nothing else."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from churn_assets.delivery.addresses import addresses_of_users
from churn_assets.duck import duck
from churn_assets.workplace import Workplace


def addresses_of(workplace: Workplace, user: str) -> dict[str, str]:
    """E-mail and phone as they are now; absent where there is none."""
    now = datetime.now(UTC).replace(tzinfo=None)
    return addresses_of_users(workplace.landing().get("users"), [user], now).get(user, {})


def raw_rows_of(workplace: Workplace, user: str) -> dict[str, list[dict[str, Any]]]:
    """By raw table every row of the user as it was delivered, lines of their orders included."""
    tables, rows = workplace.landing(), {}
    with duck() as connection:
        for name, table in tables.items():
            columns = {column.name for column in table.table.columns}
            condition = "user_id = $user"
            if "user_id" not in columns:
                if "order_id" not in columns or "orders" not in tables:
                    continue
                condition = f"order_id in (select order_id from {tables['orders'].scan} where user_id = $user)"
            names = ", ".join(f'"{column.name}"' for column in table.table.columns)
            delivered = connection.execute(f"select {names} from {table.scan} where {condition}", {"user": user})
            headings = [each[0] for each in delivered.description]
            records = [dict(zip(headings, row, strict=True)) for row in delivered.fetchall()]
            if records:
                rows[name] = records
    return rows
