"""Mistakes that people make (tests/fixtures/mistakes.yaml), each with how it is planted.

tests/unit/command/test_command_mistakes.py holds the answers against them; the table of docs/errors.md is made of them.
"""

from __future__ import annotations

import shlex
import shutil
import sqlite3
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import yaml
from filelock import FileLock

FILE = Path(__file__).parent / "fixtures" / "mistakes.yaml"
ORDERS = "landing/orders/orders.csv"
HEADER = "order_id,user_id,ordered_at,amount\n"
ROWS = "".join(f"o{n},u{n % 3},2026-10-{1 + n:02} 12:00:00,9.90\n" for n in range(9))


def _no_home(home: Path) -> None:
    shutil.rmtree(home)


def _a_file_for_a_home(home: Path) -> None:
    shutil.rmtree(home)
    home.touch()


def _another_record(home: Path) -> None:
    with closing(sqlite3.connect(home / "record.sqlite")) as connection:
        connection.execute("pragma user_version = 9999")


PLANTS: Mapping[str, Callable[[Path], object]] = {
    "no home": _no_home,
    "a file for a home": _a_file_for_a_home,
    "a record of another program": _another_record,
    "a folder for the record": lambda home: (home / "record.sqlite").mkdir(),
    "a spreadsheet for orders": lambda home: (home / ORDERS).rename((home / ORDERS).with_suffix(".xlsx")),
}


@dataclass(frozen=True)
class Mistake:
    """`of`: where it is made. `files` to `variables`: what is planted; `names`: what is answered."""

    what: str
    of: str
    command: str
    code: str
    names: tuple[str, ...]
    exit_code: int = 1
    files: Mapping[str, str] = field(default_factory=dict)
    without: str | None = None
    plant: str | None = None
    locked: str | None = None
    variables: Mapping[str, str] = field(default_factory=dict)

    @contextmanager
    def planted(self, home: Path) -> Iterator[None]:
        """A home with nine orders and the mistake."""
        for name, text in {ORDERS: HEADER + ROWS, **self.files}.items():
            (home / name).parent.mkdir(parents=True, exist_ok=True)
            (home / name).write_bytes(text.encode("latin-1"))
        if self.without:
            shutil.rmtree(home / self.without)
        if self.plant:
            PLANTS[self.plant](home)
        if not self.locked:
            yield
            return
        (home / "locks").mkdir()
        with FileLock(home / "locks" / self.locked):  # as the other process would
            yield

    def arguments(self, home: Path) -> list[str]:
        return [each.replace("HOME", str(home)) for each in shlex.split(self.command)]


def mistakes() -> list[Mistake]:
    rows = yaml.safe_load(FILE.read_text(encoding="utf-8"))
    return [Mistake(**{**row, "names": tuple(row["names"])}) for row in rows]
