"""Faults of the folder: its settings, who may read and write it, its keys, its tombstones, what lies about in it."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from churn_assets.doctor.finding import Finding
from churn_assets.doctor.scene import Scene
from churn_assets.instance.home import EVENT_LOG, OWN, OWN_EVENT_LOG
from churn_assets.instance.keys import KEY_BYTES
from churn_assets.instance.private import OTHERS, others_can_read
from churn_assets.instance.process_lock import is_alive
from churn_assets.instance.run_locks import is_held
from churn_assets.landing.journal import Journal

SHOWN = 5


def settings(scene: Scene) -> Iterator[Finding]:
    error = scene.settings_error
    if error:
        yield Finding(
            "settings",
            "error",
            " ".join(str(error).split()),
            f"correct them in {scene.home.settings_file}: churn settings",
        )


def permissions(scene: Scene) -> Iterator[Finding]:
    """What this user has to write, and cannot."""
    home = scene.home
    own = (home.root, home.record, home.warehouse, home.tables, home.locks, home.dagster, home.copies, home.reports)
    closed = [path for path in own if path.exists() and not os.access(path, os.R_OK | os.W_OK)]
    if closed:
        yield Finding(
            "permissions", "error", f"{_listed(closed)}: this user may not write there.",
            f"run churn as the owner, or: chown -R USER {home.root}",
        )  # fmt: skip


def private(scene: Scene) -> Iterator[Finding]:
    """Whatever other users of the machine can read."""
    open_files = others_can_read(scene.root, OWN)
    if open_files:
        yield Finding(
            "private", "error",
            f"Other users of this machine can read {_listed(open_files)}: they hold orders, consents or keys.",
            f"chmod -R go= {scene.root}", partial(_close, open_files),
        )  # fmt: skip


def secrets(scene: Scene) -> Iterator[Finding]:
    folder = scene.home.secrets
    for file in sorted(folder.glob("*.key")) if folder.is_dir() else []:
        if file.stat().st_size != KEY_BYTES:
            yield Finding(
                "secrets", "error", f"{file} is no key of {KEY_BYTES} bytes: what it signed cannot be checked.",
                "bring it back from a backup; without one, delete it and approve open plans once more",
            )  # fmt: skip
    if scene.rows("select 1 from approvals limit 1") and not (folder / "approval.key").exists():
        yield Finding(
            "secrets", "error", f"Plans were approved, and their key {folder / 'approval.key'} is gone.",
            "bring it back from a backup, or approve open plans once more: churn approve",
        )  # fmt: skip


def tombstones(scene: Scene) -> Iterator[Finding]:
    """Both files of tombstones hold the same users, so that none comes back with an old copy of the home."""
    journal = Journal(scene.root)
    inside, beside = journal.lines()
    if beside - inside:
        yield Finding(
            "tombstones", "error",
            f"{len(beside - inside)} erased users have their tombstone beside the home only, as after a restored copy.",
            f"churn run removes them once more, and completes {journal.inside}",
        )  # fmt: skip
    if inside - beside and os.access(scene.root.parent, os.W_OK):
        yield Finding(
            "tombstones", "warning", f"{journal.beside} lacks {len(inside - beside)} erased users.",
            "copy them there, so that no old copy of the home brings them back", journal.rows,
        )  # fmt: skip
    torn = journal.torn()
    if torn:
        yield Finding(
            "tombstones", "error", f"{torn} lines of {journal.inside} cannot be read: who was erased may come back.",
            "bring the file back from a backup, then churn run",
        )  # fmt: skip


def pending_erasure(scene: Scene) -> Iterator[Finding]:
    if (scene.root / "erasure-pending.json").exists():
        yield Finding(
            "pending_erasure", "error", "An erasure was interrupted: rows of the user may be left.",
            "churn erase USER once more, and read what it says is left",
        )  # fmt: skip


def left_overs(scene: Scene) -> Iterator[Finding]:
    """Temporary files of processes that have ended (instance/files.py), outside the published tables."""
    skipped = (scene.home.tables, scene.home.copies, scene.root / "landing")
    files = []
    for folder, folders, names in os.walk(scene.root):
        folders[:] = [name for name in folders if Path(folder) / name not in skipped]
        for name in names:
            process = re.fullmatch(r"\.(\d+)\.tmp", name)
            if process and not is_alive(int(process[1])):
                files.append(Path(folder) / name)
    if files:
        yield Finding(
            "left_overs", "warning", f"{_listed(files)}: begun by a process that has ended.", "delete them",
            partial(_delete, files),
        )  # fmt: skip


def locks(scene: Scene) -> Iterator[Finding]:
    """Lock files of runs that have ended; a lock that nobody holds stops nobody, but an erasure looks at each."""
    files = [file for file in scene.home.locks.glob("run-*.lock") if not is_held(file)]
    known = {f"run-{run}.lock" for run in scene.dead_runs}
    stale = [file for file in files if file.name not in known]
    if stale:
        yield Finding(
            "locks", "warning", f"{_listed(stale)}: held by no process.", "delete them", partial(_delete, stale)
        )


def dagster_config(scene: Scene) -> Iterator[Finding]:
    file = scene.home.dagster / "dagster.yaml"
    if file.exists() and OWN_EVENT_LOG.sub("", text := file.read_text(errors="replace")) == text:
        yield Finding(
            "dagster_config", "warning", f"{file} does not use the event log of this project: runs are slower.",
            "delete it; the next command makes it again",
        )  # fmt: skip
    elif file.exists() and EVENT_LOG not in text:
        yield Finding(
            "dagster_config", "warning", f"{file} names the event log of an older release.",
            "let the next command renew it", scene.home.prepare,
        )  # fmt: skip


def _listed(paths: list[Path]) -> str:
    more = f" and {len(paths) - SHOWN} more" if len(paths) > SHOWN else ""
    return ", ".join(str(path) for path in paths[:SHOWN]) + more


def _close(paths: list[Path]) -> None:
    for path in paths:
        path.chmod(stat.S_IMODE(path.stat().st_mode) & ~OTHERS)


def _delete(paths: list[Path]) -> None:
    for path in paths:
        path.unlink(missing_ok=True)


CHECKS = (
    settings, permissions, private, secrets, tombstones, pending_erasure, left_overs, locks, dagster_config,
)  # fmt: skip
