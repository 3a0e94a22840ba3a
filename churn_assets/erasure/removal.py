"""Taking users out of a home. Whatever is done stays done; cut short, the same again finishes it."""

from __future__ import annotations

import os
import re
import shutil
from pathlib import Path

from churn_assets.erasure import files, landing, partitions, sqlite, warehouse
from churn_assets.erasure.files import Kind, files_of
from churn_assets.erasure.traces import Traces
from churn_assets.instance.files import TEMPORARY
from churn_assets.instance.record.backups import is_backup
from churn_assets.workplace import Workplace


def remove_everywhere(workplace: Workplace, traces: Traces) -> None:
    """The raw orders and the warehouse know whose orders are whose, so they are the last of what they are about."""
    home, encoding = workplace.home, workplace.settings.landing.encoding
    _remove_left_overs(home.root)
    shutil.rmtree(home.cache, ignore_errors=True)  # copies of raw files, made again when they are read
    partitions.remove(workplace, traces)
    workplace.tables.sweep()
    sqlite.remove(home.record, traces, with_rows=True)
    found = [(file, kind) for file, kind in files_of(home.root) if home.tables not in file.parents]
    landing.remove([file for file, kind in found if kind in (Kind.RAW, Kind.PARQUET)], traces, encoding)
    for file, kind in found:
        if kind == Kind.TEXT:
            files.remove(file, traces)
        elif kind == Kind.SQLITE and file != home.record:
            sqlite.remove(file, traces, with_rows=is_backup(file))
        elif kind == Kind.DUCKDB:
            warehouse.made_anew(file, traces)
    if home.warehouse.exists():
        workplace.show_tables()
        workplace.show_landing()


def _remove_left_overs(root: Path) -> None:
    """Of processes that were killed while they wrote (instance/files.py), and what did not fit into DuckDB's memory."""
    for file in root.rglob(f".*{TEMPORARY}*"):
        process = re.match(r"\.(\d+)\.", file.name)
        if process and not _is_alive(int(process[1])):
            file.unlink(missing_ok=True)
    for folder in root.rglob("*.duckdb.tmp"):
        shutil.rmtree(folder, ignore_errors=True)


def _is_alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:  # somebody else's
        return True
    return True
