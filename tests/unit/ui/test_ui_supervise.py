"""However the one process of `churn ui` that people see ends, nothing that it started stays."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")

# The head of the group starts a child, which starts another that hears no signal; each writes its number down.
STUBBORN = """
import os, signal, sys, time
signal.signal(signal.SIGINT, signal.SIG_IGN); signal.signal(signal.SIGTERM, signal.SIG_IGN)
print(os.getpid(), file=open(sys.argv[1], "a"), flush=True); time.sleep(60)
"""
HEAD = f"""
import os, subprocess, sys, time
from churn_assets.ui.supervise import die_with
die_with(int(sys.argv[-1]))
file, how = sys.argv[1:3]
child = [sys.executable, "-c", "import subprocess, sys, time; subprocess.Popen(sys.argv[1:]); time.sleep(60)"]
subprocess.Popen([*child, sys.executable, "-c", {STUBBORN!r}, file])
print(os.getpid(), file=open(file, "a"), flush=True)
try:
    while len(open(file).readlines()) < 2: time.sleep(0.02)
    if how == "fails": sys.exit(7)
    time.sleep(60)
except KeyboardInterrupt:
    print("interrupted", flush=True)
    if how == "stays": time.sleep(60)
"""
PARENT = """
import sys
from churn_assets.ui import supervise
supervise.GRACE_SECONDS = 1
told = supervise.note_endings()
print("ready", flush=True)
sys.exit(supervise.supervise([sys.executable, "-c", sys.argv[1], *sys.argv[2:]], [], told))
"""
Start = Callable[[str], tuple[subprocess.Popen[str], list[int]]]


def is_alive(number: int) -> bool:
    """Neither gone nor a zombie that nobody has collected yet."""
    try:
        return Path(f"/proc/{number}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def left(numbers: list[int], seconds: float = 10) -> list[int]:
    deadline = time.monotonic() + seconds
    while any(map(is_alive, numbers)) and time.monotonic() < deadline:
        time.sleep(0.02)
    return [number for number in numbers if is_alive(number)]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Start the supervisor; returns it and the numbers of the head and of the stubborn one once both are there."""
    started: list[subprocess.Popen[str]] = []
    file = tmp_path / "numbers"

    def run(how: str) -> tuple[subprocess.Popen[str], list[int]]:
        file.touch()
        command = [sys.executable, "-c", PARENT, HEAD, str(file), how]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        started.append(process)
        deadline = time.monotonic() + 60
        while len(file.read_text().splitlines()) < 2 and time.monotonic() < deadline:
            time.sleep(0.02)
        return process, [int(line) for line in file.read_text().splitlines()]

    yield run
    for process in started:
        process.kill()
        process.communicate()


@pytest.mark.parametrize("how", ["goes", "stays"])
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_told_to_end_it_interrupts_all_and_kills_who_stays(start: Start, number: int, how: str) -> None:
    process, numbers = start(how)
    assert all(map(is_alive, numbers))
    process.send_signal(number)
    assert process.wait(30) == 0, "that is how it is meant to end"
    assert left(numbers) == []
    assert process.stdout is not None
    assert process.stdout.read() == "ready\ninterrupted\n"


def test_told_twice_it_waits_for_nobody(start: Start) -> None:
    process, numbers = start("stays")
    process.send_signal(signal.SIGINT)
    time.sleep(0.2)
    process.send_signal(signal.SIGINT)
    assert process.wait(30) == 0
    assert left(numbers) == []


def test_killed_it_takes_all_with_it(start: Start) -> None:
    process, numbers = start("goes")
    process.kill()
    assert left(numbers) == []


def test_it_ends_with_the_head_of_the_group(start: Start) -> None:
    process, numbers = start("goes")
    os.kill(min(numbers), signal.SIGKILL)
    assert process.wait(30) == 1
    assert process.stderr is not None
    assert "The UI was ended by signal 9; what it started was ended too." in process.stderr.read()
    assert left(numbers) == []


def test_what_the_head_says_by_its_exit_code_is_passed_on(start: Start) -> None:
    process, numbers = start("fails")
    assert process.wait(30) == 7
    assert left(numbers) == []
