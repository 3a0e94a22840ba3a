"""A key is there whole or not at all: with an empty one anybody could sign."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from churn_assets.instance.keys import KEY_BYTES, DamagedKey, own_key


@pytest.mark.parametrize("call", ["write", "fsync", "link"])
def test_a_process_that_ends_while_a_key_is_made_leaves_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: str
) -> None:
    child = os.fork()
    if child == 0:  # ends at the call, as if killed

        class Ending:
            def __init__(self, *_: object, **__: object) -> None:
                os._exit(9)

        if call == "write":
            monkeypatch.setattr("secrets.token_bytes", Ending)
        else:
            monkeypatch.setattr(f"os.{call}", Ending)
        own_key(tmp_path / "secrets", "approval")
        os._exit(0)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 9
    assert not (tmp_path / "secrets" / "approval.key").exists()
    assert len(own_key(tmp_path / "secrets", "approval")) == KEY_BYTES


def test_whoever_asks_at_once_gets_the_same_key(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as several:
        keys = list(several.map(lambda _: own_key(tmp_path, "masking"), range(16)))
    assert len(set(keys)) == 1
    assert [file.name for file in tmp_path.iterdir()] == ["masking.key"]
    assert (tmp_path / "masking.key").stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("content", [b"", b"short", b"x" * 33])
def test_a_damaged_key_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "approval.key").write_bytes(content)
    with pytest.raises(DamagedKey, match=r"churn restore"):
        own_key(tmp_path, "approval")
