"""People who may use the console: name, role and a hash of the password, in the record store."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from threading import BoundedSemaphore

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from churn_assets.failures import Failure
from churn_assets.instance.record.store import Record

ROLES = ("viewer", "approver", "admin")  # each may do what those before it may
SHORTEST_PASSWORD, LONGEST_PASSWORD = 12, 1_000  # argon2 takes time for every letter
# Each verification takes 64 MB: many at once would take the memory of the machine.
AT_ONCE = BoundedSemaphore(2)
NO_HASH = ""  # no password has it
NAME = re.compile(r"[a-z0-9][a-z0-9._@-]{0,63}")


class AccountError(Failure, ValueError, code="access"):
    """An account cannot be made or changed."""


@dataclass(frozen=True)
class Account:
    name: str
    role: str

    def may(self, role: str) -> bool:
        """Whether what the role is needed for may be done."""
        return ROLES.index(self.role) >= ROLES.index(role)


@cache
def _hasher() -> PasswordHasher:
    return PasswordHasher()


@cache
def _hash_of_nobody() -> str:
    """Verified against where there is no such account, so that the answer takes as long."""
    return _hasher().hash("nobody")


def add_account(record: Record, name: str, role: str, password: str | None, by: str, now: datetime) -> None:
    """Make an account; without a password, only a proxy lets it in.

    Raises AccountError on a name that exists or is none, another role, a password too short.
    """
    if not NAME.fullmatch(name):
        raise AccountError(
            f"{name!r} is no name of an account: lower-case letters, digits, dots, hyphens and @, at most 64."
        )
    if role not in ROLES:
        raise AccountError(f"There is no role {role!r}; use one of {', '.join(ROLES)}.")
    if password is not None:
        _refuse_weak(password)
    row = (name, role, NO_HASH if password is None else _hasher().hash(password), now.isoformat(), by, 0)
    with record.transaction() as connection:
        if not connection.execute("insert or ignore into accounts values (?, ?, ?, ?, ?, ?)", row).rowcount:
            raise AccountError(f"There is an account {name} already: churn account password changes its password.")


def change_password(record: Record, name: str, password: str) -> None:
    """Change it and end the account's sessions. Raises AccountError."""
    _refuse_weak(password)
    _change(record, "update accounts set password_hash = ? where name = ?", (_hasher().hash(password), name), name)


def disable_account(record: Record, name: str) -> None:
    """Let nobody in by this account any more. Raises AccountError."""
    _change(record, "update accounts set is_disabled = 1 where name = ?", (name,), name)


def _change(record: Record, sql: str, values: tuple[str, ...], name: str) -> None:
    with record.transaction() as connection:
        if not connection.execute(sql, values).rowcount:
            raise AccountError(f"There is no account {name}: churn account list names them.")
        connection.execute("delete from sessions where account = ?", (name,))


def accounts(record: Record) -> list[tuple[str, str, str, bool]]:
    """(name, role, made at, disabled), by name."""
    with record.reading() as connection:
        rows = connection.execute("select name, role, made_at, is_disabled from accounts order by name").fetchall()
    return [(name, role, made_at, bool(is_disabled)) for name, role, made_at, is_disabled in rows]


def find_account(record: Record, name: str) -> Account | None:
    """The account, if it is not disabled."""
    with record.reading() as connection:
        row = connection.execute(
            "select name, role from accounts where name = ? and not is_disabled", (name,)
        ).fetchone()
    return Account(*row) if row else None


def verified(record: Record, name: str, password: str) -> Account | None:
    """The account whose password it is; None otherwise, after the same time."""
    with record.reading() as connection:
        row = connection.execute("select password_hash, is_disabled from accounts where name = ?", (name,)).fetchone()
    stored, is_disabled = row or (_hash_of_nobody(), 1)
    try:
        with AT_ONCE:
            _hasher().verify(stored, password[:LONGEST_PASSWORD])
    except (VerificationError, InvalidHashError):
        return None
    return None if is_disabled else find_account(record, name)


def _refuse_weak(password: str) -> None:
    if not SHORTEST_PASSWORD <= len(password) <= LONGEST_PASSWORD:
        raise AccountError(f"A password has {SHORTEST_PASSWORD} letters or more; this one has {len(password)}.")
