"""Closing the files of an instance to other users of the machine: they hold orders, consents and contact data."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path

from churn_assets.failures import Failure

OTHERS = 0o077
OWNER_ONLY = 0o700
# Folders of the system: closing one of them would lock all other users out of the machine.
SHARED = {
    "", "bin", "boot", "dev", "etc", "home", "lib", "lib32", "lib64", "media", "mnt", "opt", "proc", "root", "run",
    "sbin", "srv", "sys", "tmp", "usr", "var",
}  # fmt: skip


class NoFolderForAHome(Failure, code="home"):
    """The path of a home is a file, or a folder that is shared with others."""


def keep_private() -> None:
    """Files that this process and its children make from now on have no rights for group and others."""
    os.umask(OTHERS)


def refuse_shared(root: Path) -> None:
    """Raises NoFolderForAHome where `root` is a file or a folder that is shared with others."""
    if root.exists() and not root.is_dir():
        raise NoFolderForAHome(f"{root} is a file, not the folder of a home: name a folder with --home or CHURN_HOME.")
    real = root.resolve()
    is_of_the_system = real.parent == Path(real.anchor) and real.name in SHARED
    if is_of_the_system or real == Path.home().resolve() or (real.is_dir() and real.stat().st_mode & stat.S_ISVTX):
        raise NoFolderForAHome(
            f"{root} is shared with others, and a home is closed to them: name a folder of its own, "
            f"such as {root / 'churn_home'}, with --home or CHURN_HOME."
        )


def close_to_others(root: Path, own: Iterable[str]) -> None:
    """Take the rights of group and others from `root` and, if it had any, from the files under it that match `own`.

    `own` are patterns of the first level. Unchanged stay files that others may use too: targets of links, other file
    systems, files with hard links, files of other users. A closed root is not searched again.
    """
    mode = root.stat().st_mode
    if not mode & OTHERS or not _is_ours(root.stat()):
        return
    try:
        root.chmod(stat.S_IMODE(mode) & ~OTHERS)  # first, so that no one enters meanwhile
        for path in (path for pattern in own for path in root.glob(pattern)):
            for entry in _with_all_inside(path, root.stat().st_dev):
                _close(entry)
    except OSError as error:
        if error.errno != errno.EROFS:  # nothing can be changed there, and churn check still works
            raise


def others_can_read(root: Path, own: Iterable[str]) -> list[Path]:
    """What of `root` others may enter or read: the folder itself, and files under it that match `own`.

    Where the folder is closed, nobody gets at what is in it.
    """
    if not root.stat().st_mode & OTHERS:
        return []
    paths = [
        root,
        *(
            entry
            for pattern in own
            for path in root.glob(pattern)
            for entry in _with_all_inside(path, root.stat().st_dev)
        ),
    ]
    return sorted(path for path in paths if not path.is_symlink() and path.stat().st_mode & OTHERS)


def _with_all_inside(top: Path, device: int) -> Iterator[Path]:
    if top.lstat().st_dev != device:
        return
    yield top
    if top.is_dir() and not top.is_symlink():
        for parent, folders, files in os.walk(top):
            folders[:] = [name for name in folders if (Path(parent) / name).lstat().st_dev == device]
            yield from (Path(parent) / name for name in [*folders, *files])


def _close(path: Path) -> None:
    with suppress(FileNotFoundError):  # a concurrent run has removed it
        status = path.lstat()
        has_second_name = stat.S_ISREG(status.st_mode) and status.st_nlink > 1
        if status.st_mode & OTHERS and _is_ours(status) and not stat.S_ISLNK(status.st_mode) and not has_second_name:
            path.chmod(stat.S_IMODE(status.st_mode) & ~OTHERS)


def _is_ours(status: os.stat_result) -> bool:
    return os.geteuid() in (0, status.st_uid)
