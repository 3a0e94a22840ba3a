"""One user over time: known since, scores and reasons, what was decided and sent, how they answered, what they allow.

Of somebody who objected nothing but consents is said, and of somebody erased nothing but that.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

import polars as pl

from churn_assets.consent.rule import Consent, objects
from churn_assets.consent.words import ALL
from churn_assets.contracts.channels import SENDING_CHANNELS
from churn_assets.decisions.considered import Considered
from churn_assets.delivery.known_users import find_user
from churn_assets.failures import Failure
from churn_assets.landing.ids import RoundedId, canonical_id
from churn_assets.landing.tombstones import Tombstones
from churn_assets.stages import Stage
from churn_assets.warehouse.person_reads import consents_of, contacts_of, known_since, orders_of
from churn_assets.workplace import Workplace

MOST_WEEKS = 12
MESSAGES = """
select outbox.message_key, outbox.channel, outbox.payload, outbox.state, outbox.not_before,
  (select min(started_at) from attempts where attempts.message_key = outbox.message_key and fate = 'delivered')
from outbox where user_id = ? order by not_before, message_key
"""
WORDS = """
select channel, is_granted, changed_at, source, received_at from consent_words where user_id = ? and source <> 'assumed'
order by sequence
"""
SUPPRESSION = """
select since, reason, suppressed_by from (
  select since, reason, suppressed_by, 1 as place from suppressions where user_id = ?1
  union all
  select since, reason || ' (' || channel || ')', suppressed_by, 2 from channel_suppressions where user_id = ?1
) order by place, since limit 1
"""
Row = dict[str, Any]


class NoSuchUser(Failure, LookupError, code="user"):
    """An id that no snapshot has."""


@dataclass(frozen=True)
class ScoredWeek:
    """Of one snapshot: standing, score, and what was decided (None: nothing was)."""

    snapshot: date
    status: str
    churn_probability: float | None
    risk_tier: str | None
    value_at_risk_amount: float | None
    decision: Row | None


@dataclass(frozen=True)
class Person:
    """`reasons`: sentences of the newest snapshot in two languages. `messages`: planned and sent. `contacts`: as the
    shop's raw table has them. `considered`: at the newest snapshot, by the settings of now.
    """

    user: str
    snapshot: date | None
    since: date | None
    status: str
    is_erased: bool = False
    weeks: Sequence[ScoredWeek] = ()
    reasons: Sequence[tuple[str, str]] = ()
    considered: Sequence[Considered] = ()
    messages: Sequence[Row] = ()
    contacts: Sequence[Row] = ()
    orders: Sequence[Row] = ()
    consents: Sequence[Row] = field(default=())
    suppression: Row | None = None

    @property
    def is_private(self) -> bool:
        """Whether only consents may be said."""
        return self.is_erased or self.status == "objected"


def known_user(named: str) -> str:
    """The id as tables have it. Raises NoSuchUser."""
    try:
        user = canonical_id(named)
    except RoundedId as error:
        raise NoSuchUser(str(error)) from error
    if not user:
        raise NoSuchUser("Name a user: the id is empty.")
    return user


def person_of(workplace: Workplace, named: str, now: datetime) -> Person:
    """As known `now`; `considered` is left empty. Raises NoSuchUser where no snapshot, no consent and no message knows
    the id.
    """
    user = known_user(named)
    snapshots = [p.snapshot for p in workplace.record.readable_partitions(Stage.SCORING, "scored_users")]
    newest = max(snapshots, default=None)
    if Tombstones(workplace.home.root).among([user]):
        return Person(user, newest, None, "erased", is_erased=True)
    if not workplace.home.warehouse.exists():
        raise NoSuchUser("Nothing has been run here yet, so nothing is known of anybody: churn run is next.")
    delivered, received = consents_of(workplace, user).rows(named=True), _received(workplace, user)
    consents = _consents(delivered, received)
    weeks = [week for day in sorted(snapshots)[-MOST_WEEKS:] if (week := _week(workplace, user, day))]
    messages, suppression = messages_to_user(workplace, user), _suppression(workplace, user)
    if not (weeks or consents or messages or suppression):
        doubt = find_user(workplace, user).doubt or "No snapshot has this user."
        raise NoSuchUser(f"{user}: {doubt} Write an id as marts.dim_users has it.")
    status = weeks[-1].status if weeks and weeks[-1].snapshot == newest else "unknown"
    if status == "objected" or _objects(delivered, received, now):
        status = "objected"
        return Person(user, newest, None, status, consents=consents, suppression=suppression)
    return Person(
        user, newest, known_since(workplace, user), status, weeks=weeks,
        reasons=_reasons(workplace, user, newest) if newest else (), messages=messages,
        contacts=contacts_of(workplace, user).rows(named=True), orders=orders_of(workplace, user).rows(named=True),
        consents=consents, suppression=suppression,
    )  # fmt: skip


def _week(workplace: Workplace, user: str, day: date) -> ScoredWeek | None:
    columns = ("status", "churn_probability", "risk_tier", "value_at_risk_amount")
    scored = workplace.tables.scan(Stage.SCORING, "scored_users", day).filter(pl.col("user_id") == user)
    rows = scored.select(columns).collect()
    if rows.is_empty():
        return None
    decision = None
    if workplace.tables.find(Stage.INTERVENTIONS, "decision_ledger", day):
        ledger = workplace.tables.scan(Stage.INTERVENTIONS, "decision_ledger", day).filter(pl.col("user_id") == user)
        decided = ledger.collect()
        decision = decided.row(0, named=True) if decided.height else None
    status, churn_probability, risk_tier, amount = rows.row(0)
    return ScoredWeek(day, status, churn_probability, risk_tier, amount, decision)


def _reasons(workplace: Workplace, user: str, day: date) -> list[tuple[str, str]]:
    reasons = workplace.tables.scan(Stage.SCORING, "user_reasons", day).filter(pl.col("user_id") == user)
    return reasons.sort("kind", "reason_rank").select("text_en", "text_zh").collect().rows()


def _received(workplace: Workplace, user: str) -> list[Row]:
    """Consents received here: at the console, by an objection, or read when something was sent."""
    with workplace.record.reading() as connection:
        rows = connection.execute(WORDS, (user,)).fetchall()
    return [
        {
            "channel": channel, "is_granted": bool(is_granted), "changed_at": datetime.fromisoformat(changed_at),
            "source": source, "known_at": datetime.fromisoformat(received_at),
        }
        for channel, is_granted, changed_at, source, received_at in rows
    ]  # fmt: skip


def _consents(delivered: Sequence[Row], received: Sequence[Row]) -> list[Row]:
    """Each once, oldest first."""
    held = [
        {
            "channel": row["channel"], "is_granted": row["is_granted"],
            "changed_at": row["changed_at"] or row["known_at"], "source": "landing",
        }
        for row in delivered
    ]  # fmt: skip
    rows: dict[tuple[Any, ...], Row] = {}
    for row in (*received, *held):
        shown = {name: row[name] for name in ("channel", "is_granted", "changed_at", "source")}
        rows.setdefault((row["channel"], row["is_granted"], row["changed_at"]), shown)
    return sorted(rows.values(), key=lambda row: (row["changed_at"], row["channel"]))


def _objects(delivered: Sequence[Row], received: Sequence[Row], now: datetime) -> bool:
    """Whether they object, since the newest snapshot included."""
    consents = [
        Consent(channel, row[f"{channel}_consent"], row["counts_at"], row["known_at"], row["changed_at"])
        for row in delivered
        for channel in (*SENDING_CHANNELS, ALL)
        if row[f"{channel}_consent"] is not None
    ]
    consents += [
        Consent(row["channel"], row["is_granted"], row["changed_at"], row["known_at"], row["changed_at"])
        for row in received
    ]
    return objects(consents, now)


def messages_to_user(workplace: Workplace, user: str) -> list[Row]:
    """Planned and sent, oldest first."""
    with workplace.record.reading() as connection:
        rows = connection.execute(MESSAGES, (user,)).fetchall()
    messages = []
    for key, channel, payload, state, not_before, sent_at in rows:
        text = json.loads(payload)
        messages.append(
            {
                "message_key": key, "snapshot": text["snapshot_date"], "channel": channel, "arm": text["arm"],
                "level": text["level"], "subject": text["subject"], "state": state, "not_before": not_before,
                "sent_at": sent_at,
            }
        )  # fmt: skip
    return messages


def _suppression(workplace: Workplace, user: str) -> Row | None:
    with workplace.record.reading() as connection:
        row = connection.execute(SUPPRESSION, (user,)).fetchone()
    return dict(zip(("since", "reason", "by"), row, strict=True)) if row else None
