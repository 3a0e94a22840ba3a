"""The same shop in a real MariaDB, as MySQL speaks. The server takes about 3 s to start, once."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import polars as pl
import pytest

from churn_assets.command.mapping import map_files
from churn_assets.duck import duck
from churn_assets.instance.home import Home
from churn_assets.landing import of_home
from churn_assets.pulling.errors import PullError
from churn_assets.pulling.pull import newest_readings, pull
from churn_assets.settings.mapping import load_mapping
from tests.unit.pulling.conftest import MakeHome
from tests.unit.pulling.servers import PASSWORD, Server

TABLES = """
create table orders (id bigint unsigned primary key, customer_id int, created_at datetime, total decimal(12, 2),
  state enum('paid', 'cancelled'), updated_at timestamp(6) null, shipped datetime, payload json, picture blob);
create table consents (customer_id int, channel varchar(20), granted bit(1), updated_at timestamp(6));
insert into orders select seq, 1 + seq % 30, date_add('2026-02-01', interval seq hour), 10 + seq * 0.25, 'paid',
  date_add('2026-02-01', interval seq hour), null, '{"city": "Köln"}', null from seq_1_to_100;
insert into consents select seq, 'email', true, date_add('2026-02-01', interval seq hour) from seq_1_to_30
"""
SHOP = {
    "orders": {"table": "orders", "cursor": "updated_at", "deleted_after_hours": 0.000001, "columns": {
        "order_id": "id", "user_id": "customer_id", "ordered_at": "created_at", "amount": "total", "status": "state",
        "delivered_at": "shipped", "platform": "payload.city"}},
    "consents": {"table": "consents", "cursor": "updated_at", "deleted_after_hours": 0.000001, "columns": {
        "user_id": "customer_id", "channel": "channel", "purpose": {"constant": "marketing"}, "is_granted": "granted",
        "changed_at": "updated_at"}},
}  # fmt: skip


@pytest.fixture
def shop(mariadb_server: Server) -> Server:
    mariadb_server.run("drop table if exists orders, consents", *TABLES.split(";"))
    return mariadb_server


def rows(home: Home, table: str, columns: str) -> pl.DataFrame:
    with duck() as connection:
        landed = of_home.landed(home).tables[table]
        return connection.sql(f"select {columns} from {landed.scan} order by all").pl()


def counts(home: Home) -> dict[str, tuple[int, int]]:
    return {read.table: (read.rows, read.gone) for read in pull(home)}


def test_a_week_is_added_a_row_corrected_one_deleted_and_a_consent_withdrawn(shop: Server, make_home: MakeHome) -> None:
    home = make_home(shop, SHOP)
    assert counts(home) == {"orders": (100, 0), "consents": (30, 0)}
    columns = "order_id, user_id, ordered_at, amount, status, platform, refused_because"
    first = rows(home, "orders", columns).filter(pl.col("order_id") == "1").row(0)
    assert first == ("1", "2", datetime(2026, 2, 1, 1), pytest.approx(10.25), "paid", "Köln", None)
    assert rows(home, "consents", "email_consent")["email_consent"].to_list() == [True] * 30
    assert set(counts(home).values()) == {(0, 0)}
    before = newest_readings(home)["shop"]

    shop.run(
        "insert into orders (id, customer_id, created_at, total, state, updated_at) "
        "values (18446744073709551615, 5, utc_timestamp(), 99.95, 'paid', utc_timestamp(6))",
        "update orders set state = 'cancelled', updated_at = utc_timestamp(6) where id = 7",
        "delete from orders where id = 10",
        "update consents set granted = 0, updated_at = utc_timestamp(6) where customer_id = 4",
        "delete from consents where customer_id = 5",
    )
    assert counts(home) == {"orders": (2, 1), "consents": (1, 2)}
    assert set(counts(home).values()) == {(0, 0)}
    new = rows(home, "orders", "order_id, is_purchase, known_at").filter(pl.col("known_at") > before)
    purchases = dict(new.select("order_id", "is_purchase").rows())
    assert purchases == {"18446744073709551615": True, "7": False, "10": False}
    newest = rows(home, "consents", "user_id, counts_at, known_at, email_consent")
    for user in ("4", "5"):
        of_user = newest.filter(pl.col("user_id") == user).sort("counts_at", "known_at")
        assert of_user["email_consent"].to_list()[-1] is False, user


def test_a_date_of_zeros_is_none(shop: Server, make_home: MakeHome) -> None:
    with shop.engine() as engine, engine.connect() as connection:
        connection.exec_driver_sql("set sql_mode = ''")
        connection.exec_driver_sql("update orders set shipped = '0000-00-00 00:00:00' where id = 1")
    home = make_home(shop, SHOP)
    pull(home)
    assert rows(home, "orders", "delivered_at, refused_because").unique().rows() == [(None, None)]


def test_a_mapping_is_proposed(shop: Server, make_home: MakeHome, tmp_path: Path) -> None:
    make_home(shop, SHOP)  # which sets user and password
    assert map_files(tmp_path / "mapped", [shop.url], is_agreed=True, is_dry=False)
    (source,) = load_mapping(tmp_path / "mapped" / "mapping.yaml").sources
    assert {name: (made.table, made.cursor) for name, made in source.tables.items()} == {
        "orders": ("orders", "updated_at"), "consents": ("consents", "updated_at"),
    }  # fmt: skip


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"table": "ordres"}, r"source shop: ordres: there is no such table"),
        ({"table": None, "query": "select id from"}, r"its query: it cannot be asked like this"),
        ({"columns": {**SHOP["orders"]["columns"], "platform": "picture"}}, r"column picture holds bytes"),
    ],
)
def test_what_is_wrong_is_named(shop: Server, make_home: MakeHome, change: dict[str, object], message: str) -> None:
    shop.run("update orders set picture = 'x' where id = 5")
    home = make_home(shop, {"orders": {**SHOP["orders"], **change}})
    with pytest.raises(PullError, match=message):
        pull(home)


def test_a_wrong_password_and_a_server_that_is_gone(
    shop: Server, make_home: MakeHome, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = make_home(shop, SHOP)
    monkeypatch.setenv("CHURN_SOURCE_SHOP_PASSWORD", f"{PASSWORD}!")
    with pytest.raises(PullError, match=r"lets nobody in .*: set CHURN_SOURCE_SHOP_USER") as refused:
        pull(home)
    assert PASSWORD not in str(refused.value)
    with pytest.raises(PullError, match=r"the database does not answer"):
        pull(make_home(Server("mysql", 1)))
