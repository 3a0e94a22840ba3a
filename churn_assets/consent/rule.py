"""When somebody may be written to, in Python.

The same rule in SQL: dbt_project/macros/consent.sql for snapshots, and `CONSENT_HOLDS` over the record store, which
dispatch and audit keep to. Tests hold the three against each other.

Consent holds on a channel at a moment where a yes whose time has come is newer than every no that is known by then,
and no no to all channels stands, which only a later yes to all channels lifts. Of a yes and a no at one moment the no
counts; a no counts as soon as it is known, whatever time it gives; what cannot be read as a yes is a no on every
channel it may mean (landing/consents.py).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from churn_assets.consent.words import ALL


@dataclass(frozen=True)
class Consent:
    """One yes or no of a user on a channel, or on `all`.

    `counts_at`: its place among the others; `changed_at`: the time it gives, None where that is none.
    """

    channel: str
    is_granted: bool
    counts_at: datetime
    known_at: datetime
    changed_at: datetime | None


def holds(consents: Iterable[Consent], channel: str, moment: datetime) -> bool | None:
    """Whether consent holds on the channel at the moment; None where nothing was ever said that is known by then."""
    known = [each for each in consents if each.channel in (channel, ALL) and each.known_at < moment]
    given = [each for each in known if each.is_granted and each.changed_at and each.changed_at < moment]
    ended = [each for each in known if not each.is_granted]
    if not given:
        return False if ended else None
    own = [each.counts_at for each in ended if each.channel == channel]
    to_all = [each.counts_at for each in ended if each.channel == ALL]
    given_to_all = [each.counts_at for each in given if each.channel == ALL]
    return _is_newer([each.counts_at for each in given], own) and _is_newer(given_to_all, to_all)


def _is_newer(given: Sequence[datetime], ended: Sequence[datetime]) -> bool:
    return not ended or (bool(given) and max(given) > max(ended))
