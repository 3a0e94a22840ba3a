"""A withheld partition is listed and nobody reads it, until it has been published again and released."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import polars as pl
import pytest

from churn_assets.instance.tables import PartitionMissing, PartitionWithheld, Tables
from churn_assets.instance.withheld import reason_withheld, release, withhold

TABLE = ("scoring", "scored_users")
FRAME = pl.DataFrame({"user_id": ["u1", "u2"], "churn_probability": [0.25, 0.5]})


def withhold_now(tables: Tables, *days: date, reason: str = "its check failed") -> None:
    withhold(tables.record, "scoring", ("scored_users",), days, reason, datetime.now(UTC).replace(tzinfo=None))


def release_now(tables: Tables, *days: date) -> None:
    release(tables.record, "scoring", ("scored_users",), days)


def test_no_reader_finds_it_and_a_read_says_why(tables: Tables, snapshot: date) -> None:
    earlier = snapshot - timedelta(weeks=1)
    for day in (earlier, snapshot):
        tables.publish(*TABLE, day, FRAME)
    withhold_now(tables, snapshot)
    with pytest.raises(
        PartitionWithheld, match=rf"scoring.scored_users of {snapshot} is withheld: its check failed\. "
    ):
        tables.read(*TABLE, snapshot)
    with pytest.raises(PartitionWithheld):
        tables.scan(*TABLE, snapshot)
    later = snapshot + timedelta(weeks=1)
    assert tables.find(*TABLE, snapshot) is None
    assert tables.newest_before(*TABLE, later) == earlier
    assert [day for day, _ in tables.read_before(*TABLE, later)] == [earlier]
    assert len(tables.files()[TABLE]) == 1


def test_its_file_stays_for_its_check_and_for_an_erasure(tables: Tables, snapshot: date) -> None:
    tables.publish(*TABLE, snapshot, FRAME)
    withhold_now(tables, snapshot)
    assert tables.sweep() == 0
    assert pl.read_parquet(tables.file(*TABLE, snapshot)).equals(FRAME)
    assert len(tables.record.partitions(*TABLE)) == 1


def test_what_was_withheld_after_it_was_published_is_not_released_unmade(tables: Tables, snapshot: date) -> None:
    """A check that is evaluated by itself passes on scores whose features have failed since."""
    tables.publish(*TABLE, snapshot, FRAME)
    withhold_now(tables, snapshot)
    release_now(tables, snapshot)
    assert tables.find(*TABLE, snapshot) is None
    tables.publish(*TABLE, snapshot, FRAME)
    assert tables.find(*TABLE, snapshot) is None, "not before its check"
    release_now(tables, snapshot)
    assert tables.read(*TABLE, snapshot).equals(FRAME)
    assert reason_withheld(tables.record, *TABLE, snapshot) is None


def test_a_snapshot_that_was_never_made_is_missing_and_not_withheld(tables: Tables, snapshot: date) -> None:
    withhold_now(tables, snapshot, reason="run 1 began")
    assert reason_withheld(tables.record, *TABLE, snapshot) is None
    with pytest.raises(PartitionMissing):
        tables.read(*TABLE, snapshot)


def test_the_newest_reason_counts_and_other_snapshots_stay(tables: Tables, snapshot: date) -> None:
    other = snapshot - timedelta(weeks=1)
    for day in (other, snapshot):
        tables.publish(*TABLE, day, FRAME)
    withhold_now(tables, other, snapshot, reason="run 1 began")
    withhold_now(tables, snapshot)
    assert reason_withheld(tables.record, *TABLE, other) == "run 1 began"
    assert reason_withheld(tables.record, *TABLE, snapshot) == "its check failed"
    assert tables.files() == {}
    assert len(tables.withheld_files()[TABLE]) == 2
