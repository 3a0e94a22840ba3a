"""One process that starts the UI as a group of processes and takes them all with it, however it ends.

Dagster starts several processes, which start others (code servers, runs, dbt). They are one process group. When this
process is asked to end (SIGINT, SIGTERM, SIGHUP), the group is interrupted, as Ctrl-C in a terminal does, and killed if
it has not gone after a while. When this process is killed, the server at the head of the group sees a pipe close and
kills the group.
"""

from __future__ import annotations

import os
import signal
import subprocess
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from types import FrameType

from churn_assets.failures import Failure

ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
# Of all processes: warnings of libraries are hidden, and modules are not imported from the current folder.
ENVIRONMENT = {"PYTHONWARNINGS": "ignore", "PYTHONSAFEPATH": "1"}
GRACE_SECONDS = 20
LOOK_SECONDS = 0.1


class UiEnded(Failure, code="server"):
    """The server ended without a signal to this process and without an error message."""


def note_endings() -> list[int]:
    """From now on, signals that ask this process to end are put on the list that is returned, and do nothing else.

    To be called first of all: as an exception, an interrupt was once lost among the imports (1 of 100 tries, 2026-11).
    """
    signals: list[int] = []

    def note(number: int, _frame: FrameType | None) -> None:
        signals.append(number)

    for number in ENDING:
        signal.signal(number, note)
    return signals


def supervise(command: Sequence[str], descriptors: Sequence[int], signals: Sequence[int]) -> int:
    """Run `command` and what it starts until it ends or `signals` has one; returns its exit code, 0 after a signal.

    The command gets `descriptors`, and as last argument that of the pipe to pass to `die_with`. Raises UiEnded.
    """
    theirs, ours = os.pipe()
    head = subprocess.Popen(
        [*command, str(theirs)],
        env={**os.environ, **ENVIRONMENT},
        stdin=subprocess.DEVNULL,
        pass_fds=[*descriptors, theirs],
        process_group=0,
    )
    os.close(theirs)
    try:
        _wait(head, signals)
    finally:
        with suppress(ProcessLookupError):
            os.killpg(head.pid, signal.SIGKILL)
        code = head.wait()
        os.close(ours)
    if not signals and code < 0:
        raise UiEnded(f"The UI was ended by signal {-code}; what it started was ended too.")
    return 0 if signals else code


def die_with(descriptor: int) -> None:
    """Kill the process group of this process once the other end of a pipe has closed."""

    def watch() -> None:
        os.read(descriptor, 1)
        os.killpg(0, signal.SIGKILL)

    threading.Thread(target=watch, daemon=True).start()


def _wait(head: subprocess.Popen[bytes], signals: Sequence[int]) -> None:
    """Until the head of the group has ended (it is left to be collected, so that its number stays its own)."""
    deadline, interrupted = float("inf"), False
    while os.waitid(os.P_PID, head.pid, os.WEXITED | os.WNOWAIT | os.WNOHANG) is None:
        if signals and not interrupted:
            interrupted, deadline = True, time.monotonic() + GRACE_SECONDS
            os.killpg(head.pid, signal.SIGINT)
        if len(signals) > 1 or time.monotonic() > deadline:  # asked twice
            return
        time.sleep(LOOK_SECONDS)
