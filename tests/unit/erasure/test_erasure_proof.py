"""A small home: a user is erased from it, comes back with old files, and is removed again."""

from __future__ import annotations

import os
import shutil
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import date, datetime
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING

import polars as pl
import pytest
from filelock import FileLock

from churn_assets.contracts.decision_ledger import ERASED
from churn_assets.defs.lifelines import Lifeline
from churn_assets.duck import duck
from churn_assets.erasure import removal
from churn_assets.erasure.busy import ErasureBusy, exclusive_home
from churn_assets.erasure.erase import NoUserNamed, erase_users, sweep_erased
from churn_assets.erasure.files import Kind, files_of
from churn_assets.instance import run_locks
from churn_assets.instance.run_locks import BeingErased
from churn_assets.landing.erased_users import without_erased_users
from churn_assets.landing.inspect import inspect
from churn_assets.landing.tombstones import Tombstones

if TYPE_CHECKING:
    from churn_assets.workplace import Workplace

USER, OTHER = "u12", "u123"
SNAPSHOT = date(2026, 11, 16)
LEDGER = ("interventions", "decision_ledger", SNAPSHOT)
SCORES = ("scoring", "scored_users", SNAPSHOT)


@pytest.fixture
def filled(workplace: Workplace) -> Workplace:
    """Two users in the landing, the warehouse, two published tables and the record store."""
    raw = Path(workplace.home.landing)
    for table, frame in {
        "orders": pl.DataFrame(
            {"order_id": ["o1", "o2"], "user_id": [f" {USER}", OTHER], "ordered_at": [datetime(2026, 1, 1)] * 2}
        ).with_columns(amount=pl.lit(1.0)),
        "order_items": pl.DataFrame({"order_id": ["o1", "o2", None], "product_id": ["p1", "p2", "p3"]}),
    }.items():
        (raw / table).mkdir(parents=True)
        frame.write_parquet(raw / table / "a.parquet")
    with duck(workplace.home.warehouse) as connection:
        connection.execute(f"""
        create schema marts; create schema staging;
        create table marts.fct_orders as from (values ('o1', '{USER}'), ('o2', '{OTHER}')) as o (order_id, user_id);
        create table marts.fct_order_items as from (values ('o1', 'p1'), ('o2', 'p2')) as i (order_id, product_id);
        create table marts.dim_snapshots as select date '{SNAPSHOT}' as snapshot_date;
        create table staging.quarantine as from (values
          ('orders', '{{"order_id": "o9", "user_id": "{USER} "}}'), ('order_items', '{{"order_id":"o1"}}'),
          ('orders', '{{"order_id":"o2","user_id":"{OTHER}"}}')
        ) as q (source_table, row_json);
        """)
    publish(workplace)
    return workplace


def publish(workplace: Workplace) -> None:
    users = pl.DataFrame({"user_id": [USER, OTHER], "value": [1, 2]})
    workplace.tables.publish(*SCORES, users)
    workplace.tables.publish(*LEDGER, users.with_columns(decision_id=pl.Series(["d" * 32, "e" * 32])), seal=True)


def put_back(backup: Path, root: Path, name: str) -> None:
    old = backup / name
    if old.is_dir():
        shutil.rmtree(root / name)
        shutil.copytree(old, root / name)
    else:
        shutil.copy2(old, root / name)


def rows(workplace: Workplace, table: str) -> list[tuple[object, ...]]:
    return workplace.warehouse.query(f"from {table} order by all").rows()


def users_in(workplace: Workplace, key: tuple[str, str, date]) -> list[str]:
    return [user for user in workplace.tables.read(*key)["user_id"] if not user.startswith(ERASED)]


def is_clean(workplace: Workplace) -> bool:
    stores = [users_in(workplace, key) == [OTHER] for key in (SCORES, LEDGER)]
    return [*stores, rows(workplace, "marts.fct_orders") == [("o2", OTHER)]] == [True] * 3


def test_without_tombstones_nothing_is_another(filled: Workplace) -> None:
    landed = inspect(filled.home.landing)
    assert without_erased_users(landed, filled.home.root) == landed
    assert sweep_erased(filled) == []


def test_with_one_the_landing_is_read_without_the_user(filled: Workplace) -> None:
    Tombstones(filled.home.root).add([USER], "me")
    landed = filled.landing()
    with duck() as connection:
        orders = connection.execute(f"select order_id, user_id from {landed['orders'].scan}").fetchall()
        items = connection.execute(f"select order_id, product_id from {landed['order_items'].scan}").fetchall()
    assert orders == [("o2", OTHER)]
    assert sorted(items, key=str) == [("o2", "p2"), (None, "p3")], "of nobody's order: for the contract"
    assert USER not in landed["orders"].scan


def test_a_user_is_erased_once_and_found_nowhere_then(filled: Workplace, capsys: pytest.CaptureFixture[str]) -> None:
    assert erase_users(filled.home.root, [f"{USER} "], None)
    assert "0 rows found anywhere" not in capsys.readouterr().out
    assert is_clean(filled)
    assert rows(filled, "marts.fct_order_items") == [("o2", "p2")]
    assert [row[0] for row in rows(filled, "raw.orders")] == ["o2"]
    assert len(rows(filled, "staging.quarantine")) == 1
    assert not list(filled.home.root.glob("*.wal"))
    assert not list(filled.home.root.glob(".*.tmp"))
    assert erase_users(filled.home.root, [USER], None)
    assert "0 rows found anywhere" in capsys.readouterr().out
    assert len(Tombstones(filled.home.root).rows) == 1


def test_a_user_who_was_never_there_may_not_come_later(filled: Workplace, capsys: pytest.CaptureFixture[str]) -> None:
    assert erase_users(filled.home.root, ["u999"], "me")
    assert "0 rows found anywhere" in capsys.readouterr().out
    assert Tombstones(filled.home.root).among(["u999"]) == {"u999"}
    assert users_in(filled, SCORES) == [USER, OTHER]


@pytest.mark.parametrize("step", ["partitions.remove", "sqlite.remove", "warehouse.rebuild_without", "landing.remove"])
def test_an_erasure_that_was_cut_short_is_finished_by_the_next(
    filled: Workplace, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    def killed(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(f"{removal.__name__}.{step}", killed)
        with pytest.raises(KeyboardInterrupt):
            erase_users(filled.home.root, [USER], None)
    assert Tombstones(filled.home.root).among([USER]) == {USER}
    assert erase_users(filled.home.root, [USER], None)
    assert is_clean(filled)
    items = pl.read_parquet(Path(filled.home.landing) / "order_items" / "a.parquet")
    assert items["product_id"].to_list() == ["p2", "p3"]


@pytest.mark.parametrize("back", [("warehouse.duckdb",), ("record.sqlite",), ("tables",), ("record.sqlite", "tables")])
def test_old_files_put_back_are_swept(filled: Workplace, tmp_path: Path, back: tuple[str, ...]) -> None:
    root = filled.home.root
    shutil.copytree(root, tmp_path / "backup")
    erase_users(root, [USER], None)
    for name in back:
        put_back(tmp_path / "backup", root, name)
    assert sweep_erased(filled) != []
    filled.tables.sweep()
    assert is_clean(filled)
    assert len(filled.tables.read(*LEDGER)) == 2, "the ledger is there, with one row about nobody"
    assert sweep_erased(filled) == [], "told once"


def test_a_living_run_is_not_disturbed(filled: Workplace) -> None:
    lifeline = Lifeline.hold(filled.home.locks, "abc")
    with pytest.raises(ErasureBusy, match="run-abc is at work"):
        erase_users(filled.home.root, [USER], None)
    assert Tombstones(filled.home.root).rows == ()
    Tombstones(filled.home.root).add([USER], "me")
    with pytest.raises(ErasureBusy):
        sweep_erased(filled)
    assert sweep_erased(filled, run_id="abc") != []
    lifeline.release()


def test_many_are_erased_in_one_pass(filled: Workplace, capsys: pytest.CaptureFixture[str]) -> None:
    assert erase_users(filled.home.root, [USER, OTHER, f" {OTHER}", "u7"], "me")
    assert "Kept: 3 tombstones, salted hashes without the ids (0 were there already)" in capsys.readouterr().out
    assert [rows(filled, f"marts.{table}") for table in ("fct_orders", "fct_order_items")] == [[], []]
    assert users_in(filled, SCORES) == users_in(filled, LEDGER) == []
    assert Tombstones(filled.home.root).among([USER, OTHER, "u7", "u8"]) == {USER, OTHER, "u7"}


def test_a_row_without_an_id_but_with_their_address_is_theirs(filled: Workplace) -> None:
    users = Path(filled.home.landing) / "users"
    users.mkdir()
    known = {"registered_at": [datetime(2026, 1, 1)] * 3, "ingested_at": [datetime(2026, 1, 2)] * 3}
    mails = {"user_id": [USER, None, None], "email": ["an@example.com", "an@example.com", "bo@example.com"]}
    pl.DataFrame(mails | known).write_parquet(users / "a.parquet")
    (users / "b.csv").write_text("user_id,email\n,an@example.com\n,bo@example.com\n")
    assert erase_users(filled.home.root, [USER], "me")
    assert pl.read_parquet(users / "a.parquet")["email"].to_list() == ["bo@example.com"]
    assert (users / "b.csv").read_text() == "user_id,email\n,bo@example.com\n"


def test_a_run_that_starts_waits_for_an_erasure(filled: Workplace, monkeypatch: pytest.MonkeyPatch) -> None:
    """It takes its lock first, so an erasure that begins while it starts is refused, and it is not disturbed."""
    held, ended = Event(), []

    def run() -> None:
        with exclusive_home(filled.home):
            held.set()
            time.sleep(0.3)
            ended.append(True)

    with ThreadPoolExecutor() as pool:
        pool.submit(run)
        held.wait()
        lifeline = Lifeline.hold(filled.home.locks, "late")
        assert ended, "the run went on before the erasure had ended"
    with pytest.raises(ErasureBusy, match="run-late is at work"):
        erase_users(filled.home.root, [USER], None)
    with ThreadPoolExecutor() as pool:
        waiting = pool.submit(erase_users, filled.home.root, [USER], None, wait_seconds=60)
        time.sleep(0.3)
        assert not waiting.done()
        lifeline.release()
        assert waiting.result()
    monkeypatch.setattr(run_locks, "WAIT_SECONDS", 0)
    with exclusive_home(filled.home), pytest.raises(BeingErased, match="Users are being erased"):
        Lifeline.hold(filled.home.locks, "later")
    assert not (filled.home.locks / "run-later.lock").exists()


@pytest.mark.parametrize("lock", ["dispatch.lock", "tuning.lock"])
def test_nor_is_a_dispatch_or_a_search(filled: Workplace, lock: str) -> None:
    with FileLock(filled.home.locks / lock), pytest.raises(ErasureBusy, match="at work"):
        erase_users(filled.home.root, [USER], None)
    assert erase_users(filled.home.root, [USER], None), "nothing is held any more"


def test_what_a_killed_process_was_writing_goes_too(filled: Workplace) -> None:
    dead, living = (filled.home.root / f".{process}.tmp" for process in (2**22 + 1, os.getppid()))
    for file in (dead, living):
        file.write_text("half a file")
    assert erase_users(filled.home.root, [USER], None)
    assert [dead.exists(), living.exists()] == [False, True]


def test_links_are_followed_but_a_landing_behind_one_is_not_ours(
    filled: Workplace, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    root, disk = filled.home.root, tmp_path / "disk"
    disk.mkdir()
    for name in ("landing", "tables", "warehouse.duckdb"):
        (root / name).symlink_to((root / name).rename(disk / name))
    export = (disk / "landing" / "orders" / "a.parquet").read_bytes()
    assert erase_users(root, [USER], None)
    assert is_clean(filled)
    assert all((root / name).is_symlink() for name in ("landing", "tables", "warehouse.duckdb"))
    assert (disk / "landing" / "orders" / "a.parquet").read_bytes() == export
    assert "is external, not ours: 2 rows there stay" in capsys.readouterr().out


def test_nobody_and_no_home_are_refused(filled: Workplace) -> None:
    for root, user in ((filled.home.root, " "), (filled.home.root / "none", USER)):
        with pytest.raises(NoUserNamed):
            erase_users(root, [user], None)
    assert not (filled.home.root / "none").exists()


def test_models_and_other_files_are_read_as_what_they_are(filled: Workplace) -> None:
    filled.tables.publish_bytes("training", "churn_model", SNAPSHOT, b'{"trees": []}')
    kinds = {str(file.relative_to(filled.home.root).parts[0]): kind for file, kind in files_of(filled.home.root)}
    assert kinds["warehouse.duckdb"] == Kind.DUCKDB
    assert kinds["record.sqlite"] == Kind.SQLITE
    assert kinds["landing"] == Kind.RAW
    assert "tombstones.jsonl" not in kinds
