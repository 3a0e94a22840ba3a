"""The rule that decides whether consent holds, in Python.

The same rule in SQL: dbt_project/macros/consent.sql for snapshots, and `CONSENT_HOLDS` over the record store, for
dispatch and audit. Tests compare the three.

Consent holds on a channel at a moment if a yes whose time has come is newer than every no known by then, and no no to
all channels is in force; only a later yes to all channels lifts that one. Of a yes and a no at the same moment the no
counts. A no counts as soon as it is known, whatever time it gives. A value that cannot be read as a yes is a no on
every channel it may mean (landing/consents.py).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from churn_assets.consent.words import ALL
from churn_assets.contracts.channels import SENDING_CHANNELS


@dataclass(frozen=True)
class Consent:
    """One yes or no of a user on a channel, or on `all`.

    `counts_at`: the time by which consents are ordered; `changed_at`: the time given, None where it is unusable.
    """

    channel: str
    is_granted: bool
    counts_at: datetime
    known_at: datetime
    changed_at: datetime | None


def holds(consents: Iterable[Consent], channel: str, moment: datetime) -> bool | None:
    """Whether consent holds on the channel at the moment; None where no yes or no is known by then."""
    known_consents = [
        consent for consent in consents if consent.channel in (channel, ALL) and consent.known_at < moment
    ]
    grants = [
        consent
        for consent in known_consents
        if consent.is_granted and consent.changed_at and consent.changed_at < moment
    ]
    withdrawals = [consent for consent in known_consents if not consent.is_granted]
    if not grants:
        return False if withdrawals else None
    withdrawals_here = [consent.counts_at for consent in withdrawals if consent.channel == channel]
    withdrawals_of_all = [consent.counts_at for consent in withdrawals if consent.channel == ALL]
    grants_of_all = [consent.counts_at for consent in grants if consent.channel == ALL]
    return _is_newer([consent.counts_at for consent in grants], withdrawals_here) and _is_newer(
        grants_of_all, withdrawals_of_all
    )


def objects(consents: Sequence[Consent], moment: datetime) -> bool:
    """Whether somebody who was asked allows nothing any more at the moment, on any channel."""
    answers = [holds(consents, channel, moment) for channel in SENDING_CHANNELS]
    return False in answers and True not in answers


def _is_newer(grants: Sequence[datetime], withdrawals: Sequence[datetime]) -> bool:
    return not withdrawals or (bool(grants) and max(grants) > max(withdrawals))
