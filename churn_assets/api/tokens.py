"""Programs that may use the API: name, scopes, expiry and a hash of the token, in the record store."""

from __future__ import annotations

import hashlib
import re
import secrets
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from churn_assets.failures import Failure
from churn_assets.instance.record.store import Record

SCOPES = ("users:read", "snapshots:read", "plan:read", "effects:read", "receipts:write")
PREFIX = "churn_"  # by which scanners of leaked secrets know it
NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")
LONGEST_DAYS = 3650


class TokenError(Failure, ValueError, code="access"):
    """A token cannot be made or revoked."""


@dataclass(frozen=True)
class Holder:
    """Whose token it is, and what may be done with it."""

    name: str
    scopes: frozenset[str]

    @property
    def account(self) -> str:
        """As the audit names it."""
        return f"token:{self.name}"


def add_token(record: Record, name: str, scopes: Sequence[str], days: int, by: str, now: datetime) -> str:
    """Make a token and return it; it is stored as a hash. Raises TokenError.

    The name of a token that is expired or revoked may be used again.
    """
    if not NAME.fullmatch(name):
        raise TokenError(f"{name!r} is no name of a token: lower-case letters, digits, dots and hyphens, at most 64.")
    unknown = sorted(set(scopes) - set(SCOPES))
    if unknown or not scopes:
        raise TokenError(f"There is no scope {', '.join(unknown) or 'named'}; use some of {', '.join(SCOPES)}.")
    if not 1 <= days <= LONGEST_DAYS:
        raise TokenError(f"A token is valid for 1 to {LONGEST_DAYS} days, not {days}.")
    token = PREFIX + secrets.token_urlsafe(32)
    held = ",".join(scope for scope in SCOPES if scope in scopes)
    row = (name, hash_of(token), held, now.isoformat(), by, (now + timedelta(days=days)).isoformat(), None)
    with record.transaction() as connection:
        connection.execute(
            "delete from tokens where name = ? and (revoked_at is not null or expires_at <= ?)", (name, now.isoformat())
        )
        if not connection.execute("insert or ignore into tokens values (?, ?, ?, ?, ?, ?, ?)", row).rowcount:
            raise TokenError(f"There is a valid token {name} already: churn token revoke {name} ends it.")
    return token


def revoke_token(record: Record, name: str, now: datetime) -> None:
    """Let nobody in by this token any more. Raises TokenError."""
    sql = "update tokens set revoked_at = coalesce(revoked_at, ?) where name = ?"
    with record.transaction() as connection:
        if not connection.execute(sql, (now.isoformat(), name)).rowcount:
            raise TokenError(f"There is no token {name}: churn token list names them.")


def tokens(record: Record) -> list[tuple[str, str, str, str, str | None]]:
    """(name, scopes, made at, expires at, revoked at), by name."""
    with record.reading() as connection:
        return connection.execute(
            "select name, scopes, made_at, expires_at, revoked_at from tokens order by name"
        ).fetchall()


def holder_of(connection: sqlite3.Connection, token: str, now: datetime) -> Holder | None:
    """Who holds the token; None where there is none such, or it is expired or revoked."""
    row = connection.execute(
        "select name, scopes from tokens where token_sha256 = ? and expires_at > ? and revoked_at is null",
        (hash_of(token), now.isoformat()),
    ).fetchone()
    return Holder(row[0], frozenset(row[1].split(","))) if row else None


def hash_of(token: str) -> str:
    """A token has 256 random bits: nobody can try them all, so a quick hash is enough."""
    return hashlib.sha256(token.encode()).hexdigest()
