"""SQL of the consent per channel that a row of `consents` grants or withdraws, for the rule in consent/rule.py.

Per channel (`email_consent`, ...): true for a yes that can be read, false for a no, null where the row is not about the
channel. Every value that is no readable yes is a no, and ends consent on every channel it may mean; a row with an
unknown channel or purpose may mean each. `all_consent` holds a yes or no to all channels at once: a no to all channels
is not lifted by a yes to one of them. `counts_at` is the time by which the rows of a user are ordered.
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
from churn_assets.landing.values import SourceColumn, simple_sql

if TYPE_CHECKING:
    from churn_assets.landing.relation import Reading

CONSENT_COLUMNS = {
    "channel_meant": "varchar",
    "purpose_meant": "varchar",
    "counts_at": "timestamp",
    **{f"{channel}_consent": "boolean" for channel in (*SENDING_CHANNELS, ALL)},
}
UNKNOWN = "unknown"
NEVER_LIFTED = "timestamp '9999-12-31'"  # a no without a usable time
ColumnLookup = Callable[[str], SourceColumn | None]


def consent_meanings(column_of: ColumnLookup, reading: Reading, feed: ChangeFeed) -> list[str]:
    """Select items over the bare row: channel_meant, purpose_meant, and is_yes (the row is a readable yes)."""
    words = reading.options.consent_words
    is_yes = _is_yes(column_of("is_granted"), (*YES_WORDS, *words.granted))
    return [
        f"{_meaning(column_of('channel'), CHANNEL_WORDS, words.channels)} as channel_meant",
        f"{_meaning(column_of('purpose'), PURPOSE_WORDS, words.purposes)} as purpose_meant",
        f"({is_yes} and not {feed.is_deletion}) as is_yes",
    ]


def consent_columns(changed_at: SourceColumn | None, reading: Reading) -> list[str]:
    """Select items over the row with its meanings; `changed_at` may still be an impossible time."""
    columns = ["channel_meant", "purpose_meant", f"{_counts_at(changed_at, reading)} as counts_at"]
    for channel in (*SENDING_CHANNELS, ALL):
        channels = f"'{ALL}'" if channel == ALL else f"'{channel}', '{ALL}'"
        unknown_channel = "" if channel == ALL else f", '{UNKNOWN}'"
        yes_holds = f"channel_meant in ({channels}) and purpose_meant = '{PURPOSE}'"
        no_holds = f"channel_meant in ({channels}{unknown_channel}) and purpose_meant <> '{OTHER}'"
        columns.append(
            f"case when case when is_yes then {yes_holds} else {no_holds} end then is_yes end as {channel}_consent"
        )
    return columns


def consent_rules(is_possible: str, ingested_rules: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """Rules that refuse a yes without effect, `ingested_rules` (of ingested_at) among them. They never refuse a no."""
    rules = [
        (f"channel_meant = '{UNKNOWN}'", "channel is not known, so its yes gives nothing"),
        (f"purpose_meant = '{UNKNOWN}'", "purpose is not known, so its yes gives nothing"),
        (f"not coalesce({is_possible}, false)", "changed_at is no possible time, so its yes gives nothing"),
    ]
    return [(f"is_yes and {condition}", reason) for condition, reason in (*rules, *ingested_rules)]


def _counts_at(changed_at: SourceColumn | None, reading: Reading) -> str:
    """A yes counts at the earliest moment its time may mean, a no at the latest; at the same moment the no counts.

    A time given as a day, a minute or a second may be any moment of it.
    """
    zone = changed_at.zone if changed_at else "UTC"
    local = f"timezone('{zone}', timezone('UTC', changed_at))" if zone != "UTC" else "changed_at"
    end = f"""case
      when {local} = date_trunc('day', {local}) then changed_at + interval 1 day - interval 1 microsecond
      when {local} = date_trunc('minute', {local}) then changed_at + interval 1 minute - interval 1 microsecond
      when {local} = date_trunc('second', {local}) then changed_at + interval 1 second - interval 1 microsecond
      else changed_at end"""
    is_possible = f"changed_at >= {reading.earliest}"
    days = reading.options.max_days_ahead
    is_not_ahead = f"changed_at <= coalesce(ingested_at + interval {days} day, {reading.latest_known})"
    is_known_time_possible = f"ingested_at >= {reading.earliest} and ingested_at <= {reading.latest_known}"
    without_time = f"case when {is_known_time_possible} then ingested_at else {NEVER_LIFTED} end"
    no = f"case when {is_possible} and {is_not_ahead} then {end} else {without_time} end"
    yes = f"least({earliest_utc_sql('changed_at', zone)}, known_at)"
    return f"case when is_yes then {yes} else {no} end"


def _meaning(column: SourceColumn | None, standard_words: Mapping[str, str], own_words: Mapping[str, str]) -> str:
    if column is None:
        return f"'{UNKNOWN}'"
    meanings: dict[str, list[str]] = {}
    for word, meaning in {
        **{simple(word): meaning for word, meaning in standard_words.items()},
        **{simple(w): meaning for w, meaning in own_words.items()},
    }.items():
        meanings.setdefault(meaning, []).append(word)
    word = simple_sql(column.text)
    cases = " ".join(f"when {is_among_sql(word, words)} then {literal(meaning)}" for meaning, words in meanings.items())
    return f"case {cases} else '{UNKNOWN}' end"


def _is_yes(column: SourceColumn | None, words: Iterable[str]) -> str:
    if column is None:
        return "false"
    if column.raw_type == "BOOLEAN":
        return f"coalesce({column.raw}, false)"
    if not column.is_text:
        return f"coalesce(try_cast({column.raw} as double) = 1, false)"
    return is_among_sql(simple_sql(column.text), dict.fromkeys(simple(word) for word in words))
