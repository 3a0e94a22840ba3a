"""A call file holds each message once, whatever broke off, opens in a spreadsheet, and is nobody else's to read."""

from __future__ import annotations

import csv
import errno
import os
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from churn_assets.delivery import call_file
from churn_assets.delivery.call_file import COLUMNS, CallFileAdapter
from churn_assets.delivery.cells import BOM, csv_record
from churn_assets.delivery.channels import Fate, Message

PHONE = "+8613800138000"
MESSAGE = Message("0" * 32, "u-17", "call", "win_back", "我们想念您", '您好\r\n"王"先生', "zh", "{}")
OTHER = replace(MESSAGE, message_key="1" * 32)


class FullDisk:
    """Takes ten bytes of a row; then nothing works."""

    def __init__(self) -> None:
        self._write, self._cut, self._is_full = os.write, os.ftruncate, False

    def write(self, handle: int, data: memoryview) -> int:
        self._refuse()
        self._is_full = True
        return self._write(handle, data[:10])

    def cut(self, handle: int, size: int) -> None:
        self._refuse()
        self._cut(handle, size)

    def _refuse(self) -> None:
        if self._is_full:
            raise OSError(errno.ENOSPC, f"no space for {PHONE}")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "calls"


@pytest.fixture
def file(folder: Path) -> Path:
    return folder / "calls-2026-11-16.csv"


def opened(folder: Path) -> CallFileAdapter:
    return CallFileAdapter(folder, "2026-11-16")


def rows(file: Path) -> list[dict[str, str]]:
    with file.open(encoding="utf-8-sig", newline="") as text:
        return list(csv.DictReader(text, strict=True))


def deliver(folder: Path, *messages: Message) -> list[Fate]:
    with closing(opened(folder)) as adapter:
        return [adapter.deliver(message, PHONE).fate for message in messages]


def test_a_row_is_there_with_its_chinese_when_it_counts_as_delivered(folder: Path, file: Path) -> None:
    with closing(opened(folder)) as adapter:
        assert adapter.deliver(MESSAGE, PHONE).fate is Fate.DELIVERED
        (row,) = rows(file)
    assert tuple(row) == COLUMNS
    assert (row["message_key"], row["phone"], row["body"]) == (MESSAGE.message_key, f"'{PHONE}", MESSAGE.body)
    assert file.read_bytes().startswith(BOM.encode() + b'"message_key","user_id","phone",')


def test_a_message_is_written_once_in_one_opening_and_the_next(folder: Path, file: Path) -> None:
    assert deliver(folder, MESSAGE, MESSAGE, OTHER) == [Fate.DELIVERED] * 3
    assert deliver(folder, OTHER, MESSAGE) == [Fate.DELIVERED] * 2
    assert [row["message_key"] for row in rows(file)] == [MESSAGE.message_key, OTHER.message_key]


def test_only_the_user_may_read_it(folder: Path, file: Path) -> None:
    folder.mkdir(mode=0o755)
    file.touch(mode=0o644)
    deliver(folder, MESSAGE)
    assert (folder.stat().st_mode & 0o777, file.stat().st_mode & 0o777) == (0o700, 0o600)


@pytest.mark.parametrize("cell", ["=1+2", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "\uff1d1", '=1+2";=1+2'])
def test_no_cell_begins_a_formula(folder: Path, file: Path, cell: str) -> None:
    deliver(folder, replace(MESSAGE, message_key=cell, user_id=cell, template=cell, subject=cell, body=cell))
    (row,) = rows(file)
    assert {row[name] for name in ("message_key", "user_id", "template", "subject", "body")} == {f"'{cell}"}
    deliver(folder, replace(MESSAGE, message_key=cell))
    assert len(rows(file)) == 1


def test_whatever_byte_a_crash_stopped_at_each_message_is_there_once_afterwards(
    folder: Path, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "fsync", lambda _: None)  # hundreds of openings
    deliver(folder, MESSAGE, OTHER)
    whole = file.read_bytes()
    for length in range(len(whole) + 1):
        file.write_bytes(whole[:length])
        deliver(folder, MESSAGE, OTHER)
        assert file.read_bytes() == whole, length


@given(st.lists(st.text(st.characters(exclude_categories=["Cs"])), min_size=1, max_size=4, unique=True))
def test_any_text_comes_back_as_it_went_in(texts: list[str]) -> None:
    records = b"".join(csv_record(text, "x") for text in texts)
    assert call_file._complete_length(records) == len(records)
    read = [row[0] for row in csv.reader(records.decode().splitlines(keepends=True), strict=True)]
    assert [cell.removeprefix("'") for cell in read] == [text.removeprefix("'") for text in texts]


@pytest.mark.parametrize("content", ["message_key;phone\r\n1;2\r\n", "\ufeffmessage_key,user_id,phone\n1,2,3\n"])
def test_a_file_that_somebody_has_saved_otherwise_is_left_alone(folder: Path, file: Path, content: str) -> None:
    folder.mkdir()
    file.write_text(content, encoding="utf-8", newline="")
    with pytest.raises(ValueError, match="move it away"):
        opened(folder)
    assert file.read_text(encoding="utf-8") == content.replace("\r\n", "\n")


def test_a_full_disk_defers_the_message_and_leaves_no_half_a_row(
    folder: Path, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with closing(opened(folder)) as adapter:
        adapter.deliver(OTHER, PHONE)
        before = file.read_bytes()
        with monkeypatch.context() as patched:
            patched.setattr(os, "write", FullDisk().write)
            outcome = adapter.deliver(MESSAGE, PHONE)
        assert (outcome.fate, file.read_bytes()) == (Fate.DEFERRED, before)
        assert PHONE not in outcome.detail
        with monkeypatch.context() as patched:
            disk = FullDisk()
            patched.setattr(os, "write", disk.write)
            patched.setattr(os, "ftruncate", disk.cut)
            assert adapter.deliver(MESSAGE, PHONE).fate is Fate.UNKNOWN
        assert file.read_bytes() != before
        assert adapter.deliver(MESSAGE, PHONE).fate is Fate.DELIVERED
    assert [row["message_key"] for row in rows(file)] == [OTHER.message_key, MESSAGE.message_key]


def test_one_writer_at_a_time(folder: Path) -> None:
    with closing(opened(folder)), pytest.raises(BlockingIOError):
        opened(folder)
    opened(folder).close()


@pytest.mark.parametrize("phone", [None, ""])
def test_without_a_number_nothing_is_written(folder: Path, file: Path, phone: str | None) -> None:
    with closing(opened(folder)) as adapter:
        outcome = adapter.deliver(MESSAGE, phone)
    assert (outcome.fate, outcome.detail, rows(file)) == (Fate.FAILED, "no phone number", [])


@pytest.mark.parametrize("name", ["", "../x", "a/b", ".hidden", "a\nb"])
def test_a_name_leads_to_no_other_folder(folder: Path, name: str) -> None:
    with pytest.raises(ValueError, match="name a call file"):
        CallFileAdapter(folder, name)


def test_closed_is_closed(folder: Path) -> None:
    adapter = opened(folder)
    adapter.close()
    adapter.close()
    with pytest.raises(ValueError, match="closed"):
        adapter.deliver(MESSAGE, PHONE)
