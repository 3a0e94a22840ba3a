"""Which files of a landing are read, how, and what is said of the others."""

from __future__ import annotations

import gzip
import os
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest
import zstandard

from churn_assets.landing import oddities
from churn_assets.landing.errors import LandingError
from churn_assets.landing.files import OF_NO_KIND, SPREADSHEET
from churn_assets.landing.inspect import survey
from churn_assets.settings import Landing
from tests.unit.landing.reading import FIXTURES, HEADER, LINE, NOW, read, rows

READ_FILES: dict[str, Callable[[str], bytes]] = {
    "a.csv": str.encode,
    "b.CSV": str.encode,
    "c.tsv": lambda text: text.replace(",", "\t").encode(),
    "d.csv.gz": lambda text: gzip.compress(text.encode()),
    "e.Csv.GZ": lambda text: gzip.compress(text.encode()),
    "f.tsv.gz": lambda text: gzip.compress(text.replace(",", "\t").encode()),
}
UNREAD_FILES = ("g.xlsx", "h.zip", "i.xml", "j.csv.bak", "k.csv~", "l", "m.parquet.gz", "n.avro", "o.orc", "readme.md")


def test_an_even_number_of_unclosed_quotes_is_named_with_its_line() -> None:
    with pytest.raises(LandingError, match=r"i\.csv, line 2: a quote is not closed"):
        read(FIXTURES / "quote-pairs-over-lines")


def test_the_folder_of_a_table_format_is_refused(tmp_path: Path) -> None:
    with pytest.raises(LandingError, match=r"orders is a Delta table: .* Export the table as Parquet"):
        read(FIXTURES / "delta-table-leftovers")
    for mark in ("metadata/v1.metadata.json", ".hoodie/hoodie.properties"):
        folder = tmp_path / mark.replace("/", "-")
        file = folder / "orders" / mark
        file.parent.mkdir(parents=True)
        file.touch()
        with pytest.raises(LandingError, match="Export the table as Parquet"):
            read(folder)


def test_every_file_is_read_or_named(tmp_path: Path) -> None:
    folder = tmp_path / "orders"
    folder.mkdir()
    for name, pack in READ_FILES.items():
        (folder / name).write_bytes(pack(HEADER + LINE.format(name)))
    objects = [{"order_id": n, "user_id": "u1", "ordered_at": "2026-11-01", "amount": 10} for n in ("p", "q")]
    (folder / "p.ndjson").write_text("\n".join(str(each).replace("'", '"') for each in objects))
    (folder / "r.json").write_text(str(objects).replace("'", '"').replace('"p"', '"r"').replace('"q"', '"s"'))
    pl.DataFrame({"order_id": ["t"], "user_id": ["u1"], "ordered_at": ["2026-11-01"], "amount": [1]}).write_parquet(
        folder / "t.Parquet"
    )
    (folder / "u.csv.zst").write_bytes(zstd(HEADER + LINE.format("u.csv.zst")))
    for name in UNREAD_FILES:
        (folder / name).write_text("something")
    for name in ("_SUCCESS", ".a.csv.crc", "_temporary/0/part.csv", ".hidden/x.csv"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(HEADER + LINE.format("hidden"))
    contents = read(tmp_path)
    names = [*READ_FILES, "p", "q", "r", "s", "t", "u.csv.zst"]
    assert rows(contents, "order_id") == [(name,) for name in sorted(names)]
    unread = {each.path.name: each.reason for each in contents.tables["orders"].unread}
    assert {name for name, reason in unread.items() if reason in (OF_NO_KIND, SPREADSHEET)} == set(UNREAD_FILES)
    hidden = {name for name, reason in unread.items() if "bookkeeping" in reason}
    assert hidden == {"_SUCCESS", ".a.csv.crc", "part.csv", "x.csv"}
    named = [str(finding) for finding in oddities.not_read(contents)]
    assert len(named) == len(UNREAD_FILES)
    assert any(f"{folder / 'g.xlsx'} is not read: a spreadsheet: save it as CSV" in line for line in named)


def test_a_spreadsheet_alone_is_named_too(tmp_path: Path) -> None:
    """Users in a spreadsheet were no users, without a word (until 2026-11-30)."""
    for table in ("orders", "users"):
        (tmp_path / table).mkdir()
        (tmp_path / table / f"{table}.xlsx").write_text("something")
    with pytest.raises(LandingError, match=r"orders/orders\.xlsx is a spreadsheet: save it as CSV"):
        read(tmp_path)
    (tmp_path / "orders" / "a.csv").write_text(HEADER + LINE.format("1"))
    named = [str(finding) for finding in oddities.not_read(read(tmp_path))]
    assert any("users.xlsx is not read: a spreadsheet" in line for line in named)
    (tmp_path / "consents").mkdir()
    (tmp_path / "consents" / "c.xls").write_text("something")
    with pytest.raises(LandingError, match="it may hold withdrawals"):
        read(tmp_path)


def zstd(text: str) -> bytes:
    return bytes(zstandard.ZstdCompressor().compress(text.encode()))


def test_links_are_followed_once(tmp_path: Path) -> None:
    folder, elsewhere = tmp_path / "landing" / "orders", tmp_path / "elsewhere"
    for place, name in ((folder / "2026-10", "a"), (elsewhere / "2026-11", "b")):
        place.mkdir(parents=True)
        (place / f"{name}.csv").write_text(HEADER + LINE.format(name))
    (folder / "2026-11").symlink_to(elsewhere / "2026-11")
    (folder / "again.csv").symlink_to(folder / "2026-10" / "a.csv")
    (folder / "2026-10" / "round").symlink_to(folder)
    contents = read(tmp_path / "landing")
    assert rows(contents, "order_id") == [("a",), ("b",)]
    assert {each.reason for each in contents.tables["orders"].unread} == {
        "the same file as another of this table", "a link to a folder it lies in",
    }  # fmt: skip


def test_a_link_that_leads_nowhere_is_named(tmp_path: Path) -> None:
    (tmp_path / "orders").mkdir()
    (tmp_path / "orders" / "a.csv").write_text(HEADER + LINE.format("a"))
    (tmp_path / "orders" / "b.csv").symlink_to(tmp_path / "gone.csv")
    with pytest.raises(LandingError, match=r"b\.csv is a link that leads nowhere"):
        read(tmp_path)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_folder_that_may_not_be_read_is_named(tmp_path: Path) -> None:
    (tmp_path / "orders" / "a").mkdir(parents=True)
    (tmp_path / "orders" / "a").chmod(0)
    with pytest.raises(LandingError, match="give this user the right to read it"):
        read(tmp_path)


def test_what_lies_beside_the_tables_is_named(tmp_path: Path) -> None:
    for name in ("orders", "order", "Users"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "a.csv").write_text(HEADER + LINE.format("a"))
    (tmp_path / "events.csv").write_text("x")
    found = {each.path.name: each.reason for each in read(tmp_path).unread}
    assert found == {
        "order": "not a folder of a raw table; did you mean the folder orders?",
        "Users": "not a folder of a raw table; did you mean the folder users?",
        "events.csv": "not a folder of a raw table; did you mean the folder events?",
    }


def test_no_file_among_the_consents_is_passed_over(tmp_path: Path) -> None:
    for table in ("orders", "consents"):
        (tmp_path / table).mkdir()
    (tmp_path / "orders" / "a.csv").write_text(HEADER + LINE.format("a"))
    (tmp_path / "consents" / "withdrawals.xlsx").write_text("x")
    with pytest.raises(LandingError, match=r"withdrawals\.xlsx lies among the consents and is not read .* withdrawals"):
        read(tmp_path)


def test_a_column_that_changes_its_name_is_named(tmp_path: Path) -> None:
    (tmp_path / "orders").mkdir()
    for number, column in ((1, "discount_amount"), (2, "discount_amount"), (9, "rebate"), (10, "rebate")):
        text = f"order_id,user_id,ordered_at,amount,{column}\n{number},u1,2026-11-01,10,1\n"
        (tmp_path / "orders" / f"{number}.csv").write_text(text)
    (finding,) = oddities.renamed(read(tmp_path).tables)
    assert "column discount_amount ends with 2.csv and rebate begins with 9.csv" in str(finding)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "gb18030", "latin-1"])
@pytest.mark.parametrize("rows", [3, 20_000], ids=["few", "more than a value may hold"])
def test_the_line_of_an_unclosed_quote_is_named_in_any_encoding(tmp_path: Path, encoding: str, rows: int) -> None:
    (tmp_path / "orders").mkdir()
    text = HEADER + LINE.format("o1") + '"' + "".join(LINE.format(f"p{number}") for number in range(rows))
    (tmp_path / "orders" / "a.csv").write_bytes(text.encode(encoding))
    with pytest.raises(LandingError, match=r"a\.csv, line 3: a quote is not closed"):
        survey(str(tmp_path), None, Landing(encoding=encoding), cache=tmp_path / "cache", now=NOW)


@pytest.mark.parametrize(("encoding", "name"), [("gb18030", "张三"), ("cp1252", "Müller"), ("utf-16", "Łukasz"),
                                                ("latin-1", "Å"), ("shift_jis", "田中")])  # fmt: skip
def test_encodings_are_a_setting(tmp_path: Path, encoding: str, name: str) -> None:
    (tmp_path / "landing" / "orders").mkdir(parents=True)
    text = f"order_id,user_id,ordered_at,amount\no1,{name},2026-11-01,10\n"
    (tmp_path / "landing" / "orders" / "a.csv").write_bytes(text.encode(encoding))
    with pytest.raises(LandingError, match=r"a\.csv is not UTF-8 .*: save it as UTF-8, or set landing\.encoding"):
        read(tmp_path / "landing")
    for _ in range(2):  # the second time from what is known of the file
        contents = survey(
            str(tmp_path / "landing"), None, Landing(encoding=encoding), cache=tmp_path / "cache", now=NOW
        )
        assert rows(contents, "user_id") == [(name,)]
