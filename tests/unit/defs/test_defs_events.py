"""The event log that keeps its connections open: the same files as Dagster's own, few of them open at a time."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import pytest
from dagster._check import CheckError
from dagster._core.events import StepMaterializationData
from dagster._core.storage.event_log import SqliteEventLogStorage

from churn_assets.defs.event_log import OpenSqliteEventLog
from churn_assets.instance.home import Home


def told(run_id: str, words: str, happened: dg.DagsterEvent | None = None) -> dg.EventLogEntry:
    return dg.EventLogEntry(
        error_info=None,
        level=20,
        user_message=words,
        run_id=run_id,
        timestamp=time.time(),
        step_key=None,
        job_name="job",
        dagster_event=happened,
    )


def words_of(log: SqliteEventLogStorage, run_id: str) -> list[str]:
    return [entry.user_message for entry in log.get_logs_for_run(run_id)]


@pytest.fixture
def log(tmp_path: Path) -> Iterator[OpenSqliteEventLog]:
    storage = OpenSqliteEventLog(str(tmp_path))
    yield storage
    storage.dispose()


def test_dagsters_own_log_reads_what_it_wrote_and_the_other_way_round(log: OpenSqliteEventLog, tmp_path: Path) -> None:
    own = SqliteEventLogStorage(str(tmp_path))
    log.store_event(told("a", "first"))
    own.store_event(told("a", "second"))
    log.store_event(told("a", "third"))
    assert words_of(own, "a") == words_of(log, "a") == ["first", "second", "third"]


def materialized(run_id: str, partition: str) -> dg.EventLogEntry:
    happened = dg.DagsterEvent(
        event_type_value=dg.DagsterEventType.ASSET_MATERIALIZATION.value,
        job_name="job",
        event_specific_data=StepMaterializationData(
            dg.AssetMaterialization("table", partition=partition, tags={"dagster/data_version": partition})
        ),
    )
    return told(run_id, partition, happened)


def test_a_batch_says_what_its_events_say_one_by_one(log: OpenSqliteEventLog, tmp_path: Path) -> None:
    days = ["2026-11-02", "2026-11-09", "2026-11-16"]
    log.store_event_batch([materialized("a", day) for day in days])
    log.store_event(materialized("a", "2026-11-23"))
    own = SqliteEventLogStorage(str(tmp_path))
    assert words_of(own, "a") == [*days, "2026-11-23"]
    table = dg.AssetKey("table")
    assert own.get_materialized_partitions(table) == {*days, "2026-11-23"}
    newest = own.get_latest_materialization_events([table])[table]
    assert newest is not None
    assert newest.asset_materialization is not None
    assert newest.asset_materialization.partition == "2026-11-23"


def test_a_batch_that_fails_leaves_nothing_and_the_log_usable(log: OpenSqliteEventLog) -> None:
    broken = told("a", "third")
    with pytest.raises(CheckError):
        log.store_event_batch([told("a", "first"), broken, "no event"])  # type: ignore[list-item]
    assert words_of(log, "a") == []
    log.store_event(told("a", "after"))
    assert words_of(log, "a") == ["after"]


def test_of_many_runs_only_the_last_stays_open(log: OpenSqliteEventLog) -> None:
    for run in ("a", "b", "c", "b"):
        log.store_event(told(run, f"of {run}"))
        assert set(log._engines) <= {"index", run}
    assert [words_of(log, run) for run in ("a", "b", "c")] == [["of a"], ["of b", "of b"], ["of c"]]


def test_nothing_stays_open_after_it_was_disposed_of(log: OpenSqliteEventLog) -> None:
    log.store_event(told("a", "first"))
    log.dispose()
    assert not log._engines
    assert words_of(log, "a") == ["first"]


def test_an_instance_finds_its_log_after_its_home_has_moved(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    def instance_at(root: Path) -> dg.DagsterInstance:
        monkeypatch.setenv("DAGSTER_HOME", str(root / "dagster"))
        return dg.DagsterInstance.get()

    with instance_at(home.root) as instance:
        assert isinstance(instance.event_log_storage, OpenSqliteEventLog)
        instance.event_log_storage.store_event(told("a", "it ran"))
    moved = home.root.rename(home.root.with_name("moved"))
    with instance_at(moved) as instance:
        assert [entry.user_message for entry in instance.all_logs("a")] == ["it ran"]
    assert (moved / "dagster" / "history" / "runs" / "a.db").exists()
