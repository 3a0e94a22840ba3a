"""What a command costs: wall time, processor time, and the greatest memory of it and all it starts."""

from __future__ import annotations

import os
import resource
import subprocess
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

POLL_SECONDS = 0.1
PAGE = os.sysconf("SC_PAGE_SIZE")


@dataclass(frozen=True)
class Cost:
    """Seconds of wall time and of processors, and the greatest resident memory of the process and its descendants,
    added up at one moment.
    """

    seconds: float
    cpu_seconds: float
    bytes: int


def cost(command: Sequence[str], environment: Mapping[str, str] | None = None) -> Cost:
    """Runs the command. Raises CalledProcessError."""
    before, started = _processor(), time.perf_counter()
    process = subprocess.Popen(command, env=environment)
    peak = [0]
    watcher = threading.Thread(target=_watch, args=(process, peak))
    watcher.start()
    if process.wait():
        raise subprocess.CalledProcessError(process.returncode, command)
    seconds = time.perf_counter() - started
    watcher.join()
    return Cost(seconds, _processor() - before, peak[0])


def _processor() -> float:
    """Of all children that have ended so far."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _watch(process: subprocess.Popen[bytes], peak: list[int]) -> None:
    while process.poll() is None:
        peak[0] = max(peak[0], _resident(process.pid))
        time.sleep(POLL_SECONDS)


def _resident(pid: int) -> int:
    """Bytes of a process and its descendants; 0 for one that has just ended."""
    try:
        pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
        tasks = [task / "children" for task in Path(f"/proc/{pid}/task").iterdir()]
        children = [int(child) for task in tasks for child in task.read_text().split()]
    except (FileNotFoundError, ProcessLookupError):
        return 0
    return pages * PAGE + sum(_resident(child) for child in children)
