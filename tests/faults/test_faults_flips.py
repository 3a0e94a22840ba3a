"""A flipped bit in a file that is kept is noticed, or changes no value. 60 flips, 1,000 with TORTURE=1 (0.1 s each)."""

from __future__ import annotations

import os
import random
import shutil
import sqlite3
from collections import Counter
from contextlib import closing
from pathlib import Path

import duckdb
import pytest

from churn_assets.doctor.files import read_files
from churn_assets.instance.home import Home
from churn_assets.instance.record.chain import FREE
from churn_assets.instance.twice import keep_twice
from tests.unit.doctor.conftest import make_home

FLIPS = 1000 if os.environ.get("TORTURE") == "1" else 60
KINDS = {".parquet": "published files", ".sqlite": "record", ".duckdb": "warehouse", ".db": "Dagster's databases"}


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    home = Home(make_home(tmp_path_factory.mktemp("flips") / "home"))
    keep_twice(home)
    with closing(sqlite3.connect(home.record)) as connection:
        connection.execute("pragma wal_checkpoint(truncate)")
    assert read_files(home).faults == []
    return home


def values_in(file: Path) -> object:
    """All that a reader can get out of a file, but for what is not chained (sessions, alerts, which migrations there
    were); an error where it gets nothing.
    """
    try:
        if file.suffix == ".duckdb":
            with duckdb.connect(str(file), read_only=True) as connection:
                names = connection.execute("select schema_name || '.' || table_name from duckdb_tables()").fetchall()
                return {name: connection.execute(f"from {name}").fetchall() for (name,) in names}
        with closing(sqlite3.connect(f"file:{file}?immutable=1", uri=True)) as connection:
            names = connection.execute("select name from sqlite_master where type = 'table'").fetchall()
            kept = [name for (name,) in names if name not in FREE]
            return {name: connection.execute(f"select * from {name}").fetchall() for name in kept}
    except (duckdb.Error, sqlite3.Error, UnicodeDecodeError) as error:
        return str(error)


def flip(file: Path, place: int, bit: int) -> None:
    with file.open("r+b") as handle:
        handle.seek(place)
        byte = handle.read(1)[0]
        handle.seek(place)
        handle.write(bytes([byte ^ (1 << bit)]))


def test_a_flipped_bit_is_noticed_or_changes_nothing(home: Home, tmp_path: Path) -> None:
    sampler = random.Random(20261129)  # noqa: S311 - which bits
    files = [file for file in sorted(home.root.rglob("*")) if file.is_file() and file.suffix in KINDS]
    seen: Counter[tuple[str, str]] = Counter()
    silent = []
    for _ in range(FLIPS):
        # Each kind as often as the others: most bytes are those of databases.
        kind = sampler.choice(sorted(KINDS))
        file = sampler.choice([each for each in files if each.suffix == kind])
        place, bit = sampler.randrange(file.stat().st_size), sampler.randrange(8)
        shutil.copy2(file, tmp_path / "whole")
        flip(file, place, bit)
        is_noticed = bool(read_files(home).faults)
        is_harmless = not is_noticed and kind != ".parquet" and values_in(file) == values_in(tmp_path / "whole")
        seen[KINDS[kind], "noticed" if is_noticed else "no value changed" if is_harmless else "silent"] += 1
        if not is_noticed and not is_harmless:
            silent.append(f"{file.relative_to(home.root)} byte {place} bit {bit}")
        shutil.copy2(tmp_path / "whole", file)
    print(dict(seen))
    assert silent == []
