"""A user who was erased is nowhere, and stays away: from the next snapshot, from a past one rebuilt, and from old
files put back, although the raw export is delivered with them once more.

One home, as it was after the second week, in which the user has been decided about and written to twice.
"""

from __future__ import annotations

import hashlib
import io
import json
import re
import shutil
import sqlite3
from contextlib import closing, redirect_stdout
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import duckdb
import polars as pl
import pytest
import yaml

from churn_assets.console.audit import note
from churn_assets.contracts.decision_ledger import ERASED, DecisionLedger
from churn_assets.erasure.erase import erase_users
from churn_assets.instance.record.store import Record

if TYPE_CHECKING:
    from tests.pipeline.conftest import Base, Instance

PAST, BEFORE, NEXT = date(2026, 11, 2), date(2026, 11, 9), date(2026, 11, 16)
STORES = ("warehouse.duckdb", "record.sqlite", "tables")
LEDGER = "tables/interventions/decision_ledger"


def erase(instance: Instance, user: str) -> tuple[bool, str]:
    """Whether nothing is left, and what was told."""
    with redirect_stdout(io.StringIO()) as told:
        is_gone = erase_users(instance.home, [user], "the data protection officer")
    return is_gone, told.getvalue()


def places_of(home: Path, user: str) -> list[str]:
    """Every place under a home that names the user, decoded; but for the simulated shop's own memory."""
    word = re.compile(rf"(?<![\w-]){user}(?![\w-])")
    found = []
    for file in sorted(home.rglob("*")):
        if not file.is_file() or file.relative_to(home).parts[0] == "truth" or file.name.endswith(("-wal", "-shm")):
            continue
        texts = tables_of(file) or {"": file.read_bytes().decode("utf-8", "replace")}
        found += [f"{file.relative_to(home)} {table}".strip() for table, text in texts.items() if word.search(text)]
    return found


def tables_of(file: Path) -> dict[str, str]:
    """All values of each table in a file of tables, as text."""
    if file.suffix == ".parquet":
        return {"": str(pl.read_parquet(file, hive_partitioning=False).rows())}
    if file.suffix == ".duckdb":
        with duckdb.connect(str(file), read_only=True) as connection:
            tables = connection.execute("select schema_name || '.' || table_name from duckdb_tables()").fetchall()
            return {name: str(connection.execute(f"from {name}").fetchall()) for (name,) in tables}
    if file.suffix in (".db", ".sqlite"):
        with closing(sqlite3.connect(file)) as connection:
            tables = connection.execute("select name from sqlite_master where type = 'table'").fetchall()
            return {name: str(connection.execute(f'select * from "{name}"').fetchall()) for (name,) in tables}
    return {}


def published(home: Path, user: str) -> dict[str, pl.DataFrame]:
    """Rows of every table that Python publishes, by its folder, without those of a user or of nobody any more."""
    frames = {}
    for file in (home / "tables").rglob("*.parquet"):
        frame = pl.read_parquet(file, hive_partitioning=False)
        if "user_id" in frame.columns:
            frame = frame.filter(pl.col("user_id") != user, ~pl.col("user_id").str.starts_with(ERASED))
        frames[str(file.parent.relative_to(home))] = frame
    return frames


@pytest.fixture(scope="module")
def user(base: Base) -> str:
    """Written to at both snapshots, and with orders."""
    outbox = base.after[BEFORE].query("select user_id from interventions.outbox group by all having count(*) = 2")
    return str(outbox["user_id"].min())


@pytest.fixture(scope="module")
def instance(base: Base, user: str, tmp_path_factory: pytest.TempPathFactory) -> Instance:
    """Other places that name the user, besides the stores: calls to make, a page, an event of Dagster's."""
    made = base.after[BEFORE].copy(tmp_path_factory.mktemp("erasure") / "home")
    (made.home / "dispatched").mkdir()
    calls = f'"user_id","phone","body"\n"{user}","+00","of\ntwo lines"\n"{user}0","+01","another"\n"u1","+02","x"\n'
    (made.home / "dispatched" / "calls.csv").write_text(calls)
    said = made.succeed("why", user)
    assert "Scores and decisions" in said
    assert "Messages" in said
    exported = json.loads(Path(made.succeed("export-user", user).splitlines()[0]).read_text())
    assert exported["addresses"]["email"] == f"{user}@example.com"
    assert {"orders", "users", "order_items"} <= set(exported["raw"])
    assert {"scoring.scored_users", "interventions.decision_ledger", "marts.fct_orders"} <= set(exported["tables"])
    assert {row["user_id"] for rows in exported["tables"].values() for row in rows} == {user}
    assert {row["user_id"] for row in exported["raw"]["orders"]} == {user}
    note(Record(made.home / "record.sqlite"), datetime(2026, 11, 17), "anton", "person read", user, f"of {user}")
    (made.home / "reports" / "page.html").write_text(f"<p>{user}, {user}0, {user}@example.com</p>")
    with closing(sqlite3.connect(made.home / "dagster" / "history" / "runs.db")) as connection:
        connection.execute("update runs set run_body = run_body || ?", (f" {user} {user}0",))
        connection.commit()
    return made


@pytest.fixture(scope="module")
def told(instance: Instance, user: str) -> tuple[bool, str]:
    assert len({place.split("/")[0] for place in places_of(instance.home, user)}) > 5, "there is something to remove"
    return erase(instance, user)


def test_the_proof_says_that_nothing_is_left(told: tuple[bool, str]) -> None:
    is_gone, text = told
    total = re.search(r"^all +([\d,]+) +([\d,]+) +(\d+) *$", text, re.MULTILINE)
    assert is_gone
    assert total, text
    assert total[1] == total[2] != "0"
    assert total[3] == "0"
    assert "Kept: a tombstone" in text.splitlines()[-1]


def test_no_file_of_the_home_names_the_user(instance: Instance, user: str, told: tuple[bool, str]) -> None:
    assert places_of(instance.home, user) == []
    assert not list(instance.home.rglob("*.wal"))


def test_others_are_left_as_they_were(base: Base, instance: Instance, user: str, told: tuple[bool, str]) -> None:
    before, after = published(base.after[BEFORE].home, user), published(instance.home, user)
    assert after.keys() == before.keys()
    for folder, frame in before.items():
        assert after[folder].equals(frame), folder
    calls = f'"user_id","phone","body"\n"{user}0","+01","another"\n"u1","+02","x"\n'
    assert (instance.home / "dispatched" / "calls.csv").read_text() == calls
    assert (instance.home / "reports" / "page.html").read_text() == f"<p>erased, {user}0, erased</p>"
    for table in ("features.user_features", "marts.fct_order_items", "marts.fct_events"):
        theirs = f"select {user!r} as user_id" if table != "marts.fct_order_items" else (
            f"select order_id from marts.fct_orders where user_id = {user!r}"
        )  # fmt: skip
        kept = base.after[BEFORE].query(f"select count(*) from {table} anti join ({theirs}) using ({key_of(table)})")
        assert instance.query(f"select count(*) from {table}").item() == kept.item(), table


def key_of(table: str) -> str:
    return "order_id" if table == "marts.fct_order_items" else "user_id"


def test_the_ledger_keeps_the_decision_about_nobody(base: Base, instance: Instance, told: tuple[bool, str]) -> None:
    """Everything but who it was is there for the effects; what was sealed is known to have been opened."""
    for day in (PAST, BEFORE):
        (old,) = (base.after[BEFORE].home / LEDGER / f"snapshot_date={day}").iterdir()
        (new,) = (instance.home / LEDGER / f"snapshot_date={day}").iterdir()
        DecisionLedger.validate(pl.read_parquet(new, hive_partitioning=False))
        frames = [pl.read_parquet(file, hive_partitioning=False) for file in (old, new)]
        assert frames[0].drop("user_id", "decision_id").equals(frames[1].drop("user_id", "decision_id"))
        assert frames[1]["user_id"].str.starts_with(ERASED).sum() == 1
        with closing(sqlite3.connect(instance.home / "record.sqlite")) as connection:
            where = "where table_name = 'decision_ledger' and snapshot_date = ?"
            note = connection.execute(f"select old_sha256, new_sha256, rows from erasures {where}", (str(day),))
            assert note.fetchall() == [(*[hashlib.sha256(f.read_bytes()).hexdigest() for f in (old, new)], 1)]


def test_erased_again_there_is_nothing(instance: Instance, user: str, told: tuple[bool, str]) -> None:
    is_gone, text = erase(instance, user)
    assert is_gone
    assert "0 rows found anywhere." in text
    assert len((instance.home / "tombstones.jsonl").read_text().splitlines()) == 1


@pytest.fixture(scope="module")
def delivered_again(base: Base, instance: Instance, told: tuple[bool, str]) -> Instance:
    """The raw export comes once more, with the user in it."""
    shutil.copytree(base.after[BEFORE].landing, instance.landing, dirs_exist_ok=True)
    return instance


def named_outside_landing(instance: Instance, user: str) -> list[str]:
    return [place for place in places_of(instance.home, user) if not place.startswith("landing/")]


def test_neither_a_past_nor_the_next_snapshot_brings_the_user_back(delivered_again: Instance, user: str) -> None:
    delivered_again.succeed("backfill", "--from", str(PAST), "--to", str(NEXT))
    assert named_outside_landing(delivered_again, user) == []
    assert delivered_again.query(f"select count(*) from raw.orders where user_id = {user!r}").item() == 0


def test_old_files_put_back_do_not_bring_the_user_back(base: Base, delivered_again: Instance, user: str) -> None:
    home = delivered_again.home
    shutil.rmtree(home / "tables")
    for name in STORES:
        old = base.after[BEFORE].home / name
        shutil.copytree(old, home / name) if old.is_dir() else shutil.copy2(old, home / name)
    for log in home.glob("record.sqlite-*"):
        log.unlink()
    assert named_outside_landing(delivered_again, user), "they do hold the user"
    told = delivered_again.succeed("run", "--snapshot", str(NEXT))
    assert "Old files had brought erased users back: 1." in told
    assert named_outside_landing(delivered_again, user) == []


def test_an_external_landing_is_not_ours(base: Base, user: str, tmp_path: Path) -> None:
    instance = base.after[BEFORE].copy(tmp_path / "home")
    export = (instance.home / "landing").rename(tmp_path / "export")
    settings = yaml.safe_load((instance.home / "churn.yaml").read_text())
    (instance.home / "churn.yaml").write_text(yaml.safe_dump(settings | {"landing": {"uri": str(export)}}))
    is_gone, text = erase(instance, user)
    assert is_gone, text
    assert re.search(r"is external, not ours: [\d,]+ rows there stay; the tombstone keeps them out", text)
    assert places_of(instance.home, user) == []
    orders = f"select count(*) from raw.orders where user_id = {user!r}"
    assert instance.query(orders).item() == 0, "the views over the files obey the tombstone at once"
    for file in base.after[BEFORE].landing.rglob("*.parquet"):
        assert (export / file.relative_to(base.after[BEFORE].landing)).read_bytes() == file.read_bytes()


def test_of_an_erased_user_nothing_is_said_but_that(instance: Instance, user: str, told: tuple[bool, str]) -> None:
    assert told[0]
    assert instance.succeed("why", user).strip() == f"{user} was erased: nothing else is held."
    file = Path(instance.succeed("export-user", user).splitlines()[0])
    assert set(json.loads(file.read_text())) == {"user_id", "made_at", "status"}
    file.unlink()
