"""Words on consent in the record store: those of the landing as they stand now, and those received here."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from churn_assets.contracts.decision_ledger import SENDING_CHANNELS
from churn_assets.defs.duck import duck
from churn_assets.defs.landing.inspect import LandedTable
from churn_assets.defs.storage.record import Record
from churn_assets.failures import Failure

PURPOSE = "direct_marketing"
ALWAYS = "1900-01-01T00:00:00"


@dataclass(frozen=True)
class Word:
    """What a user said about a channel (`all`: every one), and when."""

    user_id: str
    channel: str
    is_granted: bool
    changed_at: datetime


class NoSuchMessage(Failure, LookupError):
    """A key that no message has."""


def add_words(record: Record, words: Iterable[Word], source: str, now: datetime) -> int:
    """Add those that are not the newest of their user and channel already; returns how many."""
    added = 0
    with record.transaction() as connection:
        for word in words:
            row = (word.user_id, word.channel, int(word.is_granted), word.changed_at.isoformat())
            added += connection.execute(
                "insert into consent_words (user_id, channel, is_granted, changed_at, source, received_at) "
                "select ?1, ?2, ?3, ?4, ?5, ?6 where not exists ("
                "select 1 from consent_words where user_id = ?1 and channel = ?2 and is_granted = ?3 "
                "and changed_at = ?4)",
                (*row, source, now.isoformat()),
            ).rowcount
    return added


def landed_words(consents: LandedTable | None, users: Sequence[str], now: datetime) -> list[Word]:
    """The newest word per channel of `users` in the landing, as it is known now."""
    if consents is None:
        return []
    known = "try_cast(ingested_at as timestamp)" if "ingested_at" in consents.columns else "null"
    sql = f"""
    with said as (
      select trim(cast(user_id as varchar)) as user_id, lower(trim(cast(channel as varchar))) as channel,
             try_cast(is_granted as boolean) as is_granted, try_cast(changed_at as timestamp) as changed_at,
             coalesce({known}, try_cast(changed_at as timestamp)) as known_at
      from {consents.scan}
      where lower(trim(cast(purpose as varchar))) = $purpose
        and list_contains($users, trim(cast(user_id as varchar)))
    )
    select user_id, channel, is_granted, changed_at from said
    where is_granted is not null and changed_at <= $now and known_at <= $now
    qualify row_number() over (partition by user_id, channel order by changed_at desc, known_at desc, is_granted) = 1
    order by user_id, channel
    """
    with duck() as connection:
        rows = connection.execute(sql, {"users": list(users), "purpose": PURPOSE, "now": now}).fetchall()
    return [Word(*row) for row in rows]


def assumed_words(users: Iterable[str]) -> list[Word]:
    """Consent where nobody ever said anything (decisions.unknown_consent: allow); any real word is newer."""
    return [Word(user, channel, True, datetime.fromisoformat(ALWAYS)) for user in users for channel in SENDING_CHANNELS]


def unsubscribed(record: Record, keys: Sequence[str], now: datetime) -> list[Word]:
    """The users of messages, refusing the channel of each from now on. Raises NoSuchMessage and changes nothing."""
    words = []
    with record.transaction() as connection:
        for key in keys:
            row = connection.execute("select user_id, channel from outbox where message_key = ?", (key,)).fetchone()
            if row is None:
                raise NoSuchMessage(f"interventions.outbox: no message has the key {key}; nothing was changed.")
            user_id, channel = row
            words.append(Word(user_id, channel, is_granted=False, changed_at=now))
    return words
