"""A home that was moved or copied shows its own files once any command has seen it; the original is left alone."""

from __future__ import annotations

import hashlib
import logging
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping
from datetime import date
from pathlib import Path

import duckdb
import polars as pl
import pytest
from filelock import FileLock

from churn_assets.warehouse.moved import settle_views
from churn_assets.workplace import Workplace

DAY = date(2026, 11, 16)
SCORES = pl.DataFrame({"user_id": ["u1", "u2"], "snapshot_date": [DAY, DAY], "churn_probability": [0.25, 0.75]})
SHOWN = {
    "published": "select max(churn_probability) from scoring.scored_users",
    "masked": "select max(churn_probability) from masked.scored_users",
    "raw": "select count(*) from raw.orders",
    "staged": "select count(*) from staging.stg_orders",
}


def land(root: Path, rows: int) -> None:
    (root / "landing" / "orders").mkdir(parents=True, exist_ok=True)
    lines = [f"o{number},u1,2026-11-01,5" for number in range(rows)]
    (root / "landing" / "orders" / "rows.csv").write_text("\n".join(["order_id,user_id,ordered_at,amount", *lines]))


def publish(root: Path, highest: float) -> None:
    scores = SCORES.with_columns(churn_probability=pl.Series([0.25, highest]))
    Workplace(home_path=str(root)).tables.publish("scoring", "scored_users", DAY, scores)


@pytest.fixture
def original(tmp_path: Path) -> Path:
    """A home as a run leaves it: dbt's tables and views, published tables, masked ones."""
    root = tmp_path / "original's home"  # a path that SQL has to quote
    workplace = Workplace(home_path=str(root))
    land(root, 3)
    publish(root, 0.75)
    with duckdb.connect(workplace.home.warehouse) as connection:
        connection.execute("create schema marts; create schema staging; create schema raw")
        connection.execute("create table marts.dim_users as select unnest(['u1', 'u2']) as user_id")
    settle_views(root)
    with duckdb.connect(workplace.home.warehouse) as connection:
        connection.execute("create view staging.stg_orders as select * from raw.orders")
    workplace.show_masked()
    return root


def shown(root: Path) -> dict[str, object]:
    """By DuckDB alone, as an analyst sees it."""
    with duckdb.connect(root / "warehouse.duckdb", read_only=True) as connection:
        return {name: connection.execute(sql).fetchall()[0][0] for name, sql in SHOWN.items()}


def content(root: Path) -> dict[str, str]:
    files = (file for file in root.rglob("*") if file.is_file())
    return {str(file.relative_to(root)): hashlib.sha256(file.read_bytes()).hexdigest() for file in files}


def test_a_copy_shows_its_own_rows_and_the_original_its_own(original: Path, tmp_path: Path) -> None:
    copy = Path(shutil.copytree(original, tmp_path / "copy"))
    before = content(original)
    publish(copy, 0.5)
    land(copy, 7)
    assert shown(copy) == {"published": 0.75, "masked": 0.75, "raw": 3, "staged": 3}, "of the original, by its paths"
    settle_views(copy)
    assert shown(copy) == {"published": 0.5, "masked": 0.5, "raw": 7, "staged": 7}
    assert content(original) == before
    assert shown(original) == {"published": 0.75, "masked": 0.75, "raw": 3, "staged": 3}


def test_a_moved_home_is_read_where_it_is_and_a_new_one_in_its_place_is_not(original: Path, tmp_path: Path) -> None:
    moved = tmp_path / "moved"
    original.rename(moved)
    with pytest.raises(duckdb.IOException):
        shown(moved)
    land(original, 9)  # somebody else's, at the old path
    settle_views(moved)
    assert shown(moved) == {"published": 0.75, "masked": 0.75, "raw": 3, "staged": 3}


def test_a_warehouse_put_into_another_home_shows_that_one(original: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    publish(other, 0.5)
    land(other, 1)
    shutil.copy(original / "warehouse.duckdb", other)
    settle_views(other)
    with duckdb.connect(other / "warehouse.duckdb", read_only=True) as connection:
        assert connection.execute(SHOWN["published"]).fetchall() == [(0.5,)]
        views = {
            view
            for (view,) in connection.execute(
                "select view_name from duckdb_views() where schema_name = 'masked'"
            ).fetchall()
        }
    assert views == set(), "it has no pseudonyms of its own, and those of the other home are not its users"


def test_without_its_files_a_copy_shows_nothing_rather_than_the_original(
    original: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    copy = Path(shutil.copytree(original, tmp_path / "copy"))
    shutil.rmtree(copy / "landing")
    shutil.rmtree(copy / "tables")
    with caplog.at_level(logging.WARNING):
        settle_views(copy)
    assert "cannot be rebuilt (IO Error: No files found" in caplog.text
    with duckdb.connect(copy / "warehouse.duckdb", read_only=True) as connection:
        assert connection.execute(SHOWN["staged"]).fetchall() == [(0,)]
        with pytest.raises(duckdb.CatalogException):
            connection.execute(SHOWN["published"])


def test_where_the_views_are_right_the_file_is_only_read(original: Path, tmp_path: Path) -> None:
    link = tmp_path / "link"
    link.symlink_to(original)
    before = content(original)
    settle_views(original)
    settle_views(link)
    assert content(original) == before


def test_somebody_at_work_is_not_waited_for(original: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("churn_assets.warehouse.moved.WAIT_SECONDS", 0.1)
    copy = Path(shutil.copytree(original, tmp_path / "copy"))
    script = "import fcntl, sys; held = open(sys.argv[1], 'a'); fcntl.flock(held, fcntl.LOCK_EX); "
    script += "print('held', flush=True); input()"
    holder = subprocess.Popen(
        [sys.executable, "-c", script, str(copy / "locks" / "warehouse.lock")],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert holder.stdout is not None
    assert holder.stdout.readline() == b"held\n"
    settle_views(copy)
    holder.communicate(b"\n")
    with duckdb.connect(copy / "warehouse.duckdb", read_only=True) as connection:
        assert connection.execute("select path from main.home").fetchall() == [(str(original),)]
    settle_views(copy)
    assert shown(copy)["raw"] == 3
    with FileLock(copy / "locks" / "warehouse.lock", timeout=0):
        pass


def test_what_is_no_warehouse_is_said_to_be_none(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "warehouse.duckdb").write_bytes(b"nothing of the kind" * 500)
    with caplog.at_level(logging.WARNING):
        settle_views(tmp_path)
    assert "warehouse.duckdb cannot be opened (IO Error: " in caplog.text


@pytest.mark.parametrize(
    "command",
    [
        [str(Path(sys.executable).with_name("churn")), "suppress", "u1", "--reason", "moved"],
        [sys.executable, "-c", "from churn_assets.definitions import defs; defs()"],
    ],
    ids=["a command that reads no table", "the code location of the UI"],
)
def test_whatever_opens_a_copy_settles_it(
    original: Path, tmp_path: Path, command: list[str], environment_of: Callable[..., Mapping[str, str]]
) -> None:
    copy = Path(shutil.copytree(original, tmp_path / "copy"))
    publish(copy, 0.5)
    done = subprocess.run(command, env=environment_of(copy), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert shown(copy)["published"] == 0.5
    assert shown(original)["published"] == 0.75
    assert os.environ.get("CHURN_HOME") != str(copy)
