"""Users in files of raw rows inside the home: its landing, and rows received by channels (received/)."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

from churn_assets.erasure.raw_files import without
from churn_assets.erasure.traces import Traces
from churn_assets.instance.files import write_whole


def remove(files: Iterable[Path], traces: Traces, encoding: str = "utf-8") -> None:
    """Rewrite each file that holds the users without their rows, and with its old time, as it is no new delivery.

    The orders come last: only they tell which lines of orders are the users', should the process be killed before.
    """
    for file in sorted(files, key=lambda file: ("orders" in file.parts, file)):
        write = without(file, traces, encoding)
        if write:
            stat = file.stat()
            write_whole(file.resolve(), write)
            os.utime(file, ns=(stat.st_atime_ns, stat.st_mtime_ns))
            file.chmod(stat.st_mode & 0o7777)
