"""Tombstones outlive the home, are their owner's only, and never hold the id itself."""

from __future__ import annotations

import hashlib
import json
import shutil
import stat
from pathlib import Path

import pytest

from churn_assets.landing.journal import Journal
from churn_assets.landing.tombstones import Tombstones

USER = "u000053"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = tmp_path / "home"
    folder.mkdir()
    return folder


def add(root: Path, user: str = USER) -> bool:
    return Tombstones(root).add([user], "me") == 1


def test_a_tombstone_is_in_the_home_and_beside_it_and_only_its_owner_reads_it(root: Path) -> None:
    assert add(root)
    inside, beside = root / "tombstones.jsonl", root.parent / "home.tombstones.jsonl"
    assert inside.read_text() == beside.read_text()
    assert [stat.S_IMODE(file.stat().st_mode) for file in (inside, beside)] == [0o600, 0o600]
    (row,) = [json.loads(line) for line in inside.read_text().splitlines()]
    assert row.keys() == {"salt", "user_sha256", "erased_at", "erased_by"}
    assert row["user_sha256"] == hashlib.sha256((row["salt"] + USER).encode()).hexdigest()
    assert USER not in inside.read_text()


def test_the_same_user_is_added_once_and_all_users_share_one_salt(root: Path) -> None:
    assert [add(root), add(root), add(root, "u2")] == [True, False, True]
    assert len(Tombstones(root).rows) == 2
    assert len(Tombstones(root).salts) == 1
    assert Tombstones(root).among([USER, "u2", "u3", "u0000531"]) == {USER, "u2"}


def test_two_instances_have_two_salts(tmp_path: Path) -> None:
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        add(tmp_path / name)
    assert Tombstones(tmp_path / "one").salts != Tombstones(tmp_path / "two").salts


@pytest.mark.parametrize("lost", ["home/tombstones.jsonl", "home.tombstones.jsonl"])
def test_what_one_file_lacks_comes_back_from_the_other(root: Path, lost: str) -> None:
    add(root)
    file = root.parent / lost
    old = file.read_text()
    add(root, "u2")
    file.write_text(old)
    assert Tombstones(root).among([USER, "u2"]) == {USER, "u2"}
    assert sorted(Journal(root).inside.read_text().splitlines()) == sorted(
        Journal(root).beside.read_text().splitlines()
    )
    file.unlink()
    assert len(Tombstones(root).rows) == 2
    assert file.exists()


def test_a_home_that_moved_and_one_put_back_from_before_its_first_erasure(root: Path) -> None:
    shutil.copytree(root, root.parent / "backup")
    add(root)
    moved = root.rename(root.parent / "moved")
    assert Tombstones(moved).among([USER]) == {USER}
    shutil.rmtree(moved)
    (root.parent / "backup").rename(moved)
    assert Tombstones(moved).among([USER]) == {USER}


def test_rows_of_two_salts_all_count(root: Path) -> None:
    add(root)
    other = root.parent / "other"
    other.mkdir()
    add(other, "u2")
    Journal(root).beside.write_text(Journal(other).inside.read_text())
    assert Tombstones(root).among([USER, "u2", "u3"]) == {USER, "u2"}


def test_half_a_row_is_no_row_and_spoils_none(root: Path) -> None:
    add(root)
    with Journal(root).inside.open("a") as handle:
        handle.write('{"salt": "ab')
    add(root, "u2")
    assert Tombstones(root).among([USER, "u2"]) == {USER, "u2"}
    assert Journal(root).kept_in() == [Journal(root).inside, Journal(root).beside]


def test_where_nothing_may_be_written_beside_the_home_the_home_keeps_it(root: Path) -> None:
    Journal(root).beside.mkdir()  # as unwritable as it gets, for root too
    assert add(root)
    assert Journal(root).kept_in() == [Journal(root).inside]
