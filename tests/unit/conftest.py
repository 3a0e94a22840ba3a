"""Stores and the snapshot that tests of the storage layer publish to."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date, datetime
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from churn_assets.instance.record.store import Record
from churn_assets.instance.tables import Tables

SNAPSHOT = date(2026, 11, 16)


@pytest.fixture
def snapshot() -> date:
    return SNAPSHOT


def _message(number: int, **changes: Any) -> dict[str, Any]:
    words = {
        "arm": "coupon", "body": f"10 % for {number}", "items": [], "language": "en", "level": "10", "reason": None,
        "snapshot_date": "2026-11-16", "subject": "A thank-you", "user_id": f"u{number}", "value_tier": "low",
    }  # fmt: skip
    return {
        "message_key": f"{number:032x}",
        "decision_id": f"{number:032x}",
        "user_id": f"u{number}",
        "channel": "email",
        "template": "coupon",
        "payload": json.dumps(words, separators=(",", ":")),
        "state": "planned",
        "not_before": datetime(2026, 11, 16, 9),
        "expires_at": datetime(2026, 11, 23),
    } | changes


@pytest.fixture
def make_messages() -> Callable[..., pl.DataFrame]:
    """Planned messages (contract Outbox), one per dict of what differs, to the users u0, u1, ..."""

    def make(*rows: dict[str, Any]) -> pl.DataFrame:
        return pl.DataFrame([_message(number, **row) for number, row in enumerate(rows)])

    return make


@pytest.fixture
def record(tmp_path: Path) -> Record:
    return Record(tmp_path / "record.sqlite")


@pytest.fixture
def tables(tmp_path: Path, record: Record) -> Tables:
    return Tables(tmp_path / "tables", record)
