"""Addresses and numbers, read from the landing for the messages that are being handed over, and kept nowhere else."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from churn_assets.defs.delivery.channels import Message
from churn_assets.defs.duck import duck
from churn_assets.defs.landing.inspect import LandedTable

COLUMN_OF = {"email": "email", "sms": "phone", "call": "phone"}


def addresses_of(users: LandedTable | None, user_ids: Sequence[str], now: datetime) -> dict[str, dict[str, str]]:
    """Per user what the newest row known now says, by column (email, phone); absent where it says nothing."""
    columns = [] if users is None else [name for name in ("email", "phone") if name in users.columns]
    if users is None or not columns:
        return {}
    known = "try_cast(ingested_at as timestamp)" if "ingested_at" in users.columns else "null"
    named = ", ".join(f"nullif(trim(cast({name} as varchar)), '') as {name}" for name in columns)
    sql = f"""
    select trim(cast(user_id as varchar)) as user_id, {named} from {users.scan}
    where list_contains($users, trim(cast(user_id as varchar))) and coalesce({known}, $now) <= $now
    qualify row_number() over (partition by trim(cast(user_id as varchar)) order by {known} desc nulls last) = 1
    """
    with duck() as connection:
        rows = connection.execute(sql, {"users": list(user_ids), "now": now}).fetchall()
    return {user: {name: value for name, value in zip(columns, values, strict=True) if value} for user, *values in rows}


def by_message(book: Mapping[str, Mapping[str, str]], messages: Sequence[Message]) -> dict[str, str]:
    """The address each message goes to, by message key; absent where there is none."""
    found = {m.message_key: book.get(m.user_id, {}).get(COLUMN_OF.get(m.channel, "")) for m in messages}
    return {key: address for key, address in found.items() if address}
