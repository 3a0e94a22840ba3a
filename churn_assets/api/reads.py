"""Who read whom: a row of the audit per read of personal data, in the record before the answer leaves.

A process that is killed has answered nothing that is not in the audit; a power failure may take the rows of the last
second (KeptRecord.flush), as a flush of the disk per answer took 8 ms, and 44 at worst (2026-11). Reads that wait
together are written in one transaction.
"""

from __future__ import annotations

import asyncio

from starlette.concurrency import run_in_threadpool

from churn_assets.console.audit import note_all
from churn_assets.instance.record.kept import KeptRecord

Note = tuple[str, str, str, str, str, str]  # at, account, act, subject, detail, address


class Reads:
    """Of one event loop."""

    def __init__(self, record: KeptRecord) -> None:
        self._record = record
        self._waiting: list[tuple[Note, asyncio.Future[None]]] = []
        self._writing: asyncio.Task[None] | None = None

    async def note(self, row: Note) -> None:
        """Returns once the row is in the record. Raises what writing it raises."""
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((row, done))
        if self._writing is None or self._writing.done():
            self._writing = asyncio.create_task(self._write())
        await done

    async def _write(self) -> None:
        while self._waiting:
            batch, self._waiting = self._waiting, []
            try:
                await run_in_threadpool(self._write_rows, [row for row, _ in batch])
            except Exception as error:  # noqa: BLE001 - each request raises it as its own
                for _, done in batch:
                    if not done.done():
                        done.set_exception(error)
            else:
                for _, done in batch:
                    if not done.done():  # a client that went away
                        done.set_result(None)

    def _write_rows(self, rows: list[Note]) -> None:
        with self._record.writing(is_flushed=False) as connection:
            note_all(connection, rows)
