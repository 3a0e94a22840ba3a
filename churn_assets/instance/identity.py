"""The identity of a home: a random name, made once and kept in the record store, and the place of the home.

A copy of a home has the same name and keys, so neither shows which is the original. The place does: the path of
the home and the inode of the approval key, which no copy shares, be it at another path or at the same path on another
machine. A home that was moved, or restored from a backup, counts as a copy: the two cannot be distinguished, and a plan
approved before may have been sent since.
"""

from __future__ import annotations

import hashlib
import secrets

from churn_assets.instance.home import Home
from churn_assets.instance.keys import own_key
from churn_assets.instance.record.store import Record

FACT = "home.identity"
APPROVAL_KEY = "approval"


def identity(record: Record) -> str:
    """The name of the home, 32 hex digits; made on first use."""
    with record.transaction() as connection:
        connection.execute("insert or ignore into facts values (?, ?)", (FACT, secrets.token_hex(16)))
        (name,) = connection.execute("select value from facts where name = ?", (FACT,)).fetchone()
    return str(name)


def place(home: Home, record: Record) -> str:
    """32 hex digits that differ between any two homes, copies included."""
    own_key(home.secrets, APPROVAL_KEY)
    number = (home.secrets / f"{APPROVAL_KEY}.key").stat().st_ino
    words = (identity(record), str(home.root.resolve()), str(number))
    return hashlib.sha256("\x1f".join(words).encode()).hexdigest()[:32]
