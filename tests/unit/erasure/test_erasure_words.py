"""An id is found as a word of its own in every kind of file, and nothing else is touched."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path

import polars as pl
import pytest

from churn_assets.duck import duck
from churn_assets.erasure import files, landing, raw_files, sqlite
from churn_assets.erasure.traces import Traces
from churn_assets.erasure.warehouse_tables import NAMES_THEM, find_names

KEY = "0123456789abcdef" * 2
TEXTS = [
    # user, text, whether the user is named
    ("u12", "u12", True),
    ("u12", "of u12, and", True),
    ("u12", '{"user_id": "u12"}', True),
    ("u12", "u12@2026-11-02", True),
    ("u12", "u123", False),
    ("u12", "xu12", False),
    ("u12", "u12-3", False),
    ("u12", "u12_3", False),
    ("a.b@c.org", "to a.b@c.org now", True),
    ("a.b@c.org", "to axb@c.org now", False),
    ("张3", json.dumps({"user_id": "张3"}), True),
    # A number or a plain word means other things too, unless it is named.
    ("17", "17 rows", False),
    ("17", "user_id: 17, rows: 17", True),
    ("17", "user_id: 170", False),
    ("17", r"{\"user_id\": \"17\"}", True),
    ("anna", "anna said", False),
    ("anna", "user_id=anna", True),
]


def traces(user: str, **more: frozenset[str]) -> Traces:
    return Traces(frozenset([user]), **more)


@pytest.mark.parametrize(("user", "text", "is_named"), TEXTS)
def test_python_duckdb_and_polars_find_the_same(user: str, text: str, is_named: bool) -> None:
    found = traces(user)
    with duck() as connection:
        find_names(connection, found)
        row = connection.execute(f"select {NAMES_THEM}($1)", [text]).fetchone()
    assert row == (is_named,)
    assert found.is_in(text) == is_named
    assert found.words.in_texts(pl.Series(["u999", text, None])).to_list() == [False, is_named, False]
    assert (found.without(text) != text) == is_named


def test_the_name_goes_and_the_rest_stays() -> None:
    assert traces("u12").without('{"a": "u12", "b": "u123"}') == '{"a": "erased", "b": "u123"}'
    assert json.loads(traces("17").without('{"user_id": 17, "rows": 17}')) == {"user_id": None, "rows": 17}
    assert json.loads(traces("17").without('{"user_id": "17"}')) == {"user_id": "erased"}
    with_address = traces("u12", addresses=frozenset(["u12@x.org", "+491234567"]))
    assert with_address.without("u12@x.org +491234567 +4912345678") == "erased erased +4912345678"
    assert traces("u12", keys=frozenset([KEY])).without(f"{KEY} {KEY}0") == f"erased {KEY}0"


def test_nobody_is_in_no_text() -> None:
    assert not Traces(frozenset()).is_in("u12")
    assert Traces(frozenset()).without("u12") == "u12"


def test_a_line_goes_and_a_page_loses_the_name(tmp_path: Path) -> None:
    contents = {
        "a.log": ("one u12\ntwo u123\n", "two u123\n"),
        "b.html": ("<p>u12</p>\r\n<p>u123</p>", "<p>erased</p>\r\n<p>u123</p>"),
        "c.csv": ('key,body\nk1,"for\nu12"\nk2,"for\nu123"\n', 'key,body\nk2,"for\nu123"\n'),
        "d.json": ('{"u123": 1}', '{"u123": 1}'),
    }
    for name, (before, after) in contents.items():
        file = tmp_path / name
        file.write_text(before, newline="")
        file.chmod(0o600)
        assert files.lines_in(file, traces("u12")) == (before != after), name
        files.remove(file, traces("u12"))
        assert file.read_bytes().decode() == after, name
        assert file.stat().st_mode & 0o777 == 0o600
        assert files.lines_in(file, traces("u12")) == 0, name


def test_a_page_about_the_user_goes_whole_and_what_is_no_text_is_left_and_told(tmp_path: Path) -> None:
    page, picture = tmp_path / "explain_u12.html", tmp_path / "plot.png"
    page.write_text("nothing\n")
    picture.write_bytes(b"\x89PNG u12 \xff")
    (tmp_path / "explain_u123.html").write_text("nothing\n")
    for file in list(tmp_path.iterdir()):
        files.remove(file, traces("u12"))
    assert sorted(file.name for file in tmp_path.iterdir()) == ["explain_u123.html", "plot.png"]
    assert files.lines_in(picture, traces("u12")) == 1


def test_raw_files_lose_the_rows_and_keep_time_types_and_every_other_byte(tmp_path: Path) -> None:
    users = traces("17", orders=frozenset(["o1"]))
    rows = tmp_path / "orders" / "b.csv"
    items, typed = tmp_path / "order_items" / "a.parquet", tmp_path / "orders" / "a.parquet"
    for file in (rows, items, typed):
        file.parent.mkdir(exist_ok=True)
    rows.write_bytes(b'\xef\xbb\xbfOrder_ID;User_ID;note\r\no1; 17 ;"a\r\nb"\r\no2;170;\xff 17\r\n')
    pl.DataFrame({"order_id": ["o1", "o2"], "product_id": ["p", "p"]}).write_parquet(items)
    pl.DataFrame(
        {"ORDER_ID": ["o1", "o3"], "User_ID": [17, 170]}, schema_overrides={"User_ID": pl.Int16}
    ).write_parquet(typed)
    times = [file.stat().st_mtime_ns for file in (rows, items, typed)]
    assert [raw_files.rows_in(file, users) for file in (rows, items, typed)] == [1, 1, 1]
    landing.remove([rows, items, typed], users)
    assert [raw_files.rows_in(file, users) for file in (rows, items, typed)] == [0, 0, 0]
    assert rows.read_bytes() == b"\xef\xbb\xbfOrder_ID;User_ID;note\r\no2;170;\xff 17\r\n"
    assert pl.read_parquet(items)["order_id"].to_list() == ["o2"]
    assert pl.read_parquet(typed).rows() == [("o3", 170)]
    assert pl.read_parquet(typed).schema["User_ID"] == pl.Int16
    assert [file.stat().st_mtime_ns for file in (rows, items, typed)] == times


def test_databases_lose_rows_or_names_and_what_was_deleted_is_not_in_the_file(tmp_path: Path) -> None:
    file = tmp_path / "record.sqlite"
    with closing(sqlite3.connect(file)) as connection:
        connection.executescript(f"""
        pragma journal_mode = wal;
        create table outbox (message_key text primary key, user_id text, payload text);
        create table attempts (message_key text, detail text);
        create table events (body text, extra blob);
        create trigger never before update of payload on outbox begin select raise(abort, 'never'); end;
        insert into outbox values ('{KEY}', 'u12', 'secret'), ('k2', 'u123', 'of u123'), ('k3', 'u9', 'of u12');
        insert into attempts values ('{KEY}', 'gone'), ('k2', 'stays');
        insert into events values ('["u12", "u123"]', x'753132'), ('u123', null);
        """)
    users = traces("u12", keys=frozenset(sqlite.keys_in(file, frozenset(["u12"]))))
    assert users.keys == {KEY}
    assert sqlite.rows_in(file, users) == {"outbox": 2, "attempts": 1, "events": 1}
    sqlite.remove(file, users, with_rows=True)
    with closing(sqlite3.connect(file)) as connection:
        rows = [connection.execute(f"select * from {table}").fetchall() for table in ("outbox", "attempts", "events")]
    assert rows == [
        [("k2", "u123", "of u123"), ("k3", "u9", "of u12")],
        [("k2", "stays")],
        [('["erased", "u123"]', b"erased"), ("u123", None)],
    ]
    assert sqlite.rows_in(file, users)["outbox"] == 1, "what a trigger protects is left, and told"
    assert b"secret" not in b"".join(each.read_bytes() for each in tmp_path.iterdir())
