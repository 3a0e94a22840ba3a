"""The DuckDB file: read under a lock, and showing exactly the visible files of the Parquet store."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import duckdb
import polars as pl
import pytest
from filelock import FileLock, Timeout

from churn_assets.defs.storage.tables import Tables
from churn_assets.defs.storage.warehouse import Warehouse

FRAME = pl.DataFrame({"user_id": ["u1", "u2"]})


@pytest.fixture
def warehouse(tmp_path: Path) -> Warehouse:
    return Warehouse(tmp_path / "warehouse.duckdb", tmp_path)


def test_views_show_what_is_published_and_nothing_else(warehouse: Warehouse, tables: Tables, snapshot: date) -> None:
    tables.publish("scoring", "scored_users", snapshot - timedelta(days=7), FRAME)
    replaced = tables.publish("scoring", "scored_users", snapshot, FRAME)
    tables.publish("scoring", "scored_users", snapshot, FRAME.with_columns(user_id=pl.lit("u3")))
    assert (tables.root / replaced.path).exists(), "not swept yet"
    assert not warehouse.has("scoring", "scored_users")
    warehouse.show(tables.files(), warehouse.locks / "nobody")
    assert warehouse.has("scoring", "scored_users")
    found = warehouse.query("select user_id from scoring.scored_users order by all")
    assert found["user_id"].to_list() == ["u1", "u2", "u3", "u3"]


def test_queries_take_parameters_and_write_nothing(warehouse: Warehouse) -> None:
    warehouse.show({}, warehouse.locks / "nobody")
    assert warehouse.query("select $day as day", {"day": date(2026, 1, 1)})["day"].to_list() == [date(2026, 1, 1)]
    with pytest.raises(duckdb.Error):
        warehouse.query("create table mine (x int)")


def test_nobody_else_opens_the_file_meanwhile(warehouse: Warehouse) -> None:
    with warehouse.exclusive(), warehouse.exclusive(), pytest.raises(Timeout):
        FileLock(warehouse.locks / "warehouse.lock", timeout=0).acquire()
    with FileLock(warehouse.locks / "warehouse.lock", timeout=0):
        assert not warehouse.has("scoring", "scored_users")
