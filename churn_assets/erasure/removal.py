"""Removing users from a home. Each step is final; after an interruption the same call finishes the rest."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

from churn_assets.erasure import files, landing, partitions, sqlite, warehouse
from churn_assets.erasure.files import Kind, files_of
from churn_assets.erasure.traces import Traces
from churn_assets.instance.files import TEMPORARY
from churn_assets.instance.home import Home
from churn_assets.instance.process_lock import is_alive
from churn_assets.instance.record.backups import is_backup
from churn_assets.workplace import Workplace


def remove_everywhere(workplace: Workplace, traces: Traces) -> None:
    """The raw orders and the warehouse link orders to users, so rows found by order are removed before them."""
    home, encoding = workplace.home, workplace.settings.landing.encoding
    _remove_left_overs(home.root)
    shutil.rmtree(home.cache, ignore_errors=True)  # copies of raw files, rebuilt when they are read
    home.record_copy.unlink(missing_ok=True)  # renewed when all is removed
    partitions.remove(workplace, traces)
    workplace.tables.sweep()
    sqlite.remove(home.record, traces, with_rows=True)
    entries = [(file, kind) for file, kind in files_of(home.root) if home.tables not in file.parents]
    landing.remove([file for file, kind in entries if kind in (Kind.RAW, Kind.PARQUET)], traces, encoding)
    for file, kind in entries:
        if kind == Kind.TEXT:
            files.remove(file, traces)
        elif kind == Kind.SQLITE and file != home.record:
            sqlite.remove(file, traces, with_rows=is_backup(file))
        elif kind == Kind.DUCKDB:
            warehouse.rebuild_without(file, traces)
    if home.warehouse.exists():
        workplace.show_tables()
        workplace.show_landing()


def remove_damaged(home: Home) -> None:
    """Damaged records that churn heal kept: they hold users, and cannot be read to remove one."""
    for file in home.root.glob(f"{home.record.name}.damaged.*"):
        file.unlink()


def _remove_left_overs(root: Path) -> None:
    """Temporary files of killed processes (instance/files.py), and those of DuckDB for data beyond its memory."""
    for file in root.rglob(f".*{TEMPORARY}*"):
        process = re.match(r"\.(\d+)\.", file.name)
        if process and not is_alive(int(process[1])):
            file.unlink(missing_ok=True)
    for folder in root.rglob("*.duckdb.tmp"):
        shutil.rmtree(folder, ignore_errors=True)
