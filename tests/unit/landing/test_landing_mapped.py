"""Rows of other systems' files as raw tables: each way in which mapping.yaml can make a column, and what is refused."""

from __future__ import annotations

import os
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from churn_assets.duck import duck
from churn_assets.landing.contents import LandedTable
from churn_assets.landing.errors import LandingError
from churn_assets.landing.inspect import inspect, survey
from churn_assets.landing.mapped import Foreign
from churn_assets.settings.landing import Landing
from churn_assets.settings.mapping import mapping_of

NOW = datetime(2026, 11, 20, 12)
ORDER = {"order_id": "No", "user_id": "Who", "ordered_at": "When", "amount": "Sum"}


def landed(folder: Path, source: Mapping[str, Any], options: Landing | None = None) -> dict[str, LandedTable]:
    """Tables made of one source, which needs no landing folder."""
    mapping = mapping_of({"sources": [{"name": "theirs", **source}]}, folder / "mapping.yaml")
    foreign = Foreign(mapping, folder)
    contents = survey(
        str(folder / "landing"), None, options, now=NOW, cache=folder / "cache", foreign=foreign, needs_orders=False
    )
    return dict(contents.tables)


def rows(table: LandedTable, columns: str = "*", where: str = "refused_because is null") -> list[tuple[Any, ...]]:
    with duck() as connection:
        return connection.execute(f"select {columns} from {table.scan} where {where} order by all").fetchall()


def made(folder: Path, text: str, column: Any, to: str = "status", **source: Any) -> list[Any]:
    """What a column of orders becomes."""
    (folder / "orders.csv").write_text(text)
    columns = {
        "order_id": "No",
        "user_id": "Who",
        "ordered_at": {"constant": "2026-11-01"},
        "amount": {"constant": "1"},
    }
    table = {"columns": columns | {to: column}}
    orders = landed(folder, {"files": "orders.csv", **source, "tables": {"orders": table}})["orders"]
    return [value for (value,) in rows(orders, to)]


@pytest.mark.parametrize(("cells", "column", "becomes"), [
    ("paid", "Word", "paid"),
    ("paid", {"column": "WORD"}, "paid"),
    ("x", {"constant": "completed"}, "completed"),
    (" ", {"first_of": ["Word", "Other"]}, "other"),
    ("a", {"first_of": ["No such column", "Word"]}, "a"),
    ("a", {"join": ["Word", "Other"], "between": "/"}, "a/other"),
    ("", {"join": ["Word", "Other"]}, None),
    (" Ann@X.org ", {"hash": "Word"}, "18f2e8e4a57cd9e9f5ecf0a3b2d7c9a1"),
    ("", {"hash": "Word"}, None),
    ("PAID ", {"column": "Word", "words": {"Paid": "completed"}}, "completed"),
    ("odd", {"column": "Word", "words": {"paid": "completed"}}, "odd"),
    ("odd", {"column": "Word", "words": {"paid": "completed"}, "otherwise": "cancelled"}, "cancelled"),
    ('{""a"": {""b"": [""x"", ""y""]}}', "Word.a.b.1", "y"),
    ("{broken", "Word.a.b", None),
])  # fmt: skip
def test_a_text_is_made_as_stated(tmp_path: Path, cells: str, column: Any, becomes: str | None) -> None:
    values = made(tmp_path, f'No,Who,Word,Other\n1,7,"{cells}",other\n', column)
    if isinstance(column, dict) and "hash" in column and becomes:
        assert (len(values[0]), values) == (32, made(tmp_path, "No,Who,Word\n1,7,ann@x.org\n", column))
    else:
        assert values == [becomes]


@pytest.mark.parametrize(("cell", "column", "becomes"), [
    ("03.11.2026 10:11", {"format": "%d.%m.%Y %H:%M"}, datetime(2026, 11, 3, 9, 11)),
    ("11/03/26 04:11 PM", {"format": "%m/%d/%y %I:%M %p"}, datetime(2026, 11, 3, 15, 11)),
    ("1793700000", {"epoch": "seconds"}, datetime(2026, 11, 3, 10)),
    ("1793700000123", {"epoch": "milliseconds"}, datetime(2026, 11, 3, 10, 0, 0, 123000)),
    ("2026-11-03T10:00:00+02:00", {}, datetime(2026, 11, 3, 8)),
])  # fmt: skip
def test_a_time_is_read_as_stated_in_the_zone_of_its_source(
    tmp_path: Path, cell: str, column: dict[str, str], becomes: datetime
) -> None:
    text = f"No,Who,When\n1,7,{cell}\n"
    assert made(tmp_path, text, {"column": "When", **column}, "ordered_at", time_zone="Europe/Berlin") == [becomes]


def test_a_time_in_another_form_is_refused_by_name_and_stays_as_written(tmp_path: Path) -> None:
    (tmp_path / "o.csv").write_text("No,Who,When,Sum\n1,7,03.11.2026,5\n2,7,2026 or so,5\n")
    columns = ORDER | {"ordered_at": {"column": "When", "format": "%d.%m.%Y"}}
    orders = landed(tmp_path, {"files": "o.csv", "tables": {"orders": {"columns": columns}}})["orders"]
    (refused,) = rows(orders, "refused_because, row_json", "refused_because is not null")
    assert refused[0] == "ordered_at is not a timestamp"
    assert "2026 or so" in refused[1]
    assert orders.rows == 2, "both are counted"


def test_numbers_are_in_the_notation_of_their_source_and_lines_add_up(tmp_path: Path) -> None:
    (tmp_path / "bon.csv").write_text("No;Who;When;Price;Pieces\n1;7;2026-11-01;€ 1.004,50;2\n1;7;2026-11-01;0,50;1\n")
    columns = ORDER | {"amount": {"multiply": ["Price", "Pieces"]}}
    source = {"files": "bon.csv", "decimal_separator": ",", "thousands_separator": ".", "currency_signs": ["€"],
              "tables": {"orders": {"columns": columns, "repeated_ids": "lines"}}}  # fmt: skip
    assert [float(value) for (value,) in rows(landed(tmp_path, source)["orders"], "amount")] == [2009.5]
    cents = made(tmp_path, "No,Who,Cents\n1,7,1950\n", {"column": "Cents", "divide_by": 100}, "amount")
    assert [float(value) for value in cents] == [19.5]


def test_a_consent_without_a_time_counts_from_the_day_of_its_file_on(tmp_path: Path) -> None:
    """Never before: nobody said yes in the past because an export of today says so."""
    dated, other = tmp_path / "list_2026-11-02.csv", tmp_path / "list_b.csv"
    for file in (dated, other):
        file.write_text("Who,News\n7,yes\n8,no\n")
    os.utime(other, (0, datetime(2026, 11, 5, 8, tzinfo=UTC).timestamp()))
    columns = {
        "user_id": "Who", "channel": {"constant": "email"}, "purpose": {"constant": "direct_marketing"},
        "is_granted": "News", "changed_at": {"file_time": True},
    }  # fmt: skip
    consents = landed(tmp_path, {"files": "list_*.csv", "tables": {"consents": {"columns": columns}}})["consents"]
    assert {at for (at,) in rows(consents, "changed_at")} == {datetime(2026, 11, 3), datetime(2026, 11, 5, 8)}


def test_an_order_that_is_repeated_on_each_line_is_one(tmp_path: Path) -> None:
    (tmp_path / "o.csv").write_text(
        "No,Who,When,Sum,Sku\n1,7,2026-11-01,9.00,a\n1,7,2026-11-01,9.00,b\n2,8,2026-11-02,4.00,c\n"
    )
    tables = {
        "orders": {"once_per": "No", "columns": ORDER},
        "order_items": {"columns": {"order_id": "No", "product_id": "Sku"}},
    }
    both = landed(tmp_path, {"files": "o.csv", "tables": tables})
    assert rows(both["orders"], "order_id, cast(amount as double)") == [("1", 9.0), ("2", 4.0)]
    assert (both["orders"].rows, both["order_items"].rows) == (2, 3)


def test_rows_of_another_kind_are_left_to_their_table(tmp_path: Path) -> None:
    (tmp_path / "o.csv").write_text("No,Who,When,Sum,Kind\n1,7,2026-11-01,9,Sale\n2,8,2026-11-02,4,refund\n3,8,,4,\n")
    only = {"Kind": ["sale", "order"], "When": "filled"}
    orders = landed(tmp_path, {"files": "o.csv", "tables": {"orders": {"only": only, "columns": ORDER}}})["orders"]
    assert [key for (key,) in rows(orders, "order_id")] == ["1"]
    assert orders.rows == 1


def test_each_element_of_a_list_is_a_row(tmp_path: Path) -> None:
    (tmp_path / "o.json").write_text(
        '{"no": 1, "items": [{"sku": "a", "n": 2}, {"sku": "b", "n": 1}]}\n{"no": 2, "items": []}\n{"no": 3}\n'
    )
    columns = {"order_id": "no", "product_id": "items.sku", "quantity": "items.n"}
    lines = landed(tmp_path, {"files": "o.json", "tables": {"order_items": {"each": "items", "columns": columns}}})
    assert rows(lines["order_items"], "order_id, product_id, cast(quantity as int)") == [("1", "a", 2), ("1", "b", 1)]


def test_a_parquet_file_keeps_its_types_and_a_struct_has_keys(tmp_path: Path) -> None:
    frame = pl.DataFrame(
        {"No": [2**53 + 1], "Who": [7], "When": [datetime(2026, 11, 1)], "Pay": [{"sum": 9.5, "by": "card"}]}
    )
    frame.write_parquet(tmp_path / "o.parquet")
    columns = ORDER | {"amount": "Pay.sum", "platform": "Pay.by"}
    orders = landed(tmp_path, {"files": "o.parquet", "tables": {"orders": {"columns": columns}}})["orders"]
    read = rows(orders, "order_id, user_id, ordered_at, cast(amount as double), platform")
    assert read == [("9007199254740993", "7", datetime(2026, 11, 1), 9.5, "card")]


def test_lines_before_the_header_and_another_encoding_are_read(tmp_path: Path) -> None:
    (tmp_path / "o.csv").write_bytes(
        "导出时间：2026-11-01\n订单,买家,时间,金额\n1,张三1,2026-11-01,5\n".encode("gb18030")
    )
    columns = {"order_id": "订单", "user_id": "买家", "ordered_at": "时间", "amount": "金额"}
    source = {"files": "o.csv", "encoding": "gb18030", "skip_lines": 1, "tables": {"orders": {"columns": columns}}}
    assert rows(landed(tmp_path, source)["orders"], "order_id, user_id") == [("1", "张三1")]


@pytest.mark.parametrize(("files", "columns", "message"), [
    ("none_*.csv", ORDER, "source theirs: no file matches"),
    ("none.csv", ORDER, "none.csv is not a file; correct files in mapping.yaml"),
    ("o.csv", ORDER | {"amount": "Summ"}, "has no column Summ; did you mean sum? (mapping.yaml)"),
    ("o.csv", ORDER | {"amount": {"multiply": ["Sum", "Pieces"]}}, "has no column Pieces; it has"),
    ("o.xlsx", ORDER, "o.xlsx is not read"),
])  # fmt: skip
def test_what_cannot_be_read_is_named_with_source_and_file(
    tmp_path: Path, files: str, columns: dict[str, Any], message: str
) -> None:
    (tmp_path / "o.csv").write_text("No,Who,When,Sum\n1,7,2026-11-01,5\n")
    (tmp_path / "o.xlsx").write_bytes(b"PK")
    with pytest.raises(LandingError, match=r"^landing: ") as error:
        landed(tmp_path, {"files": files, "tables": {"orders": {"columns": columns}}})
    assert message in str(error.value)


def test_a_column_that_some_files_lack_is_unknown_in_them(tmp_path: Path) -> None:
    (tmp_path / "o_1.csv").write_text("No,Who,When,Sum\n1,7,2026-11-01,5\n")
    (tmp_path / "o_2.csv").write_text("No,Who,When,Sum,State\n2,7,2026-11-02,5,paid\n")
    columns = ORDER | {"status": "State"}
    orders = landed(tmp_path, {"files": "o_*.csv", "tables": {"orders": {"columns": columns}}})["orders"]
    assert rows(orders, "order_id, status") == [("1", None), ("2", "paid")]


CELLS = st.text(st.characters(codec="utf-8", exclude_characters='"\r\n\0', exclude_categories=["Cs"]), max_size=8)


@settings(max_examples=25, deadline=None)
@given(cells=st.lists(st.tuples(CELLS, CELLS, CELLS, CELLS, CELLS), min_size=1, max_size=12))
def test_columns_as_they_stand_are_read_as_if_the_file_lay_in_the_landing(
    tmp_path_factory: pytest.TempPathFactory, cells: list[tuple[str, ...]]
) -> None:
    """Every row, refused or not, with its reason: a mapping is no second reader with rules of its own."""
    folder = tmp_path_factory.mktemp("same")
    names = ("order_id", "user_id", "ordered_at", "amount", "status")
    lines = [",".join(f'"{cell}"' for cell in row) for row in cells]
    text = "\n".join([",".join(names), *lines]) + "\n"
    (folder / "landing" / "orders").mkdir(parents=True)
    (folder / "landing" / "orders" / "o.csv").write_text(text)
    (folder / "o.csv").write_text(text)
    everything = "* exclude (file)"
    direct = inspect(str(folder / "landing"), now=NOW)["orders"]
    read_directly = rows(direct, everything, "true")
    (folder / "landing" / "orders" / "o.csv").unlink()
    columns = dict.fromkeys(names, "")
    source = {"files": "o.csv", "tables": {"orders": {"columns": {name: name for name in columns}}}}
    mapped = landed(folder, source)["orders"]
    assert rows(mapped, everything, "true") == read_directly
    assert mapped.rows == direct.rows
