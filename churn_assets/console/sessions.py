"""Who is logged in: a random token in a cookie, of which the record store holds the hash, and one token per form.

The token of forms changes with every act, so a form sent a second time is refused.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from churn_assets.console.accounts import Account, find_account
from churn_assets.instance.record.store import Record

COOKIE = "churn_session"


@dataclass(frozen=True)
class Session:
    """`key`: hash of the token; `csrf`: what the next form has to bring."""

    key: str
    account: Account
    csrf: str


def begin_session(record: Record, account: Account, hours: float, now: datetime) -> str:
    """Begin a session and return its token. Sessions that have expired are removed."""
    token = secrets.token_urlsafe(32)
    expires_at = now + timedelta(hours=hours)
    row = (_key(token), account.name, secrets.token_urlsafe(32), now.isoformat(), expires_at.isoformat())
    with record.transaction() as connection:
        connection.execute("delete from sessions where expires_at <= ?", (now.isoformat(),))
        connection.execute("insert into sessions values (?, ?, ?, ?, ?)", row)
    return token


def session_of(record: Record, token: str | None, now: datetime) -> Session | None:
    """The session of a token; None where it has none, has expired, or its account is disabled."""
    if not token:
        return None
    with record.reading() as connection:
        row = connection.execute(
            "select token_sha256, account, csrf from sessions where token_sha256 = ? and expires_at > ?",
            (_key(token), now.isoformat()),
        ).fetchone()
    account = find_account(record, row[1]) if row else None
    return Session(row[0], account, row[2]) if account else None


def use_form(record: Record, session: Session, token: str) -> bool:
    """Whether the token is the one that a form of this session brings now; it is used up by that."""
    if not hmac.compare_digest(token.encode(), session.csrf.encode()):
        return False
    with record.transaction() as connection:
        used = connection.execute(
            "update sessions set csrf = ? where token_sha256 = ? and csrf = ?",
            (secrets.token_urlsafe(32), session.key, session.csrf),
        )
        return used.rowcount == 1


def end_session(record: Record, session: Session) -> None:
    with record.transaction() as connection:
        connection.execute("delete from sessions where token_sha256 = ?", (session.key,))


def _key(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
