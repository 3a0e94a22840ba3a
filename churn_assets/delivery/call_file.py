"""Messages as rows of a CSV file that a call centre opens in a spreadsheet."""

from __future__ import annotations

import csv
import fcntl
import io
import os
import re
from contextlib import suppress
from pathlib import Path

from churn_assets.delivery.cells import BOM, csv_record, safe_cell
from churn_assets.delivery.channels import Fate, Message, Outcome
from churn_assets.instance.durable import fsync

COLUMNS = ("message_key", "user_id", "phone", "template", "subject", "body", "language")
PRIVATE_FOLDER, PRIVATE_FILE = 0o700, 0o600


class CallFileAdapter:
    """Exactly one row per message_key in calls-<name>.csv; the keys are read from the file when it is opened.

    A row is on disk before it counts as delivered. A last row cut off by a crash is removed when the file is opened,
    and its message can be delivered again. The file is locked for one writer; the folder is private to the user (0700,
    the file 0600), since the rows hold telephone numbers.

    RFC 4180 with every cell in quotes, UTF-8 with a byte order mark. A cell that a spreadsheet would take for a formula
    gets a leading apostrophe (https://owasp.org/www-community/attacks/CSV_Injection), telephone numbers that begin with
    + too: '+8613800138000 is text and keeps its digits; a dialler that reads the file has to take the apostrophe off.

    Fates: row written, now or before: delivered. No number: failed. Write failed and rolled back: deferred; not rolled
    back: unknown.
    Raises ValueError for a name that is no plain file name and for a file with another header (saved by a spreadsheet,
    say, and left unchanged), OSError for a folder or file that cannot be written, BlockingIOError where another writer
    has the file.
    """

    name = "file"
    is_keyed = True

    def __init__(self, folder: Path, name: str) -> None:
        if not re.fullmatch(r"[\w-][\w.-]*", name, re.ASCII):
            raise ValueError(f"{name!r}: name a call file with letters, digits, dots, hyphens and underscores")
        folder.mkdir(mode=PRIVATE_FOLDER, parents=True, exist_ok=True)
        folder.chmod(PRIVATE_FOLDER)
        self.path = folder / f"calls-{name}.csv"
        self._file: int | None = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_APPEND, PRIVATE_FILE)
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)  # the kernel drops it when the process dies
            os.fchmod(self._file, PRIVATE_FILE)
            self._keys = self._read_keys(self._file)
            self._size = os.fstat(self._file).st_size
            fsync(folder)
        except BaseException:
            self.close()
            raise

    def deliver(self, message: Message, address: str | None) -> Outcome:
        """Append one row. Raises ValueError once closed."""
        if self._file is None:
            raise ValueError("the call file is closed")
        if not address:
            return Outcome(Fate.FAILED, "no phone number")
        key = safe_cell(message.message_key)
        if key in self._keys:
            return Outcome(Fate.DELIVERED, "in the call file already")
        values = (message.user_id, address, message.template, message.subject, message.body, message.language)
        record = csv_record(key, *values)
        try:
            os.ftruncate(self._file, self._size)  # remains of an earlier failure
            _append(self._file, record)
        except OSError:
            return self._rolled_back(self._file)
        self._keys.add(key)
        self._size += len(record)
        return Outcome(Fate.DELIVERED, "row written to the call file")

    def close(self) -> None:
        if self._file is not None:
            os.close(self._file)
        self._file = None

    def _read_keys(self, file: int) -> set[str]:
        """The keys in the file, after removing an incomplete last row, or writing the header of a new file."""
        data = self.path.read_bytes()
        header = BOM.encode() + csv_record(*COLUMNS)
        if header.startswith(data):  # new, or cut off in its first line
            os.ftruncate(file, 0)
            _append(file, header)
            return set()
        if not data.startswith(header):  # saved by a spreadsheet, say
            raise ValueError(f"{self.path.name} was changed by another program: move it away")
        complete = data[: _complete_length(data)]
        if len(complete) < len(data):
            os.ftruncate(file, len(complete))
        os.fsync(file)  # rows of a process that died before its fsync
        return {row[0] for row in csv.reader(io.StringIO(complete[len(header) :].decode(), newline=""))}

    def _rolled_back(self, file: int) -> Outcome:
        with suppress(OSError):
            os.ftruncate(file, self._size)
            os.fsync(file)
            return Outcome(Fate.DEFERRED, "the call file could not be written")
        return Outcome(Fate.UNKNOWN, "the call file could not be written, nor the row removed")


def _append(file: int, data: bytes) -> None:
    rest = memoryview(data)
    while rest:
        rest = rest[os.write(file, rest) :]
    os.fsync(file)


def _complete_length(data: bytes) -> int:
    """Length up to the end of the last complete record: a line end after an even number of quotes."""
    end = position = quotes = 0
    for line in data.splitlines(keepends=True):
        position += len(line)
        quotes += line.count(b'"')
        if quotes % 2 == 0 and line.endswith(b"\r\n"):
            end = position
    return end
