"""SQL of what a row of `consents` says about each channel, for the rule of churn_assets/consent/rule.py.

Per channel (`email_consent`, ...): true for a yes that can be read, false for a no, null where the row does not touch
it. Everything that is no readable yes is a no, and ends consent on every channel it may mean: with a channel or a
purpose that nobody knows it may mean each. What a row says of all channels as such stands in `all_consent` besides: a
no to everything is not lifted by a yes to something. `counts_at` is the moment at which the row takes its place among
the others.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING

from churn_assets.consent.words import (
    ALL,
    CHANNEL_WORDS,
    OTHER,
    PURPOSE,
    PURPOSE_WORDS,
    YES_WORDS,
    simple,
)  # fmt: skip
from churn_assets.contracts.channels import SENDING_CHANNELS
from churn_assets.landing.change_feed import ChangeFeed
from churn_assets.landing.text import is_among_sql, literal
from churn_assets.landing.times import earliest_utc_sql
from churn_assets.landing.values import Held, simple_sql

if TYPE_CHECKING:
    from churn_assets.landing.relation import Reading

CONSENT_COLUMNS = {
    "channel_meant": "varchar",
    "purpose_meant": "varchar",
    "counts_at": "timestamp",
    **{f"{channel}_consent": "boolean" for channel in (*SENDING_CHANNELS, ALL)},
}
UNKNOWN = "unknown"
NEVER_LIFTED = "timestamp '9999-12-31'"  # a no of which nobody can tell when it was said
Held_ = Callable[[str], Held | None]


def consent_meanings(held: Held_, reading: Reading, feed: ChangeFeed) -> list[str]:
    """Select items over the bare row: channel_meant, purpose_meant, and is_yes, whether a yes can be read."""
    words = reading.options.consent_words
    is_yes = _is_yes(held("is_granted"), (*YES_WORDS, *words.granted))
    return [
        f"{_meaning(held('channel'), CHANNEL_WORDS, words.channels)} as channel_meant",
        f"{_meaning(held('purpose'), PURPOSE_WORDS, words.purposes)} as purpose_meant",
        f"({is_yes} and not {feed.is_deletion}) as is_yes",
    ]


def consent_columns(changed: Held | None, reading: Reading) -> list[str]:
    """Select items over the row with its meanings; `changed_at` may still be impossible."""
    columns = ["channel_meant", "purpose_meant", f"{_counts_at(changed, reading)} as counts_at"]
    for channel in (*SENDING_CHANNELS, ALL):
        named = f"'{ALL}'" if channel == ALL else f"'{channel}', '{ALL}'"
        unsaid = "" if channel == ALL else f", '{UNKNOWN}'"
        given = f"channel_meant in ({named}) and purpose_meant = '{PURPOSE}'"
        ended = f"channel_meant in ({named}{unsaid}) and purpose_meant <> '{OTHER}'"
        columns.append(f"case when case when is_yes then {given} else {ended} end then is_yes end as {channel}_consent")
    return columns


def consent_rules(is_possible: str, known: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """Rules that refuse a yes which gives nothing; `known`: those of ingested_at. A no is refused for none of them."""
    rules = [
        (f"channel_meant = '{UNKNOWN}'", "channel is not known, so its yes gives nothing"),
        (f"purpose_meant = '{UNKNOWN}'", "purpose is not known, so its yes gives nothing"),
        (f"not coalesce({is_possible}, false)", "changed_at is no possible time, so its yes gives nothing"),
    ]
    return [(f"is_yes and {condition}", reason) for condition, reason in (*rules, *known)]


def _counts_at(changed: Held | None, reading: Reading) -> str:
    """A yes at the earliest moment it may have been said, a no at the latest: of two at one moment the no counts.

    A time that is written as a day, a minute or a second may be any moment of it.
    """
    zone = changed.zone if changed else "UTC"
    local = f"timezone('{zone}', timezone('UTC', changed_at))" if zone != "UTC" else "changed_at"
    end = f"""case
      when {local} = date_trunc('day', {local}) then changed_at + interval 1 day - interval 1 microsecond
      when {local} = date_trunc('minute', {local}) then changed_at + interval 1 minute - interval 1 microsecond
      when {local} = date_trunc('second', {local}) then changed_at + interval 1 second - interval 1 microsecond
      else changed_at end"""
    possible = f"changed_at >= {reading.earliest}"
    days = reading.options.max_days_ahead
    ahead = f"changed_at <= coalesce(ingested_at + interval {days} day, {reading.latest_known})"
    learned = f"ingested_at >= {reading.earliest} and ingested_at <= {reading.latest_known}"
    unsaid = f"case when {learned} then ingested_at else {NEVER_LIFTED} end"
    no = f"case when {possible} and {ahead} then {end} else {unsaid} end"
    yes = f"least({earliest_utc_sql('changed_at', zone)}, known_at)"
    return f"case when is_yes then {yes} else {no} end"


def _meaning(held: Held | None, known: Mapping[str, str], own: Mapping[str, str]) -> str:
    if held is None:
        return f"'{UNKNOWN}'"
    meanings: dict[str, list[str]] = {}
    for word, meaning in {
        **{simple(word): m for word, m in known.items()},
        **{simple(w): m for w, m in own.items()},
    }.items():
        meanings.setdefault(meaning, []).append(word)
    word = simple_sql(held.text)
    cases = " ".join(f"when {is_among_sql(word, words)} then {literal(meaning)}" for meaning, words in meanings.items())
    return f"case {cases} else '{UNKNOWN}' end"


def _is_yes(held: Held | None, words: Iterable[str]) -> str:
    if held is None:
        return "false"
    if held.raw_type == "BOOLEAN":
        return f"coalesce({held.raw}, false)"
    if not held.is_text:
        return f"coalesce(try_cast({held.raw} as double) = 1, false)"
    return is_among_sql(simple_sql(held.text), dict.fromkeys(simple(word) for word in words))
