"""A shop in a real Postgres: what is read of it, and when that was known. The server takes about 3 s to start, once."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from churn_assets.command.check import check
from churn_assets.command.pulling import pull_sources
from churn_assets.duck import duck
from churn_assets.erasure.files import Kind, files_of
from churn_assets.erasure.landing import remove
from churn_assets.erasure.raw_files import rows_in
from churn_assets.erasure.traces import Traces
from churn_assets.instance.home import Home
from churn_assets.landing import of_home
from churn_assets.landing.errors import LandingError
from churn_assets.landing.pulled import STATE, folder_of
from churn_assets.landing.tombstones import Tombstones
from churn_assets.pulling.errors import PullError
from churn_assets.pulling.pull import newest_readings, pull
from tests.unit.pulling.conftest import SHOP, MakeHome
from tests.unit.pulling.servers import PASSWORD, Server

TABLES = """
create table customers (id bigint primary key, email text, created_at timestamptz not null, updated_at timestamptz);
create table orders (id bigint primary key, customer_id bigint not null, created_at timestamptz not null,
  total numeric(12, 2), state text, updated_at timestamptz, note jsonb, picture bytea,
  due timestamptz);
create table lines (id bigserial primary key, order_id bigint, sku text, pieces int, price numeric(12, 2));
create table consents (customer_id bigint, channel text, granted boolean, updated_at timestamptz);
"""
ROWS = """
insert into customers select n, 'u' || n || '@example.org', '2026-01-01'::timestamptz + n * interval '1 day',
  '2026-01-01'::timestamptz + n * interval '1 day' from generate_series(1, 30) as n;
insert into orders select n, 1 + n % 30, '2026-02-01'::timestamptz + n * interval '1 hour', 10 + n * 0.25, 'paid',
  '2026-02-01'::timestamptz + n * interval '1 hour', '{"a": 1}' from generate_series(1, 200) as n;
insert into lines (order_id, sku, pieces, price) select 1 + n % 200, 'p' || n % 7, 1 + n % 3, 5.5
  from generate_series(1, 400) as n;
insert into consents select n, 'email', true, '2026-02-01'::timestamptz + n * interval '1 second'
  from generate_series(1, 30) as n;
"""
ORDERS = {"orders": SHOP["orders"]}
WITH_DELETIONS = {"orders": SHOP["orders"], "consents": SHOP["consents"]}


@pytest.fixture
def shop(postgres_server: Server) -> Server:
    """The shop as it is at the beginning."""
    names = "customers, orders, lines, consents"
    postgres_server.run(f"drop table if exists {names} cascade", TABLES, ROWS)
    return postgres_server


def rows(home: Home, table: str, columns: str = "*") -> pl.DataFrame:
    """What the landing makes of the rows, in order."""
    with duck() as connection:
        landed = of_home.landed(home).tables[table]
        return connection.sql(f"select {columns} from {landed.scan} order by all").pl()


def counts(home: Home) -> dict[str, tuple[int, int]]:
    return {read.table: (read.rows, read.gone) for read in pull(home)}


def test_all_rows_come_once_and_later_only_new_ones(shop: Server, make_home: MakeHome) -> None:
    home = make_home(shop)
    assert counts(home) == {"orders": (200, 0), "users": (30, 0), "order_items": (400, 0), "consents": (30, 0)}
    assert set(counts(home).values()) == {(0, 0)}
    orders = rows(home, "orders", "order_id, user_id, ordered_at, amount, status, refused_because, known_at")
    first = orders.filter(pl.col("order_id") == "1").row(0)
    assert first[:6] == ("1", "2", datetime(2026, 2, 1, 1), pytest.approx(10.25), "paid", None)
    assert first[6] == datetime(2026, 2, 1, 1), "what the first reading finds is known when it happened"

    before = newest_readings(home)["shop"]
    shop.run(
        "insert into orders values (201, 5, now(), 99.95, 'paid', now())",
        "insert into lines (order_id, sku, pieces, price) values (201, 'p1', 1, 99.95)",
        "update orders set state = 'cancelled', updated_at = now() where id = 7",
    )
    assert counts(home) == {"orders": (2, 0), "users": (0, 0), "order_items": (1, 0), "consents": (0, 0)}
    after = newest_readings(home)["shop"]
    new = rows(home, "orders", "order_id, status, is_purchase, known_at").filter(pl.col("known_at") > before)
    assert new.select("order_id", "status", "is_purchase").rows() == [("201", "paid", True), ("7", "cancelled", False)]
    assert new["known_at"].is_between(before, after).all()
    lines = rows(home, "order_items", "order_id, known_at").filter(pl.col("order_id") == "201")
    assert lines["known_at"].item() == new.filter(pl.col("order_id") == "201")["known_at"].item()


def test_rows_are_those_of_files_that_hold_the_same(shop: Server, make_home: MakeHome, tmp_path: Path) -> None:
    pulled = make_home(shop)
    pull(pulled)
    files = Home(tmp_path / "files")
    for table, made in SHOP.items():
        folder = files.root / "landing" / table
        folder.mkdir(parents=True)
        columns = ", ".join(
            f"'{column['constant']}' as {name}" if isinstance(column, dict) else f"{column} as {name}"
            for name, column in made["columns"].items()
        )
        with shop.engine() as engine, engine.connect() as connection:
            result = connection.exec_driver_sql(f"select {columns} from {made['table']}")
            names, values = list(result.keys()), result.fetchall()
        text = [[None if value is None else str(value) for value in row] for row in values]
        pl.DataFrame(text, names, orient="row").write_csv(folder / "all.csv")
    for table in SHOP:
        columns = "* exclude (file, row_json, row_key)"  # the last two as the driver writes times
        assert rows(pulled, table, columns).equals(rows(files, table, columns)), table


def test_a_row_committed_late_is_read_and_known_from_then_on(shop: Server, make_home: MakeHome) -> None:
    home = make_home(shop, ORDERS)
    shop.run("update orders set updated_at = now() where id = 200")
    pull(home)
    before = newest_readings(home)["shop"]
    shop.run("insert into orders values (202, 5, now() - interval '1 hour', 5, 'paid', now() - interval '1 hour')")
    assert counts(home)["orders"] == (1, 0)
    known = rows(home, "orders", "order_id, known_at").filter(pl.col("order_id") == "202")["known_at"].item()
    assert known == newest_readings(home)["shop"] > before, "no snapshot made before may see it"
    shop.run("insert into orders values (203, 5, now() - interval '3 hours', 5, 'paid', now() - interval '3 hours')")
    assert counts(home)["orders"] == (0, 0), "beyond the overlap of two hours"


def test_a_time_in_the_future_hides_no_later_row(shop: Server, make_home: MakeHome) -> None:
    home = make_home(shop, ORDERS)
    shop.run("update orders set updated_at = '2099-01-01' where id = 1")
    pull(home)
    shop.run("update orders set total = 1, updated_at = now() where id = 2")
    assert counts(home)["orders"] == (1, 0)


def test_rows_without_a_cursor_are_read_each_time_and_kept_once(shop: Server, make_home: MakeHome) -> None:
    home = make_home(shop, ORDERS)
    shop.run("update orders set updated_at = null where id <= 3")
    (orders,) = [read for read in pull(home) if read.table == "orders"]
    assert (orders.rows, orders.unmarked) == (200, 3)
    shop.run("update orders set total = 1000 where id = 2")
    assert counts(home)["orders"] == (1, 0)


def test_without_a_cursor_everything_is_compared(shop: Server, make_home: MakeHome) -> None:
    tables = {"orders": {**SHOP["orders"], "cursor": None}}
    home = make_home(shop, tables)
    pull(home)
    shop.run("update orders set total = 1000 where id = 2", "delete from orders where id = 3")
    assert counts(home)["orders"] == (1, 1)
    assert counts(home)["orders"] == (0, 0)


def test_deleted_orders_and_consents_are_seen(shop: Server, make_home: MakeHome) -> None:
    home = make_home(shop, WITH_DELETIONS)
    pull(home)
    shop.run("delete from orders where id = 10", "delete from consents where customer_id = 4")
    assert {"orders": (0, 1), "consents": (0, 1)}.items() <= counts(home).items()
    assert set(counts(home).values()) == {(0, 0)}
    at = newest_readings(home)["shop"]
    orders = rows(home, "orders", "order_id, is_purchase, known_at").filter(pl.col("order_id") == "10")
    assert orders.sort("known_at")["is_purchase"].to_list() == [True, False]
    consents = rows(home, "consents", "user_id, email_consent, counts_at, known_at").filter(pl.col("user_id") == "4")
    assert consents.sort("known_at")["email_consent"].to_list() == [True, False], "a consent that is gone is a no"
    assert at > orders["known_at"].max() > datetime(2026, 3, 1)

    shop.run("insert into orders values (10, 5, now(), 5, 'paid', now())")
    assert counts(home)["orders"] == (1, 0), "an order that comes back counts again"


def test_a_consent_that_is_withdrawn_is_a_no(shop: Server, make_home: MakeHome) -> None:
    home = make_home(shop, WITH_DELETIONS)
    pull(home)
    shop.run("update consents set granted = false, updated_at = now() where customer_id = 4")
    assert counts(home)["consents"] == (1, 1), "the new state, and the old one as gone"
    consents = rows(home, "consents", "user_id, email_consent, counts_at").filter(pl.col("user_id") == "4")
    assert consents.sort("counts_at")["email_consent"].to_list()[-1] is False


def test_orders_that_vanish_by_the_hundred_stop_the_reading(shop: Server, make_home: MakeHome) -> None:
    home = make_home(shop, ORDERS)
    pull(home)
    shop.run("delete from orders where id > 100")
    with pytest.raises(PullError, match=r"source shop: orders: 100 of 200 orders .* deleted_after_hours: 0"):
        pull(home)
    assert rows(home, "orders").height == 200


def test_all_lines_of_an_order_come_again_when_one_has_changed(shop: Server, make_home: MakeHome) -> None:
    home = make_home(shop, {**SHOP, "order_items": {**SHOP["order_items"], "overlap_ids": 0}})
    pull(home)
    shop.run("insert into lines (order_id, sku, pieces, price) values (5, 'p9', 1, 2), (null, 'p8', 1, 2)")
    before = newest_readings(home)["shop"]
    assert counts(home)["order_items"] == (4, 0), "a line of no order comes too, and is refused as in a file"
    assert set(counts(home).values()) == {(0, 0)}
    lines = rows(home, "order_items", "order_id, product_id, known_at").filter(pl.col("known_at") > before)
    assert lines.filter(pl.col("order_id").is_not_null()).height == 3
    assert before < lines["known_at"].unique().item() < newest_readings(home)["shop"], "when it was read"


def test_a_killed_reading_neither_loses_nor_doubles(shop: Server, make_home: MakeHome) -> None:
    home = make_home(shop, ORDERS)
    pull(home)
    shop.run("insert into orders values (301, 5, now(), 5, 'paid', now())")
    code = (  # killed after the new orders are published and before it is noted how far was read
        "import os, sys\nfrom pathlib import Path\nfrom churn_assets.instance.home import Home\n"
        "from churn_assets.pulling import pull\n"
        "pull.note_reading = lambda *_: os.kill(os.getpid(), 9)\npull.pull(Home(Path(sys.argv[1])))"
    )
    done = subprocess.run([sys.executable, "-c", code, home.root], check=False)
    assert done.returncode == -signal.SIGKILL
    assert len(list(folder_of(home.root, "orders", "shop").glob("*.parquet"))) == 2
    assert counts(home)["orders"] == (0, 0)
    assert rows(home, "orders", "order_id").filter(pl.col("order_id") == "301").height == 1
    assert not list(home.cache.glob("pulling/*"))


def test_a_lost_connection_leaves_nothing_behind(shop: Server, make_home: MakeHome) -> None:
    """The server ends the connection in the middle of the third table."""
    slow = "select *, pg_terminate_backend(pg_backend_pid()) from consents"
    home = make_home(shop, {**SHOP, "consents": {**SHOP["consents"], "table": None, "query": slow}})
    with pytest.raises(PullError, match=r"source shop: its query: the database does not answer .* then churn pull"):
        pull(home)
    assert not list(home.pulled.rglob("*")), (
        "the other tables of the source are of the same moment, and not kept either"
    )


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"table": "ordres"}, r"source shop: ordres: there is no such table .*correct table or query"),
        (
            {"cursor": "updated"},
            r"orders has no column updated; did you mean updated_at\? \(mapping.yaml\)",
        ),
        ({"cursor": "state"}, r"cursor state is neither a time nor a whole number"),
        ({"table": None, "query": "select id from"}, r"its query: it cannot be asked like this"),
        (
            {"columns": {**SHOP["orders"]["columns"], "platform": "plattform"}},
            r"has no column plattform; it has",
        ),
        ({"columns": {**SHOP["orders"]["columns"], "platform": "picture"}}, r"column picture holds bytes"),
        ({"columns": {**SHOP["orders"]["columns"], "promised_at": "due"}}, r"a value cannot be read .*infinity"),
    ],
)
def test_what_is_wrong_in_the_mapping_is_named(
    shop: Server, make_home: MakeHome, change: dict[str, Any], message: str
) -> None:
    shop.run("update orders set picture = 'x', due = 'infinity' where id = 5")
    home = make_home(shop, {"orders": {**SHOP["orders"], **change}})
    with pytest.raises(PullError, match=message):
        pull(home)


def test_values_keep_what_they_say(shop: Server, make_home: MakeHome) -> None:
    """Exact decimals, JSON, times without a zone, infinity and ids beyond what a double holds."""
    shop.run(
        "drop table if exists odd",
        "create table odd (id numeric, who uuid, at timestamp, total money, payload jsonb, tags text[], mood text)",
        "insert into odd values (123456789012345678901, 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11', '2026-03-29 12:00', 5,"
        """ '{"user": {"city": "Köln"}}', '{a,b}', 'ok')""",
    )
    made = {"orders": {"query": "select id, who, at, total::numeric as total, payload, tags from odd", "columns": {
        "order_id": "id", "user_id": "who", "ordered_at": "at", "amount": "total", "platform": "payload.user.city",
        "status": "tags"}}}  # fmt: skip
    home = make_home(shop, made, time_zone="Europe/Berlin")
    pull(home)
    columns = "order_id, user_id, ordered_at, amount, platform, status, refused_because"
    assert rows(home, "orders", columns).rows() == [
        ("123456789012345678901", "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11", datetime(2026, 3, 29, 10), 5, "Köln",
         '["a", "b"]', None)
    ]  # fmt: skip


def test_a_changed_mapping_reads_everything_again_as_corrections(shop: Server, make_home: MakeHome) -> None:
    home = make_home(shop, ORDERS)
    pull(home)
    before = newest_readings(home)["shop"]
    changed = {**SHOP["orders"], "columns": {**SHOP["orders"]["columns"], "platform": {"constant": "web"}}}
    home = make_home(shop, {"orders": changed})
    (orders,) = pull(home)
    assert (orders.rows, orders.gone, orders.has_changed) == (200, 0, True)
    known = rows(home, "orders", "platform, known_at").filter(pl.col("platform") == "web")["known_at"]
    assert known.min() > before


def test_another_cursor_begins_from_nothing(shop: Server, make_home: MakeHome) -> None:
    """What the old one had reached may be far above all values of the new one."""
    shop.run("alter table orders add column change bigint", "update orders set change = 1000000000 + id")
    pull(make_home(shop, {"orders": {**SHOP["orders"], "cursor": "change"}}))
    home = make_home(shop, {"orders": {**SHOP["orders"], "cursor": "id"}})
    assert counts(home)["orders"] == (0, 0)
    shop.run("insert into orders values (201, 5, now(), 99.95, 'paid', now())")
    assert counts(home)["orders"] == (1, 0)


def test_erased_users_do_not_come_back(shop: Server, make_home: MakeHome) -> None:
    home = make_home(shop)
    Tombstones(home.root).add(["6"], "test")
    assert counts(home)["users"] == (29, 0)
    shop.run(
        "insert into orders values (401, 6, now(), 5, 'paid', now())", "insert into lines values (9999, 401, 'p1')"
    )
    assert {"orders": (0, 0), "order_items": (0, 0)}.items() <= counts(home).items()
    for file in home.pulled.rglob("*.parquet"):
        frame = pl.read_parquet(file)
        assert "user_id" not in frame.columns or 6 not in frame["user_id"].to_list(), file


def test_an_erasure_finds_and_removes_who_was_pulled(shop: Server, make_home: MakeHome) -> None:
    """Ids are numbers in these files; the cursor's state beside them stays as it is."""
    home = make_home(shop)
    pull(home)
    state = (folder_of(home.root, "orders", "shop") / STATE).read_text()
    theirs = Traces(frozenset({"6"}), frozenset(str(order) for order in range(5, 200, 30)))
    raw = [file for file, kind in files_of(home.root) if kind == Kind.RAW and file.is_relative_to(home.pulled)]
    assert sum(rows_in(file, theirs) for file in raw) == 1 + 7 + 14 + 1
    remove(raw, theirs)
    assert sum(rows_in(file, theirs) for file in raw) == 0
    assert rows(home, "orders").height == 193
    assert {file.stat().st_mode & 0o777 for file in raw} == {0o600}
    assert (folder_of(home.root, "orders", "shop") / STATE).read_text() == state
    Tombstones(home.root).add(["6"], "test")
    shop.run("update orders set total = 1, updated_at = now() where customer_id = 6 or id = 8")
    assert counts(home)["orders"] == (1, 0), "later readings keep them out"


def test_what_is_pulled_is_private(shop: Server, make_home: MakeHome) -> None:
    home = make_home(shop)
    pull(home)
    files = [path for path in home.pulled.rglob("*") if path.is_file()]
    assert files
    assert {path.stat().st_mode & 0o777 for path in files if path.suffix == ".parquet"} == {0o600}
    everything = [path for path in home.root.rglob("*") if path.is_file()]
    assert not [path for path in everything if PASSWORD.encode() in path.read_bytes()]


def churn(home: Home, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "churn_assets.command.cli", *arguments, "--home", str(home.root)]
    return subprocess.run(command, check=False, capture_output=True, text=True, env={**os.environ, **variables})


def test_the_command_says_what_it_read_and_never_a_password(
    shop: Server, make_home: MakeHome, capsys: pytest.CaptureFixture[str]
) -> None:
    """A process of its own, which takes 2 s, only where something is wrong."""
    home = make_home(shop, ORDERS)
    pull_sources(home.root, [])
    said = capsys.readouterr().out
    assert "shop: orders: 200 rows" in said
    assert said.splitlines()[-1] == f"Next: churn check --home {home.root}, then churn run"
    wrong = churn(home, "pull", CHURN_SOURCE_SHOP_PASSWORD="another-s3cret")  # noqa: S106
    assert wrong.returncode == 1
    assert "the database lets nobody in" in wrong.stderr
    assert "set CHURN_SOURCE_SHOP_USER and CHURN_SOURCE_SHOP_PASSWORD" in wrong.stderr
    assert "Traceback" not in wrong.stderr
    assert "another-s3cret" not in wrong.stderr + wrong.stdout
    with pytest.raises(PullError, match="no source shopp; it has shop"):
        pull_sources(home.root, ["shopp"])


def test_options_of_the_driver_stand_in_the_url(shop: Server, make_home: MakeHome) -> None:
    assert counts(make_home(shop, ORDERS, database=f"{shop.url}?sslmode=disable")) == {"orders": (200, 0)}
    with pytest.raises(PullError, match="SSL"):
        pull(make_home(shop, ORDERS, "another", database=f"{shop.url}?sslmode=verify-full"))


def test_a_database_that_is_not_there_is_one_message(make_home: MakeHome) -> None:
    home = make_home(Server("postgresql", 1))
    with pytest.raises(PullError, match=r"source shop: the database does not answer .* see whether it runs"):
        pull(home)


def test_a_snapshot_sees_nothing_that_was_read_later(shop: Server, make_home: MakeHome) -> None:
    home = make_home(shop, ORDERS)
    pull(home)
    at = newest_readings(home)["shop"]
    early = rows(home, "orders", "* exclude (file)").filter(pl.col("known_at") < at)
    shop.run(
        "update orders set total = 0, state = 'cancelled', updated_at = now() where id % 3 = 0",
        "insert into orders values (501, 5, '2026-02-02', 5, 'paid', '2026-02-02')",
        "update orders set updated_at = null where id = 1", "delete from orders where id = 2",
    )  # fmt: skip
    pull(home)
    assert rows(home, "orders", "* exclude (file)").filter(pl.col("known_at") < at).equals(early)
    assert timedelta(0) < newest_readings(home)["shop"] - at


def test_check_says_whether_the_database_answers_and_when_it_was_read(
    shop: Server, make_home: MakeHome, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    home = make_home(shop)
    with pytest.raises(LandingError, match=r"nothing was read of orders yet: churn pull reads it \(source shop\)"):
        check(home.root)
    pull(home)
    check(home.root)
    assert (
        f"Source shop: last read {newest_readings(home)['shop']:%Y-%m-%d %H:%M} UTC, answers" in capsys.readouterr().out
    )
    shop.run("alter table orders rename column state to status")
    assert not check(home.root)
    said = " ".join(capsys.readouterr().out.split())
    assert "cannot be read now" in said
    assert "source shop: orders has no column state; did you mean status?" in said
    monkeypatch.setenv("CHURN_SOURCE_SHOP_PASSWORD", "another-s3cret")
    assert not check(home.root, as_json=True)
    said = capsys.readouterr().out
    assert "lets nobody in" in said
    assert "s3cret" not in said
