"""Addresses and numbers, read from the landing for the messages that are being handed over, and kept nowhere else."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from churn_assets.delivery.channels import Message
from churn_assets.duck import duck
from churn_assets.landing.inspect import LandedTable

COLUMN_OF = {"email": "email", "sms": "phone", "call": "phone"}


def addresses_of(users: LandedTable | None, user_ids: Sequence[str], now: datetime) -> dict[str, dict[str, str]]:
    """Per user what the newest row known now says, by column (email, phone); absent where it says nothing."""
    if users is None:
        return {}
    sql = f"""
    select user_id, email, phone from {users.scan}
    where refused_because is null and not is_replaced and known_at <= $now and list_contains($users, user_id)
    qualify row_number() over (partition by user_id order by known_at desc, file desc) = 1
    """
    with duck() as connection:
        rows = connection.execute(sql, {"users": list(user_ids), "now": now}).fetchall()
    return {
        user: {name: value for name, value in (("email", email), ("phone", phone)) if value}
        for user, email, phone in rows
    }


def by_message(book: Mapping[str, Mapping[str, str]], messages: Sequence[Message]) -> dict[str, str]:
    """The address each message goes to, by message key; absent where there is none."""
    found = {m.message_key: book.get(m.user_id, {}).get(COLUMN_OF.get(m.channel, "")) for m in messages}
    return {key: address for key, address in found.items() if address}
