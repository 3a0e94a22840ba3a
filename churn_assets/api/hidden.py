"""Users of whom nothing is shown: erased, or objecting to everything, from the moment that is on record."""

from __future__ import annotations

import json
import logging
import sqlite3
from collections.abc import Collection, Sequence
from datetime import datetime
from pathlib import Path
from threading import Lock

from churn_assets.api.lookup import Lookup
from churn_assets.api.published import Published
from churn_assets.consent.rule import Consent, objects
from churn_assets.delivery.consents import consents_sql
from churn_assets.failures import Failure
from churn_assets.landing.journal import Journal
from churn_assets.landing.tombstones import Tombstones
from churn_assets.workplace import Workplace

# Consents received here, by anybody's hand; what is assumed where nobody said anything is none.
RECEIVED = """
select user_id, channel, is_granted, changed_at, received_at from consent_words
where user_id in (select value from json_each(?)) and source <> 'assumed'
"""
Stamp = tuple[tuple[str, int, int, int], ...]  # path, inode, size and time of files
log = logging.getLogger(__name__)


class ConsentsUnreadable(Failure, RuntimeError, code="consent"):
    """The consents of the landing cannot be read, so nobody knows whom to show."""


class Hidden:
    """`folder`, key: for the copy of the landing's consents that is looked up."""

    def __init__(self, workplace: Workplace, published: Published) -> None:
        self._workplace, self._published = workplace, published
        self._tombstones: tuple[Stamp, Tombstones] | None = None
        self._consents: tuple[Stamp, Lookup | None] | None = None
        self._reading = Lock()

    def among(self, connection: sqlite3.Connection, users: Collection[str], now: datetime) -> set[str]:
        """Those of `users` who are erased or object. Raises ConsentsUnreadable where the landing was never readable."""
        erased = self._erased_users().among(users)
        consents: dict[str, list[Consent]] = {user: [] for user in users}
        for user, channel, is_granted, changed_at, received_at in connection.execute(
            RECEIVED, (json.dumps(list(users)),)
        ):
            changed, received = datetime.fromisoformat(changed_at), datetime.fromisoformat(received_at)
            consents[user].append(Consent(channel, bool(is_granted), changed, received, changed))
        delivered = self._delivered()
        if delivered is not None:
            for user in users:
                consents[user] += [_consent(row) for row in delivered.rows(user)]
        return erased | {user for user, theirs in consents.items() if theirs and objects(theirs, now)}

    def read_landing(self) -> None:
        """Read the consents of the landing again if its files have changed; what was read before holds until then."""
        with self._reading:
            stamp = self._landing_stamp()
            if self._consents and self._consents[0] == stamp:
                return
            try:
                self._consents = stamp, self._copied()
            except Failure as error:
                if self._consents is None:
                    raise ConsentsUnreadable(
                        f"The consents of the landing cannot be read, so nobody is shown: {error}"
                    ) from error
                # A file that is still being written, for one. The next run says what is wrong with it.
                log.warning("the consents of the landing cannot be read; those read before hold: %s", error)
                self._consents = stamp, self._consents[1]

    def _delivered(self) -> Lookup | None:
        if self._consents is None:
            self.read_landing()
        return self._consents[1] if self._consents else None

    def _copied(self) -> Lookup | None:
        consents = self._workplace.landing().get("consents")
        if consents is None:
            return None
        return Lookup(consents_sql(consents), self._published.key, self._published.folder, ("known_at",))

    def _landing_stamp(self) -> Stamp:
        """Of the files of consents, and of the tombstones, whose users the copy is without."""
        home = self._workplace.home
        folders = (Path(home.landing.removeprefix("file://")), home.received, home.pulled)
        files = [file for folder in folders for file in sorted((folder / "consents").rglob("*"))]
        journal = Journal(home.root)
        return _stamp([*files, journal.inside, journal.beside])

    def _erased_users(self) -> Tombstones:
        journal = Journal(self._workplace.home.root)
        stamp = _stamp([journal.inside, journal.beside])
        if self._tombstones is None or self._tombstones[0] != stamp:
            # The stamp is older than what is read, so that a row appended meanwhile is read at the next request.
            self._tombstones = stamp, Tombstones(self._workplace.home.root)
        return self._tombstones[1]


def _consent(row: dict[str, object]) -> Consent:
    return Consent(row["channel"], row["is_granted"], row["counts_at"], row["known_at"], row["changed_at"])  # type: ignore[arg-type]


def _stamp(files: Sequence[Path]) -> Stamp:
    marks = []
    for file in files:
        try:
            stat = file.stat()
        except OSError:
            continue  # gone, which is a change too
        marks.append((str(file), stat.st_ino, stat.st_size, stat.st_mtime_ns))
    return tuple(marks)
