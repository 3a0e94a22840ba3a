"""The landing: what is read from files of every kind, and one message that names the file for what cannot be."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import polars as pl
import pytest

from churn_assets.duck import duck
from churn_assets.landing.contact import open_contacts
from churn_assets.landing.errors import LandingError
from churn_assets.landing.inspect import inspect

HEADER = "order_id,user_id,ordered_at,amount"
LINE = "o1,u1,2026-01-01 10:00:00,10.00"
GOOD = f"{HEADER}\n{LINE}\n"
Put = Callable[..., Path]


@pytest.fixture
def landing(tmp_path: Path) -> Path:
    return tmp_path / "it's a landing"  # a quote in a path must not end a SQL string


@pytest.fixture
def put(landing: Path) -> Put:
    """Write a file of the landing; returns it."""

    def write(name: str, content: str | bytes | pl.DataFrame) -> Path:
        file = landing / name
        file.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(content, pl.DataFrame):
            content.write_parquet(file)
        else:
            file.write_bytes(content if isinstance(content, bytes) else content.encode())
        return file

    return write


def order(number: object, amount: object = 10.0, **more: object) -> pl.DataFrame:
    return pl.DataFrame(
        {"order_id": [number], "user_id": ["u1"], "ordered_at": [datetime(2026, 1, 1)], "amount": [amount], **more}
    )


def rows(landing: Path, table: str = "orders") -> list[dict[str, object]]:
    """All rows that dbt would see, typed and written as text, sorted."""
    with duck() as connection:
        landed = inspect(str(landing))[table]
        listed = ", ".join(f"{name}::varchar as {name}" for name in landed.columns)  # by name, as the raw views do
        found = connection.execute(f"select {listed} from {landed.scan} order by all")
        names = [column[0] for column in found.description or []]
        return [dict(zip(names, row, strict=True)) for row in found.fetchall()]


def test_parquet_and_csv_in_nested_folders_are_one_table(landing: Path, put: Put) -> None:
    put("orders/2026/week=01/a.parquet", order("o1"))
    put("orders/b.parquet", order("o2", status=["completed"]))
    put("orders/late/c.csv", "order_id,user_id,ordered_at,amount,platform\no3,u1,2026-01-02,5,app\n")
    put("orders/notes.txt", "not a table")
    found = inspect(str(landing))["orders"]
    assert len(found.files) == 3
    assert [unread.path.name for unread in found.unread] == ["notes.txt"]
    assert found.columns == ("order_id", "user_id", "ordered_at", "amount", "status", "platform"), "in contract order"
    assert [(row["order_id"], row["status"], row["platform"]) for row in rows(landing)] == [
        ("o1", None, None), ("o2", "completed", None), ("o3", None, "app"),
    ]  # fmt: skip


def test_folder_names_are_no_columns(landing: Path, put: Put) -> None:
    put("orders/status=cancelled/a.parquet", order("o1"))
    put("orders/status=cancelled/b.csv", GOOD.replace("o1", "o2"))
    assert "status" not in inspect(str(landing))["orders"].columns


def test_columns_outside_the_contract_are_told_and_not_read(landing: Path, put: Put) -> None:
    put("orders/a.parquet", order("o1", colour=["red"]))
    found = inspect(str(landing))["orders"]
    assert found.unknown_columns == ("colour",)
    assert "colour" not in found.scan


def test_what_lies_within_a_nested_column_is_no_column(landing: Path, put: Put) -> None:
    put("orders/a.parquet", order("o1", tags=[["x"]], extra=[{"status": "void", "deep": [{"platform": "app"}]}]))
    found = inspect(str(landing))["orders"]
    assert found.columns == ("order_id", "user_id", "ordered_at", "amount")
    assert found.unknown_columns == ("extra", "tags")


def test_files_bytes_and_age_are_told(landing: Path, put: Put) -> None:
    files = [put("orders/a.csv", GOOD), put("orders/b.csv", GOOD)]
    found = inspect(str(landing))["orders"]
    assert (len(found.files), found.bytes) == (2, 2 * len(GOOD))
    assert found.newest_at == datetime.fromtimestamp(max(file.stat().st_mtime for file in files), UTC)


def test_the_landing_may_be_given_as_a_uri(landing: Path, put: Put) -> None:
    put("orders/a.csv", GOOD)
    assert set(inspect(f"file://{landing}")) == {"orders"}


@pytest.mark.parametrize(
    "content",
    [
        GOOD,
        GOOD.replace(",", ";"),
        GOOD.replace(",", "\t"),
        GOOD.replace(",", "|"),
        "\ufeff" + GOOD,
        GOOD.replace("\n", "\r\n"),
        GOOD.rstrip("\n"),
        GOOD.replace("order_id", " Order_ID "),
        GOOD.replace("o1", '"o1"'),
    ],
    ids=["comma", "semicolon", "tab", "pipe", "byte order mark", "CRLF", "no last newline", "spaces and capitals",
         "quoted value"],
)  # fmt: skip
def test_csv_dialects_give_the_same_row(landing: Path, put: Put, content: str) -> None:
    put("orders/a.csv", content)
    assert rows(landing) == [
        {"order_id": "o1", "user_id": "u1", "ordered_at": "2026-01-01 10:00:00", "amount": "10.0000"}
    ]


def test_csv_files_of_different_dialects_and_columns_lie_side_by_side(landing: Path, put: Put) -> None:
    put("orders/a.csv", GOOD)
    put("orders/b.csv", "user_id;amount;order_id;ordered_at\nu2;7,50;o2;2026-01-03\n")
    assert [(row["order_id"], row["user_id"], row["amount"]) for row in rows(landing)] == [
        ("o1", "u1", "10.0000"), ("o2", "u2", None),
    ]  # fmt: skip


def test_csv_values_stay_text_and_short_lines_are_padded(landing: Path, put: Put) -> None:
    put("orders/a.csv", f'{HEADER}\n0017,u1,"Jan, 1\nof 2026","say ""ten"""\no2,u2\n')
    with duck() as connection:
        found = connection.execute(f"select row_json from {inspect(str(landing))['orders'].scan} order by 1").fetchall()
    assert [json.loads(text) for (text,) in found] == [
        {"order_id": "0017", "user_id": "u1", "ordered_at": "Jan, 1\nof 2026", "amount": 'say "ten"'},
        {"order_id": "o2", "user_id": "u2", "ordered_at": None, "amount": None},
    ]


def test_types_may_differ_between_parquet_files(landing: Path, put: Put) -> None:
    put("orders/a.parquet", order(17, 10))
    put("orders/b.parquet", order("o2", 7.5))
    put("orders/c.csv", GOOD.replace("o1", "o3"))
    assert [(row["order_id"], row["amount"]) for row in rows(landing)] == [
        ("17", "10.0000"), ("o2", "7.5000"), ("o3", "10.0000"),
    ]  # fmt: skip


def truncated_parquet(put: Put) -> Path:
    whole = put("orders/b.parquet", order("o2"))
    whole.write_bytes(whole.read_bytes()[:-10])
    return whole


BROKEN: dict[str, tuple[Callable[[Put], Path], str]] = {
    "truncated Parquet": (truncated_parquet, "is not a readable Parquet file"),
    "text under a Parquet name": (lambda put: put("orders/b.parquet", GOOD), "is not a readable Parquet file"),
    "empty Parquet file": (lambda put: put("orders/b.parquet", b""), "is not a readable Parquet file"),
    "wrong header": (
        lambda put: put("orders/b.csv", "id,user,when,amount\n1,u1,2026-01-01,1\n"),
        "required column order_id, user_id, ordered_at of orders is missing; it has amount, id, user, when",
    ),
    "no header": (lambda put: put("orders/b.csv", LINE + "\n"), "required column order_id, user_id, ordered_at,"),
    "required column missing in Parquet": (
        lambda put: put("orders/b.parquet", order("o2").drop("amount")),
        "required column amount of orders is missing",
    ),
    "duplicated header": (
        lambda put: put("orders/b.csv", f"{HEADER},Amount\n{LINE},1\n"), "has a wrong header: column amount",
    ),
    "nameless column": (lambda put: put("orders/b.csv", f"{HEADER},\n{LINE},\n"), "column (without name)"),
    "Latin-1": (lambda put: put("orders/b.csv", GOOD.replace("u1", "Müller").encode("latin-1")), "UTF-8"),
    "Latin-1 in the header": (
        lambda put: put("orders/b.csv", GOOD.replace("amount", "amount,größe").encode("latin-1")), "UTF-8",
    ),
    "empty file": (lambda put: put("orders/b.csv", ""), "is empty: a file of separated values needs a header line"),
    "unclosed quote": (
        lambda put: put("orders/b.csv", f'{HEADER}\n"o1,u1,2026-01-01,1\n'), "line 2: a quote is not closed",
    ),
    "too long line": (lambda put: put("orders/b.csv", f"{GOOD}o2,u2,2026-01-01,10,0,0\n"), "cannot be read as CSV"),
}  # fmt: skip


@pytest.mark.parametrize("case", BROKEN)
def test_a_broken_file_is_named_with_its_cause(landing: Path, put: Put, case: str) -> None:
    break_file, cause = BROKEN[case]
    put("orders/a.csv", GOOD)
    put("orders/a.parquet", order("o1"))
    file = break_file(put)
    with pytest.raises(LandingError) as raised:
        inspect(str(landing))
    told = str(raised.value)
    assert str(file) in told
    assert cause in told
    assert told.startswith("landing: ")


def test_a_broken_file_of_an_optional_table_is_named_too(landing: Path, put: Put) -> None:
    put("orders/a.csv", GOOD)
    file = put("consents/x.csv", "user_id,channel\nu1,email\n")
    with pytest.raises(LandingError, match="required column purpose, is_granted, changed_at of consents") as raised:
        inspect(str(landing))
    assert str(file) in str(raised.value)


def test_a_missing_folder_is_named_with_its_setting(landing: Path) -> None:
    with pytest.raises(LandingError, match=r"is not a folder: .*landing\.uri") as raised:
        inspect(str(landing))
    assert str(landing) in str(raised.value)


@pytest.mark.parametrize("files", [(), ("users/a.csv",), ("orders/readme.md",)])
def test_missing_orders_are_named_with_the_place(landing: Path, put: Put, files: tuple[str, ...]) -> None:
    landing.mkdir()
    for name in files:
        put(name, "user_id\nu1\n")
    with pytest.raises(LandingError, match="no files for orders: expected") as raised:
        inspect(str(landing))
    assert str(landing / "orders") in str(raised.value)


def test_files_with_addresses_that_others_can_read_are_named(landing: Path, put: Put) -> None:
    put("orders/a.csv", GOOD)
    closed = put("users/a.csv", "user_id,email\nu1,planted@example.com\n")
    read = put("users/b.csv", "user_id,email\nu2,planted@example.org\n")
    closed.chmod(0o600)
    read.chmod(0o644)
    (told,) = open_contacts(inspect(str(landing)), landing)
    assert "holds email, and others than its owner can read 1 files of it" in told
    read.chmod(0o600)
    assert open_contacts(inspect(str(landing)), landing) == []
