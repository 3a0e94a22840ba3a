"""Reading all sources of a home that are pulled: each whole or not at all, one process at a time."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

from filelock import FileLock, Timeout

from churn_assets.contracts.raw import RawTable, raw_contract
from churn_assets.instance.files import write_whole
from churn_assets.instance.home import Home
from churn_assets.instance.private import OWNER_ONLY
from churn_assets.instance.run_locks import no_erasure
from churn_assets.landing.errors import LandingError
from churn_assets.landing.pulled import folder_of, last_reading, next_file, note_reading
from churn_assets.pulling.addresses import fetch
from churn_assets.pulling.database import connected
from churn_assets.pulling.errors import PullError
from churn_assets.pulling.table import TableRead, TableReader
from churn_assets.settings.extra import contract_with
from churn_assets.settings.mapping import SourceFiles

LOCK, WAIT_SECONDS = "pull.lock", 900
NEVER = datetime(1970, 1, 1)
RECENT = timedelta(minutes=15)  # a run that begins sooner after its command has pulled does not pull again


def pull(home: Home, names: Sequence[str] = ()) -> list[TableRead]:
    """Read what is new in all sources that are pulled, or in those named. Raises PullError, LandingError.

    A source is read in one transaction and published when all of its tables are read: a connection that breaks leaves
    nothing behind. A reading that is repeated after a kill finds the same rows again, which are no news then.
    """
    sources = [source for source in home.mapping.pulled if not names or source.name in names]
    if not sources:
        return []
    with _alone(home), _work(home) as work:
        return [read for source in sources for read in _pull_source(home, source, work)]


def pull_before(home: Home, snapshot: datetime, now: datetime) -> list[TableRead]:
    """Read unless everything was read lately, and after `snapshot`: a row that comes later must not be known before."""
    needed = max(snapshot, now - RECENT)
    return [] if all(at is not None and at >= needed for at in newest_readings(home).values()) else pull(home)


def newest_readings(home: Home) -> dict[str, datetime | None]:
    """When each source was last read in all of its tables, naive UTC; None for one that was not yet."""
    readings: dict[str, datetime | None] = {}
    for source in home.mapping.pulled:
        readings_of = [last_reading(folder_of(home.root, table, source.name)) for table in source.tables]
        times = [reading.read_at for reading in readings_of if reading]
        readings[source.name] = min(times) if len(times) == len(source.tables) else None
    return readings


def _pull_source(home: Home, source: SourceFiles, work: Path) -> list[TableRead]:
    tables = _in_order(source, contract_with(home.settings.features.extra))
    now = datetime.now(UTC).replace(tzinfo=None)
    folder = work / source.name
    folder.mkdir(mode=OWNER_ONLY)
    read = _of_database if source.database else _of_address
    reads: list[TableRead] = []
    with read(home, source, folder) as read_table:
        for table in tables:
            orders = next((each.file for each in reads if each.table == "orders"), None)
            reads.append(read_table(TableReader(home, source, table, now, folder, orders)))
    for each in reads:
        _publish(each)
    return reads


ReadTable = Callable[[TableReader], TableRead]


@contextmanager
def _of_database(home: Home, source: SourceFiles, folder: Path) -> Iterator[ReadTable]:
    del home, folder
    with connected(source) as database:
        yield lambda reader: reader.read(database)


@contextmanager
def _of_address(home: Home, source: SourceFiles, folder: Path) -> Iterator[ReadTable]:
    """Files are fetched once for all tables; those of a version that was read by the same mapping are not."""
    readers = [TableReader(home, source, table, NEVER, folder) for table in _in_order(source, raw_contract())]
    lasts = [(last_reading(reader.folder), reader.made_of) for reader in readers]
    tag = next((last.tag for last, _ in lasts if last), None)
    is_alike = all(last is not None and (last.made_of, last.tag) == (made_of, tag) for last, made_of in lasts)
    seen: dict[str, str] = json.loads(tag) if tag and is_alike else {}
    fetched = fetch(source, folder, seen)
    versions = json.dumps(fetched.tags, sort_keys=True)

    def read_table(reader: TableReader) -> TableRead:
        last = last_reading(reader.folder)
        if not fetched.files:
            return reader.unchanged(last, versions)
        try:
            return reader.read_files(fetched.files, versions)
        except LandingError as error:
            text = str(error).replace(f"{folder}/", "").removeprefix("landing: ")
            raise PullError(f"source {source.name}: {text}") from None

    yield read_table


def _in_order(source: SourceFiles, contract: Sequence[RawTable]) -> list[RawTable]:
    """Orders first: their lines are known when they are."""
    tables = [table for table in contract if table.name in source.tables]
    return sorted(tables, key=lambda table: table.name != "orders")


def _publish(read: TableRead) -> None:
    """The rows first, then how far was read: rows that are read twice are no news, rows that are missed are lost."""
    read.folder.mkdir(mode=OWNER_ONLY, parents=True, exist_ok=True)
    if read.file is not None:
        prepared = read.file
        prepared.chmod(0o600)
        write_whole(next_file(read.folder), lambda file: shutil.move(prepared, file))
    note_reading(read.folder, read.reading)


@contextmanager
def _alone(home: Home) -> Iterator[None]:
    """No other process pulls, and no user is erased, within the block. Raises PullError."""
    home.locks.mkdir(mode=OWNER_ONLY, parents=True, exist_ok=True)
    try:
        with FileLock(home.locks / LOCK, timeout=WAIT_SECONDS), no_erasure(home.locks):
            yield
    except Timeout:
        raise PullError(f"Another process reads the sources of {home.root}: wait until it has ended.") from None


@contextmanager
def _work(home: Home) -> Iterator[Path]:
    """A folder for files on the way; what a killed reading left there is removed first."""
    folder = home.cache / "pulling"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(mode=OWNER_ONLY, parents=True)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
