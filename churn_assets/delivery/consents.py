"""Consent records in the record store: those of the landing at present, and those received here."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

import polars as pl

from churn_assets.consent.words import ALL
from churn_assets.contracts.channels import SENDING_CHANNELS
from churn_assets.duck import duck
from churn_assets.failures import Failure
from churn_assets.instance.record.store import Record
from churn_assets.landing.contents import LandedTable
from churn_assets.workplace import Workplace

ALWAYS = "1900-01-01T00:00:00"


@dataclass(frozen=True)
class ConsentRecord:
    """A yes or no of a user on a channel (`all`: every channel), and the time at which it counts."""

    user_id: str
    channel: str
    is_granted: bool
    changed_at: datetime


class NoSuchMessage(Failure, LookupError, code="message"):
    """No message has this key."""


def update_consents(workplace: Workplace, messages: pl.DataFrame, now: datetime) -> None:
    """Copy the present consents of the users of messages into the record, which claims read."""
    users = messages["user_id"].unique().sort().to_list()
    add_consents(workplace.record, landing_consents(workplace.landing().get("consents"), users, now), "landing", now)
    if workplace.settings.decisions.unknown_consent == "allow":
        add_consents(workplace.record, assumed_consents(users), "assumed", now)


def add_consents(record: Record, consents: Iterable[ConsentRecord], source: str, now: datetime) -> int:
    """Add the consents that are not on record yet; returns how many."""
    with record.transaction() as connection:
        return sum(add_consent(connection, consent, source, now) for consent in consents)


def add_consent(connection: sqlite3.Connection, consent: ConsentRecord, source: str, now: datetime) -> int:
    """Like `add_consents`, within a transaction."""
    row = (
        consent.user_id,
        consent.channel,
        int(consent.is_granted),
        consent.changed_at.isoformat(timespec="microseconds"),
    )
    return connection.execute(
        "insert into consent_words (user_id, channel, is_granted, changed_at, source, received_at) "
        "select ?1, ?2, ?3, ?4, ?5, ?6 where not exists ("
        "select 1 from consent_words where user_id = ?1 and channel = ?2 and is_granted = ?3 "
        "and changed_at = ?4)",
        (*row, source, now.isoformat()),
    ).rowcount


def landing_consents(consents: LandedTable | None, users: Sequence[str], now: datetime) -> list[ConsentRecord]:
    """The newest yes and the newest no per channel of `users` in the landing, by the rule of consent/rule.py.

    A yes counts once its time has come and it is known; a no counts at once, whatever its times.
    """
    if consents is None:
        return []
    sql = f"""
    select user_id, channel, is_granted, max(counts_at)
    from ({consents_sql(consents, "list_contains($users, user_id)")})
    where not is_granted or (changed_at <= $now and known_at <= $now)
    group by all order by all
    """
    with duck() as connection:
        rows = connection.execute(sql, {"users": list(users), "now": now}).fetchall()
    return [ConsentRecord(*row) for row in rows]


def consents_sql(consents: LandedTable, condition: str = "true") -> str:
    """SQL of what the kept rows of the landing mean: user_id, channel (or all), is_granted, counts_at, known_at,
    changed_at. `condition`: on the rows.
    """
    channels_sql = " union all ".join(
        f"select user_id, '{channel}' as channel, {channel}_consent as is_granted, counts_at, known_at, changed_at "
        "from kept "
        f"where {channel}_consent is not null and channel_meant {'=' if channel == ALL else '<>'} '{ALL}'"
        for channel in (*SENDING_CHANNELS, ALL)
    )
    return f"with kept as (from {consents.scan} where refused_because is null and ({condition})) {channels_sql}"


def assumed_consents(users: Iterable[str]) -> list[ConsentRecord]:
    """Consent where nobody ever said anything (decisions.unknown_consent: allow); any real consent record is newer."""
    return [
        ConsentRecord(user, channel, True, datetime.fromisoformat(ALWAYS))
        for user in users
        for channel in SENDING_CHANNELS
    ]


def withdrawals(record: Record, keys: Sequence[str], now: datetime) -> list[ConsentRecord]:
    """Withdrawals of the users of messages on the channel of each. Raises NoSuchMessage and changes nothing."""
    records = []
    with record.transaction() as connection:
        for key in keys:
            row = connection.execute("select user_id, channel from outbox where message_key = ?", (key,)).fetchone()
            if row is None:
                raise NoSuchMessage(f"interventions.outbox: no message has the key {key}; nothing was changed.")
            user_id, channel = row
            records.append(ConsentRecord(user_id, channel, is_granted=False, changed_at=now))
    return records
