"""Records as released programs left them, and what is in a record."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

HOMES = Path(__file__).parents[2] / "fixtures" / "homes"
RELEASES = sorted(folder.name for folder in HOMES.iterdir() if folder.is_dir())
Rows = dict[str, list[tuple[Any, ...]]]


@pytest.fixture(params=RELEASES)
def released(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """A copy of the record of each release, one after the other."""
    return copy_of(request.param, tmp_path)


@pytest.fixture
def newest_release(tmp_path: Path) -> Path:
    """A copy of the record of the release that held everything that can be on record."""
    return copy_of("0.1.0", tmp_path)


def copy_of(release: str, folder: Path) -> Path:
    return Path(shutil.copy(HOMES / release / "record.sqlite", folder / "record.sqlite"))


@pytest.fixture
def rows_of() -> Callable[[Path], Rows]:
    """Every row of every table, but for the book of migrations."""

    def rows(file: Path) -> Rows:
        with closing(sqlite3.connect(file)) as connection:
            tables = connection.execute("select name from sqlite_master where type = 'table' and name <> 'migrations'")
            return {
                table: connection.execute(f'select * from "{table}" order by 1, 2').fetchall()
                for (table,) in tables.fetchall()
            }

    return rows
