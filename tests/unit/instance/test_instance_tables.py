"""Partitions of the tables that Python makes: visible through the manifest only, checked when read."""

from __future__ import annotations

from datetime import date, timedelta

import polars as pl
import pytest

from churn_assets.instance.files import TEMPORARY
from churn_assets.instance.record.store import Record
from churn_assets.instance.tables import PartitionDamaged, PartitionMissing, Tables

FRAME = pl.DataFrame({"user_id": ["u1", "u2"], "churn_probability": [0.25, 0.5]})
OTHER = pl.DataFrame({"user_id": ["u3"], "churn_probability": [0.75]})


def test_a_published_partition_is_read_as_it_was(tables: Tables, snapshot: date) -> None:
    published = tables.publish("scoring", "scored_users", snapshot, FRAME)
    assert tables.read("scoring", "scored_users", snapshot).equals(FRAME)
    assert tables.find("scoring", "scored_users", snapshot) == published
    assert (published.rows, published.is_sealed) == (2, False)
    assert published.bytes == (tables.root / published.path).stat().st_size


def test_a_scan_reads_what_was_published_and_checks_it_as_well(tables: Tables, snapshot: date) -> None:
    published = tables.publish("scoring", "scored_users", snapshot, FRAME)
    found = tables.scan("scoring", "scored_users", snapshot).filter(user_id="u2").select("churn_probability").collect()
    assert found.item() == 0.5
    (tables.root / published.path).unlink()
    with pytest.raises(PartitionDamaged):
        tables.scan("scoring", "scored_users", snapshot)


def test_the_newest_before_is_the_last_earlier_one(tables: Tables, snapshot: date) -> None:
    assert tables.newest_before("scoring", "scored_users", snapshot) is None
    for weeks in (3, 2, 0):
        tables.publish("scoring", "scored_users", snapshot - timedelta(weeks=weeks), FRAME)
    assert tables.newest_before("scoring", "scored_users", snapshot) == snapshot - timedelta(weeks=2)


def test_the_same_frame_published_again_is_the_same_file(tables: Tables, snapshot: date) -> None:
    first = tables.publish("scoring", "scored_users", snapshot, FRAME)
    content = (tables.root / first.path).read_bytes()
    second = tables.publish("scoring", "scored_users", snapshot, FRAME)
    assert (second.path, second.sha256) == (first.path, first.sha256)
    assert (tables.root / second.path).read_bytes() == content


def test_another_frame_replaces_the_partition_whole(tables: Tables, snapshot: date) -> None:
    tables.publish("scoring", "scored_users", snapshot, FRAME)
    tables.publish("scoring", "scored_users", snapshot, OTHER)
    assert tables.read("scoring", "scored_users", snapshot).equals(OTHER)
    assert len(tables.files()[("scoring", "scored_users")]) == 1


def test_a_sealed_partition_stays_as_it_is(tables: Tables, snapshot: date) -> None:
    sealed = tables.publish("interventions", "decision_ledger", snapshot, FRAME, seal=True)
    assert tables.publish("interventions", "decision_ledger", snapshot, OTHER, seal=True) == sealed
    assert tables.read("interventions", "decision_ledger", snapshot).equals(FRAME)


def test_bytes_are_kept_as_they_are_and_are_no_table(tables: Tables, snapshot: date) -> None:
    tables.publish_bytes("training", "churn_model", snapshot, b'{"kind": "none"}')
    assert tables.read_bytes("training", "churn_model", snapshot) == b'{"kind": "none"}'
    assert tables.files() == {}


def test_a_missing_partition_is_named_with_the_command_that_makes_it(tables: Tables, snapshot: date) -> None:
    with pytest.raises(PartitionMissing, match=r"scoring.scored_users has no snapshot 2026-11-16.*churn run"):
        tables.read("scoring", "scored_users", snapshot)


def test_a_file_without_manifest_row_does_not_exist(tables: Tables, snapshot: date) -> None:
    published = tables.publish("scoring", "scored_users", snapshot, FRAME)
    stray = tables.root / published.path.replace("2026-11-16", "2026-11-09")
    stray.parent.mkdir()
    (tables.root / published.path).rename(stray)
    assert tables.find("scoring", "scored_users", snapshot - timedelta(days=7)) is None


@pytest.mark.parametrize("position", [0, 100, -1])
def test_one_flipped_bit_is_found_and_named(tables: Tables, snapshot: date, position: int) -> None:
    published = tables.publish("scoring", "scored_users", snapshot, FRAME)
    file = tables.root / published.path
    content = bytearray(file.read_bytes())
    content[position] ^= 1
    file.write_bytes(content)
    with pytest.raises(PartitionDamaged, match=r"scoring.scored_users, snapshot 2026-11-16: .*\.parquet is missing or"):
        tables.read("scoring", "scored_users", snapshot)


def test_a_lost_file_is_damage_not_absence(tables: Tables, snapshot: date) -> None:
    published = tables.publish("scoring", "scored_users", snapshot, FRAME)
    (tables.root / published.path).unlink()
    with pytest.raises(PartitionDamaged, match="make it again with churn run --snapshot 2026-11-16"):
        tables.read("scoring", "scored_users", snapshot)


def test_a_damaged_partition_is_made_good_by_publishing_again(tables: Tables, snapshot: date) -> None:
    published = tables.publish("scoring", "scored_users", snapshot, FRAME)
    (tables.root / published.path).write_bytes(b"rot")
    tables.publish("scoring", "scored_users", snapshot, FRAME)
    assert tables.read("scoring", "scored_users", snapshot).equals(FRAME)


def test_read_before_gives_earlier_snapshots_only_oldest_first(tables: Tables, snapshot: date) -> None:
    days = [snapshot - timedelta(weeks=weeks) for weeks in (0, 1, 3, 2, -1)]
    for day in days:
        tables.publish("scoring", "scored_users", day, FRAME.with_columns(snapshot_date=day))
    found = tables.read_before("scoring", "scored_users", snapshot)
    assert [day for day, _ in found] == sorted(day for day in days if day < snapshot)
    assert all(frame["snapshot_date"].unique().to_list() == [day] for day, frame in found)


def test_sweep_removes_what_no_row_names_and_counts_half_written_files(
    tables: Tables, record: Record, snapshot: date
) -> None:
    replaced = tables.publish("scoring", "scored_users", snapshot, FRAME)
    kept = tables.publish("scoring", "scored_users", snapshot, OTHER)
    half_written = (tables.root / kept.path).with_name(f".12345{TEMPORARY}")
    half_written.write_bytes(b"PAR1 half")
    assert tables.sweep() == 1
    assert not half_written.exists()
    assert not (tables.root / replaced.path).exists()
    assert tables.read("scoring", "scored_users", snapshot).equals(OTHER)
    assert tables.sweep() == 0
