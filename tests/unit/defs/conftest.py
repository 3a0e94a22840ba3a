"""Stores and the snapshot that tests of the storage layer publish to."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from churn_assets.defs.storage.record import Record
from churn_assets.defs.storage.tables import Tables

SNAPSHOT = date(2026, 11, 16)


@pytest.fixture
def snapshot() -> date:
    return SNAPSHOT


@pytest.fixture
def record(tmp_path: Path) -> Record:
    return Record(tmp_path / "record.sqlite")


@pytest.fixture
def tables(tmp_path: Path, record: Record) -> Tables:
    return Tables(tmp_path / "tables", record)
