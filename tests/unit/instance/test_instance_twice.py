"""The second copy of the record follows what a server writes."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from churn_assets.instance import twice
from churn_assets.instance.home import Home
from churn_assets.instance.record.kept import KeptRecord
from churn_assets.instance.record.store import Record
from churn_assets.instance.twice import kept_twice


def fact(file: Path) -> str | None:
    return Record(file).fact("a") if file.exists() else None


def wait_for(home: Home, value: str) -> None:
    deadline = time.monotonic() + 20
    while fact(home.record_copy) != value:
        assert time.monotonic() < deadline, f"{fact(home.record_copy)} is not {value}"
        time.sleep(0.02)


def test_while_it_serves_and_at_its_end(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(twice, "LOOK_SECONDS", 0.01)
    record, kept = Record(home.record), KeptRecord(home.record)
    record.state_fact("a", "first")
    with kept_twice(home, pause_seconds=0):
        wait_for(home, "first")
        with kept.writing() as connection:  # as console and API write
            connection.execute("update facts set value = 'second' where name = 'a'")
        wait_for(home, "second")
    home.record_copy.unlink()
    with kept_twice(home, pause_seconds=3600):
        wait_for(home, "second")
        record.state_fact("a", "third")
        time.sleep(0.1)
        assert fact(home.record_copy) == "second", "not at every write"
    assert fact(home.record_copy) == "third", "but at the end"


def test_a_record_that_is_damaged_keeps_its_old_copy_and_the_server_goes_on(
    home: Home, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(twice, "LOOK_SECONDS", 0.01)
    Record(home.record).state_fact("a", "first")
    twice.keep_twice(home)
    home.record.write_bytes(b"no database" * 999)
    with kept_twice(home, pause_seconds=0):
        time.sleep(0.1)
    assert fact(home.record_copy) == "first"
    assert "has no second copy of its newest rows" in caplog.text
