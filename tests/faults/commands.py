"""Every command of the command line, and faults that a home or its disk may have: what to run, and how to plant it.

A pair is one `churn` in a process of its own, forked from one that has imported what it needs, on its own copy of a
small home. What has to come out: no traceback, no hang, and where it cannot go on one line that begins with "Error: ".
"""

from __future__ import annotations

import contextlib
import ctypes
import multiprocessing
import os
import resource
import shutil
import signal
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from tests.pipeline.warm import PRELOADED

_processes = multiprocessing.get_context("forkserver")
_processes.set_forkserver_preload(PRELOADED)

CAPABILITIES = (1, 2)  # CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH
SMALL_BYTES = 8192
DAY = "2026-11-09"
# By what the user types; KEY is filled in. Servers, which do not end by themselves where all is well, are in SERVERS.
COMMANDS: Mapping[str, tuple[str, ...]] = {
    "account add": ("account", "add", "anton", "--role", "viewer", "--without-password"),
    "account disable": ("account", "disable", "berta"),
    "account list": ("account", "list"),
    "account password": ("account", "password", "berta"),
    "alerts list": ("alerts", "list"),
    "alerts send": ("alerts", "send"),
    "alerts test": ("alerts", "test"),
    "approve": ("approve", "--yes"),
    "backfill": ("backfill", "--from", DAY, "--to", DAY),
    "backup": ("backup", "BACKUP"),
    "bakeoff": ("bakeoff",),
    "check": ("check",),
    "console": ("console", "--port", "0"),
    "dbt": ("dbt", "--", "ls"),
    "definitions": ("definitions",),
    "dispatch": ("dispatch", "--send"),
    "doctor": ("doctor", "--fix"),
    "erase": ("erase", "u1", "u2"),
    "export-user": ("export-user", "u1"),
    "heal": ("heal",),
    "init": ("init", "--yes"),
    "load": ("load", "cdnow", "--from", "CDNOW"),
    "map": ("map", "UNITS", "--yes"),
    "pull": ("pull",),
    "prepare": ("prepare",),
    "explain": ("explain", "record"),
    "promote": ("promote", DAY, "--reason", "x"),
    "promote-policy": ("promote-policy", "value", "--reason", "x"),
    "rebuild": ("rebuild",),
    "report": ("report",),
    "restore": ("restore", "BACKUP"),
    "rollback": ("rollback", "--reason", "x"),
    "rollback-policy": ("rollback-policy", "--reason", "x"),
    "run": ("run",),
    "select-features": ("select-features",),
    "serve": (),  # what churn ui starts
    "service install": ("service", "install", "--to", "UNITS"),
    "service remove": ("service", "remove", "--to", "UNITS"),
    "settings": ("settings",),
    "simulate": ("simulate", "--users", "9", "--weeks", "2", "--end", "2026-11-02"),
    "simulate advance": ("simulate", "advance"),
    "status": ("status",),
    "suppress": ("suppress", "u3", "--reason", "x", "--objection"),
    "token add": ("token", "add", "crm", "--scope", "users:read"),
    "token list": ("token", "list"),
    "token revoke": ("token", "revoke", "crm"),
    "tune": ("tune", "--trials", "1"),
    "ui": ("ui", "--port", "0"),
    "unsubscribe": ("unsubscribe", "0" * 32),
    "verify": ("verify", "--files"),
    "why": ("why", "u1"),
}  # fmt: skip
SERVERS = ("console", "ui")
WITHOUT_HOME = ("prepare", "serve", "service remove", "explain")
FILES = (
    "warehouse.duckdb", "record.sqlite", "dagster/history/runs.db", "dagster/schedules/schedules.db",
    "copies/record.sqlite", "churn.yaml", "tombstones.jsonl", "landing/orders/rows.csv",
)  # fmt: skip
SECONDS = 600  # a hang; on a busy machine a command of 20 s may take minutes


def garbage(file: Path) -> None:
    file.write_bytes(bytes((7 * place) % 251 for place in range(12_288)))


def truncated(file: Path) -> None:
    file.write_bytes(file.read_bytes()[: file.stat().st_size // 2] if file.exists() else b"\0")


def empty(file: Path) -> None:
    file.write_bytes(b"")


def folder(file: Path) -> None:
    file.unlink(missing_ok=True)
    file.mkdir()


def fifo(file: Path) -> None:
    file.unlink(missing_ok=True)
    os.mkfifo(file)


DAMAGES: tuple[Callable[[Path], None], ...] = (garbage, truncated, empty, folder, fifo)


@dataclass(frozen=True)
class Fault:
    """`plant` changes the home; `within` the process, before the command begins."""

    name: str
    plant: Callable[[Path], object] = lambda _: None
    within: str = ""


def _damage(name: str, damage: Callable[[Path], None]) -> Fault:
    def plant(home: Path) -> None:
        file = home / name
        file.parent.mkdir(parents=True, exist_ok=True)
        for beside in ("-wal", "-shm", ".wal"):
            file.with_name(file.name + beside).unlink(missing_ok=True)
        damage(file)

    return Fault(f"{name} is {damage.__name__}", plant)


def _read_only(home: Path) -> None:
    for path in [home, *home.rglob("*")]:
        path.chmod(path.stat().st_mode & ~0o222)


FAULTS = {
    fault.name: fault
    for fault in (
        Fault("none"),
        *(_damage(name, damage) for name in FILES for damage in DAMAGES),
        Fault("a full disk", within="full"),
        Fault("a disk that is nearly full", within="nearly"),
        Fault("a home that cannot be written", _read_only, within="obey"),
        Fault("a second dispatch", within="dispatch.lock"),
        Fault("an erasure at work", within="erasure.lock"),
        Fault("a run at work", within="run-other.lock"),
    )
}


@dataclass(frozen=True)
class Done:
    code: int | None
    out: str
    err: str

    @property
    def problem(self) -> str | None:
        """What should not have come out; None where all is as it should be."""
        said = self.out + self.err
        if "Traceback (most recent call last)" in said:
            return "a traceback"
        if self.code == -signal.SIGALRM:
            return "a hang"
        if self.code is None or self.code < 0:
            return f"signal {self.code}"
        errors = [line for line in self.err.splitlines() if line.startswith("Error: ")]
        return "more than one error" if len(errors) > 1 else None


def run(command: str, fault: Fault, base: Path, place: Path) -> Done:
    """One pair, in the new folder `place`, on a copy of `base`/home (of `base`/backup, which is restored)."""
    home = place / "home"
    planted = place / "backup" if command == "restore" else home
    shutil.copytree(base / planted.name, planted, symlinks=True)
    fault.plant(planted)
    out, err = place / "out", place / "err"
    arguments = [_filled(word, place) for word in COMMANDS[command]]
    if command not in WITHOUT_HOME:
        arguments += ["--home", str(home)]
    process = _processes.Process(
        target=_in_child, args=(command, arguments, fault.within, str(home), str(out), str(err))
    )
    process.start()
    process.join()
    for path in [planted, *planted.rglob("*")]:
        if not path.is_symlink():
            path.chmod(path.stat().st_mode | 0o200)  # so that it can be removed
    return Done(process.exitcode, out.read_text("utf-8", "replace"), err.read_text("utf-8", "replace"))


def _filled(word: str, place: Path) -> str:
    return str(place / word.lower()) if word in ("BACKUP", "UNITS", "CDNOW") else word


def _in_child(command: str, arguments: list[str], within: str, home: str, out: str, err: str) -> None:
    for number, file in ((0, os.devnull), (1, out), (2, err)):
        os.dup2(os.open(file, os.O_RDONLY if number == 0 else os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), number)
    os.environ.update(CHURN_HOME=home, PYTHONDONTWRITEBYTECODE="1")
    os.chdir(Path(home).parent)
    sys.argv = ["churn", *arguments]
    signal.alarm(SECONDS)
    with contextlib.ExitStack() as stack:
        if within:
            stack.enter_context(_condition(within, Path(home)))
        if command in SERVERS:  # Ctrl-C after a while: where all is well, they serve for ever
            signal.signal(signal.SIGALRM, lambda *_: os.kill(os.getpid(), signal.SIGINT))
            signal.alarm(15)
        from churn_assets.command.cli import main  # noqa: PLC0415 - not before the environment is settled

        main()


@contextlib.contextmanager
def _condition(within: str, home: Path) -> Iterator[None]:
    if within in ("full", "nearly"):
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        most = SMALL_BYTES if within == "full" else 16 * SMALL_BYTES
        resource.setrlimit(resource.RLIMIT_FSIZE, (most, most))
    elif within == "obey":
        _obey_modes()
    else:
        from filelock import FileLock  # noqa: PLC0415

        with FileLock(home / "locks" / within):
            yield
        return
    yield


def _obey_modes() -> None:
    """Root may write anywhere; after this the process may not, though it stays the owner of its files."""
    libc, version = ctypes.CDLL(None, use_errno=True), 0x20080522
    header, sets = (ctypes.c_uint32 * 2)(version, 0), (ctypes.c_uint32 * 6)()
    if libc.capget(header, sets) or os.getuid():
        return
    sets[0] &= ~sum(1 << capability for capability in CAPABILITIES)
    if libc.capset(header, sets):
        raise OSError(ctypes.get_errno(), "capset")
