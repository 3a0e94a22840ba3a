"""Locks that show which runs are alive. A run holds a file lock while it lives; the kernel drops it with the process.

A run that is recorded as started while nobody holds its lock is dead, whatever killed it. Dagster's own monitoring does
not notice that with the default launcher, and the dead run would count as running for ever.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path

import dagster as dg
from filelock import FileLock, Timeout

# Between being recorded as started and taking its lock a run imports and initialises; that takes seconds.
GRACE_SECONDS = 60
UNFINISHED = [dg.DagsterRunStatus.STARTING, dg.DagsterRunStatus.STARTED, dg.DagsterRunStatus.CANCELING]


@dataclass
class Lifeline:
    lock: FileLock

    @classmethod
    def hold(cls, folder: Path, run_id: str) -> Lifeline:
        lock = FileLock(_file(folder, run_id))
        lock.acquire(timeout=0)
        return cls(lock)

    def release(self) -> None:
        self.lock.release()
        Path(self.lock.lock_file).unlink(missing_ok=True)


def sweep_dead_runs(instance: dg.DagsterInstance, folder: Path) -> list[str]:
    """Mark dead runs as failed and give their slots back. Returns a line for each."""
    lines = []
    for record in instance.get_run_records(dg.RunsFilter(statuses=UNFINISHED)):
        run = record.dagster_run
        if _is_alive(folder, run.run_id) or _is_starting(folder, run.run_id, record.start_time):
            continue
        line = f"Run {run.run_id[:8]} of {run.job_name} died without a word; marked as failed."
        instance.report_run_failed(run, line)
        instance.event_log_storage.free_concurrency_slots_for_run(run.run_id)
        _file(folder, run.run_id).unlink(missing_ok=True)
        lines.append(line)
    return lines


def _is_alive(folder: Path, run_id: str) -> bool:
    if not _file(folder, run_id).exists():
        return False
    try:
        with FileLock(_file(folder, run_id), timeout=0):
            return False
    except Timeout:
        return True


def _is_starting(folder: Path, run_id: str, started: float | None) -> bool:
    """Launched less than GRACE_SECONDS ago and not locked yet. A lock file without a holder is of a dead run."""
    return not _file(folder, run_id).exists() and started is not None and time.time() - started < GRACE_SECONDS


def _file(folder: Path, run_id: str) -> Path:
    return folder / f"run-{run_id}.lock"
