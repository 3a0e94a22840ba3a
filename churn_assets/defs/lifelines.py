"""Locks that show which runs are alive. A run holds a file lock while it lives; the kernel drops it with the process.

A run that is recorded as started while nobody holds its lock is dead, whatever killed it. Dagster's own monitoring does
not notice that with the default launcher, and the dead run would count as running for ever.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import dagster as dg
from filelock import FileLock

from churn_assets.instance import run_locks

UNFINISHED = [dg.DagsterRunStatus(name) for name in run_locks.UNFINISHED]


@dataclass
class Lifeline:
    lock: FileLock

    @classmethod
    def hold(cls, folder: Path, run_id: str) -> Lifeline:
        """Take the lock of a run, then wait for an erasure that is at work. Raises BeingErased."""
        lock = FileLock(run_locks.lock_of_run(folder, run_id))
        lock.acquire(timeout=0)
        lifeline = cls(lock)
        try:
            with run_locks.no_erasure(folder):  # one that begins later sees this lock (erasure/busy.py)
                return lifeline
        except run_locks.BeingErased:
            lifeline.release()
            raise

    def release(self) -> None:
        self.lock.release()
        Path(self.lock.lock_file).unlink(missing_ok=True)


def sweep_dead_runs(instance: dg.DagsterInstance, folder: Path) -> list[str]:
    """Mark dead runs as failed and give their slots back. Returns a line for each."""
    lines = []
    for record in instance.get_run_records(dg.RunsFilter(statuses=UNFINISHED)):
        run = record.dagster_run
        if not run_locks.is_dead(folder, run.run_id, record.start_time):
            continue
        line = f"Run {run.run_id[:8]} of {run.job_name} died without a word; marked as failed."
        instance.report_run_failed(run, line)
        instance.event_log_storage.free_concurrency_slots_for_run(run.run_id)
        run_locks.lock_of_run(folder, run.run_id).unlink(missing_ok=True)
        lines.append(line)
    return lines
