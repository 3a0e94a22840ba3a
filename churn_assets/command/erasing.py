"""`churn erase --file`: ids of users in a file."""

from __future__ import annotations

from pathlib import Path

from churn_assets.failures import Failure

MAX_BYTES = 64 << 20


class NoList(Failure, ValueError, code="user"):
    """A file of ids cannot be read as one."""


def ids_in(file: Path) -> list[str]:
    """The ids of a text file, one a line; empty lines and a byte order mark are left out. Raises NoList."""
    try:
        if file.stat().st_size > MAX_BYTES:
            raise NoList(f"{file} has more than {MAX_BYTES >> 20} MB: give a text file with one id of a user a line")
        text = file.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise NoList(f"{file} is not there: name a text file with one id of a user a line") from None
    except UnicodeDecodeError as error:
        raise NoList(f"{file} is no text in UTF-8 (byte {error.start}): give one id of a user a line") from None
    ids = [line.strip() for line in text.splitlines() if line.strip()]
    if not ids:
        raise NoList(f"{file} names nobody: give one id of a user a line")
    return ids
