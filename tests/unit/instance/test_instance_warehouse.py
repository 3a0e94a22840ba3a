"""The DuckDB file: read under a lock, and showing exactly the visible files of the Parquet store."""

from __future__ import annotations

import subprocess
import sys
from datetime import date, timedelta
from pathlib import Path

import duckdb
import polars as pl
import pytest
from filelock import FileLock, Timeout

from churn_assets.instance.tables import Tables
from churn_assets.instance.warehouse import Warehouse

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


def test_an_analyst_takes_rows_into_polars_without_a_word_of_warning(warehouse: Warehouse, tables: Tables) -> None:
    """In a process of its own: what DuckDB finds wrong with a transfer it says at the end, on stderr."""
    tables.publish("scoring", "scored_users", date(2026, 11, 16), FRAME.with_columns(risk=pl.Series([0.25, 0.5])))
    warehouse.show(tables.files(), warehouse.locks / "nobody")
    script = (
        "import sys, duckdb\n"
        "with duckdb.connect(sys.argv[1], read_only=True) as c:\n"
        "    rows = c.sql('select user_id, risk, sum(1) over () as n from scoring.scored_users order by 1')\n"
        "    print(rows.pl().rows(), rows.to_arrow_table().num_rows)\n"
    )
    command = [sys.executable, "-W", "error", "-c", script, str(warehouse.file)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.stderr == ""
    assert done.stdout == "[('u1', 0.25, Decimal('2')), ('u2', 0.5, Decimal('2'))] 2\n"


def test_sums_of_whole_numbers_are_floats_to_us(warehouse: Warehouse) -> None:
    warehouse.show({}, warehouse.locks / "nobody")
    assert warehouse.query("select sum(1) as n").schema == {"n": pl.Float64}


def test_nobody_else_opens_the_file_meanwhile(warehouse: Warehouse) -> None:
    with warehouse.exclusive(), warehouse.exclusive(), pytest.raises(Timeout):
        FileLock(warehouse.locks / "warehouse.lock", timeout=0).acquire()
    with FileLock(warehouse.locks / "warehouse.lock", timeout=0):
        assert not warehouse.has("scoring", "scored_users")
