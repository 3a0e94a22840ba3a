"""One act in a process of its own that is traced: its system calls are listed, or one of them is the last, or refused.

The process is forked from one that has imported what it needs, stops itself, and goes on once strace has attached.
"""

from __future__ import annotations

import multiprocessing
import os
import re
import shutil
import signal
import subprocess
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from tests.faults import acts
from tests.pipeline.warm import PRELOADED

# What changes a disk, or makes sure that it is changed.
CALLS = ("write", "pwrite64", "fsync", "fdatasync", "rename", "unlink", "ftruncate", "openat", "link")
KILLED_AT = ("write", "pwrite64", "fsync", "fdatasync", "rename", "unlink", "ftruncate", "link")
ERRNOS = {
    "ENOSPC": ("write", "pwrite64", "fsync", "ftruncate"), "EIO": ("pwrite64", "fsync", "fdatasync"),
    "EACCES": ("openat", "rename", "unlink"),
}  # fmt: skip
STRACE = shutil.which("strace")
WAIT_SECONDS = 60
_processes = multiprocessing.get_context("forkserver")
_processes.set_forkserver_preload([*PRELOADED])


@dataclass(frozen=True)
class Ended:
    """`code`: negative for a signal. `calls`: lines of strace, with the paths of descriptors."""

    code: int | None
    said: str
    calls: list[str]

    def counts(self) -> Counter[str]:
        found = (re.search(r"^\d+\s+(\w+)\(", line) for line in self.calls)
        return Counter(match[1] for match in found if match)


def act(name: str, home: Path, inject: str | None = None, plant: str = "") -> Ended:
    """Do an act on a home. `inject`: as strace takes it, such as "fsync:signal=SIGKILL:when=2"."""
    out, trace = home.parent / "out", home.parent / "trace"
    for file in (out, trace):
        file.unlink(missing_ok=True)
    process = _processes.Process(target=acts.do, args=(name, str(home), plant, str(out)))
    process.start()
    pid = process.pid or 0
    _wait(lambda: _state(pid) in ("T", "X", "Z", ""))
    command = [STRACE or "strace", "-f", "-qq", "-y", "-s", "0", "-o", str(trace), "-e", f"trace={','.join(CALLS)}"]
    command += ["-e", f"inject={inject}"] if inject else []
    with subprocess.Popen([*command, "-p", str(pid)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as tracer:
        _wait(lambda: tracer.poll() is not None or _tracer(pid) != 0)
        os.kill(pid, signal.SIGCONT)
        process.join(WAIT_SECONDS)
        if process.is_alive():
            process.kill()
            process.join()
        tracer.wait()
    said = out.read_text() if out.exists() else ""
    return Ended(process.exitcode, said, trace.read_text().splitlines() if trace.exists() else [])


def _wait(is_so: object) -> None:
    deadline = time.monotonic() + WAIT_SECONDS
    while not is_so():  # type: ignore[operator]
        if time.monotonic() > deadline:
            raise TimeoutError("the act did not begin")
        time.sleep(0.002)


def _state(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return ""


def _tracer(pid: int) -> int:
    try:
        text = Path(f"/proc/{pid}/status").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return -1
    return int(re.search(r"TracerPid:\s+(\d+)", text)[1])  # type: ignore[index]
