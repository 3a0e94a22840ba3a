"""Which files of a landing are new or have changed since an earlier look, and from when on what they hold was known."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

from churn_assets.contracts.raw import raw_contract
from churn_assets.duck import duck
from churn_assets.instance.home import Home
from churn_assets.instance.record.store import Record
from churn_assets.landing import of_home
from churn_assets.landing.files import files_of_table
from churn_assets.landing.inspect import sources_of
from churn_assets.landing.mapped import Foreign
from churn_assets.landing.relation import ALWAYS, relation

DIGITS = 12
READ_FACT = "landing.read"


def fingerprints(home: Home) -> dict[str, str]:
    """Fingerprint of size and time of every file that is read as a raw table, by its path in the landing; of a mapped
    file, which lies elsewhere, by its whole path. Raises LandingError.
    """
    root, foreign = Path(home.landing.removeprefix("file://")), Foreign(home.mapping, home.root)
    prints = {}
    for table in raw_contract():
        files = files_of_table(root / table.name).files
        files += [file for source in foreign.sources(table.name) for file in foreign.files(table.name, source)]
        for source in foreign.sources(table.name):
            files += [file for lookup in foreign.lookup_files(source).values() for file in lookup]
        for file in files:
            stat = file.path.stat()
            text = f"{stat.st_size} {stat.st_mtime_ns}"
            name = file.path.relative_to(root) if file.path.is_relative_to(root) else file.path
            prints[str(name)] = hashlib.sha256(text.encode()).hexdigest()[:DIGITS]
    return prints


def changed_files(seen: Mapping[str, str], now: Mapping[str, str]) -> list[str]:
    """New files and those with another fingerprint, in order."""
    return sorted(path for path, fingerprint in now.items() if seen.get(path) != fingerprint)


@dataclass(frozen=True)
class LastRead:
    """What the last run that read the landing began with: when (naive UTC), of which snapshots, and which files."""

    at: datetime
    snapshots: frozenset[date]
    files: Mapping[str, str]


def note_read(home: Home, snapshots: Sequence[date], at: datetime) -> None:
    """Keep which files a run is about to read. Raises LandingError."""
    content = {"at": at.isoformat(), "snapshots": [day.isoformat() for day in snapshots], "files": fingerprints(home)}
    Record(home.record).state_fact(READ_FACT, json.dumps(content))


def last_read(home: Home) -> LastRead | None:
    """None before the first run."""
    text = Record(home.record).fact(READ_FACT) if home.record.exists() else None
    if text is None:
        return None
    content = json.loads(text)
    days = frozenset(date.fromisoformat(day) for day in content["snapshots"])
    return LastRead(datetime.fromisoformat(content["at"]), days, content["files"])


def first_known(home: Home, paths: Collection[str]) -> datetime | None:
    """When the first row of these files was known, naive UTC; None where none is known at a time of its own.

    Rows without any time, of lines of orders or users, are known with what they belong to. Raises LandingError.
    """
    root = Path(home.landing.removeprefix("file://"))
    wanted = {root / path for path in paths}
    moments = []
    with duck() as connection:
        for table in of_home.landed(home).tables.values():
            files = [file for file in table.files if file.path in wanted]
            if files:
                scan = relation(table.table, list(sources_of(table.table, files, table.reading.options)), table.reading)
                sql = f"select min(known_at) from {scan} where refused_because is null and known_at > {ALWAYS}"
                row = connection.execute(sql).fetchone()
                moments += [row[0]] if row and row[0] else []
    return min(moments, default=None)
