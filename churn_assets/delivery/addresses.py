"""Addresses and phone numbers, read from the landing for the messages being sent, and stored nowhere else."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from churn_assets.contracts.channels import ADDRESS_COLUMNS
from churn_assets.delivery.channels import Message
from churn_assets.duck import duck
from churn_assets.landing.contents import LandedTable


@dataclass(frozen=True)
class AddressBook:
    """`channels`: those whose adapter needs an address; for others none is looked up."""

    users: LandedTable | None
    channels: Collection[str]
    clock: Callable[[], datetime]

    def addresses(self, messages: Sequence[Message]) -> dict[str, str]:
        """Address by message key; absent where there is none."""
        needed = [message for message in messages if message.channel in self.channels]
        contacts = (
            addresses_of_users(self.users, [message.user_id for message in needed], self.clock()) if needed else {}
        )
        addresses = {m.message_key: contacts.get(m.user_id, {}).get(ADDRESS_COLUMNS.get(m.channel, "")) for m in needed}
        return {key: address for key, address in addresses.items() if address}


def addresses_of_users(users: LandedTable | None, user_ids: Sequence[str], now: datetime) -> dict[str, dict[str, str]]:
    """Contact data by user and column (email, phone) from the newest row known now; absent where it has none."""
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
