"""A file is whole or not there."""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path

import pytest

from churn_assets.instance.files import sha256_of, write_by_content, write_whole


def everything_under(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file())


def test_what_was_written_is_under_its_name_and_nothing_else(tmp_path: Path) -> None:
    target = tmp_path / "new" / "folder" / "rows.txt"
    write_whole(target, lambda file: file.write_text("rows"))
    assert target.read_text() == "rows"
    assert everything_under(tmp_path) == [target]


def test_the_temporary_file_is_forced_to_disk_before_its_name_and_the_folder_after(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    done: list[str] = []
    sync, rename = os.fsync, Path.rename

    def note_sync(descriptor: int) -> None:
        done.append("sync folder" if stat.S_ISDIR(os.fstat(descriptor).st_mode) else "sync file")
        sync(descriptor)

    def note_rename(self: Path, target: Path) -> Path:
        done.append("rename")
        return rename(self, target)

    monkeypatch.setattr(os, "fsync", note_sync)
    monkeypatch.setattr(Path, "rename", note_rename)
    write_whole(tmp_path / "rows.txt", lambda file: file.write_text("rows"))
    assert done == ["sync file", "rename", "sync folder"]


@pytest.mark.parametrize("error", [OSError(errno.ENOSPC, "No space left on device"), ValueError("bad row")])
def test_a_failing_write_leaves_the_earlier_file_and_no_other(tmp_path: Path, error: Exception) -> None:
    target = tmp_path / "rows.txt"
    write_whole(target, lambda file: file.write_text("earlier"))

    def write_half(file: Path) -> None:
        file.write_text("half")
        raise error

    with pytest.raises(type(error)):
        write_whole(target, write_half)
    assert target.read_text() == "earlier"
    assert everything_under(tmp_path) == [target]


def test_a_failing_rename_leaves_no_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_self: Path, _target: Path) -> Path:
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(Path, "rename", refuse)
    with pytest.raises(OSError, match="Input/output"):
        write_whole(tmp_path / "rows.txt", lambda file: file.write_text("rows"))
    assert everything_under(tmp_path) == []


def test_equal_content_has_one_file_named_by_it(tmp_path: Path) -> None:
    first, digest = write_by_content(tmp_path, "txt", lambda file: file.write_text("rows"))
    again, _ = write_by_content(tmp_path, "txt", lambda file: file.write_text("rows"))
    other, _ = write_by_content(tmp_path, "txt", lambda file: file.write_text("other rows"))
    assert first == again == tmp_path / f"{digest[:16]}.txt"
    assert digest == sha256_of(first)
    assert everything_under(tmp_path) == sorted([first, other])
