"""Who is alone says who is in the way, and nothing else's delay is taken for it."""

from __future__ import annotations

from pathlib import Path

import pytest
from filelock import FileLock, Timeout

from churn_assets.failures import Failure
from churn_assets.instance.process_lock import process_lock


def test_whoever_comes_second_is_told_at_once_and_the_lock_is_free_afterwards(tmp_path: Path) -> None:
    lock = tmp_path / "a.lock"
    with process_lock(lock, Failure("busy")), pytest.raises(Failure, match="busy"), process_lock(lock, Failure("busy")):
        pytest.fail("nobody was in the way")
    with process_lock(lock, Failure("busy")):
        pass


def test_a_lock_that_is_waited_for_within_is_told_as_itself(tmp_path: Path) -> None:
    """As of the warehouse, which a run may hold for an hour while something is dispatched."""
    waits = FileLock(tmp_path / "other.lock", timeout=0)
    held, mine = FileLock(tmp_path / "other.lock"), process_lock(tmp_path / "a.lock", Failure("busy"))
    with held, pytest.raises(Timeout, match=r"other\.lock"), mine, waits:
        pytest.fail("it is held")
    with process_lock(tmp_path / "a.lock", Failure("busy")):
        pass
