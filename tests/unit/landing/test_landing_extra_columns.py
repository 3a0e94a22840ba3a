"""Extra columns of the files: typed where they are declared, whatever file has them; named where they are not."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest

from churn_assets.duck import duck
from churn_assets.landing.blocking import raise_blocking_findings
from churn_assets.landing.contents import LandingContents
from churn_assets.landing.errors import LandingError
from churn_assets.landing.inspect import survey
from churn_assets.landing.oddities import findings, unread_values
from churn_assets.landing.raw_views import show_raw
from churn_assets.landing.review import in_temp_tables, review_table
from churn_assets.settings import ExtraColumn, Landing
from tests.unit.landing.conftest import NOW

if TYPE_CHECKING:
    from tests.unit.landing.conftest import Shop

LEVEL = ExtraColumn(name="extra_level", table="users", kind="category", values=("gold", "1"))
POINTS = ExtraColumn(name="extra_points", table="users", kind="number")
HEADER = "order_id,user_id,ordered_at,amount\n"


@pytest.fixture
def mixed(shop: Shop) -> Shop:
    """Three formats, each with other extra columns."""
    shop.put("orders/a.csv", HEADER + "1,a,2026-10-01,10\n")
    shop.put("users/1.csv", "user_id,extra_level,extra_points\na, Gold ,12.5\nb,,many\n")
    shop.put("users/2.parquet", pl.DataFrame({"user_id": ["c"], "extra_level": [1.0], "extra_note": ["x"]}))
    shop.put("users/3.jsonl", '{"user_id": "d", "EXTRA_POINTS": 7}\n')
    return shop


def contents(shop: Shop, *extra: ExtraColumn, **settings: Any) -> LandingContents:
    return survey(str(shop.folder), None, Landing(**settings), extra, now=NOW)


def rows(read: LandingContents, columns: str) -> list[tuple[Any, ...]]:
    with duck() as connection:
        return connection.execute(f"select {columns} from {read.tables['users'].scan} order by all").fetchall()


def told(read: LandingContents) -> Sequence[str]:
    with duck() as connection:
        tables = in_temp_tables(connection, read)
        reviews = [review_table(connection, table) for table in tables.tables.values()]
        return [str(each) for each in (*findings(connection, tables), *unread_values(reviews))]


def test_declared_columns_are_typed_over_files_that_have_them_or_not(mixed: Shop) -> None:
    assert rows(contents(mixed, LEVEL, POINTS), "user_id, extra_level, extra_points, unread_columns") == [
        ("a", "Gold", Decimal("12.5"), None),
        ("b", None, None, "extra_points"),
        ("c", "1.0", None, None),
        ("d", None, Decimal(7), None),
    ]


def test_an_undeclared_column_stays_in_the_files_and_is_named_once(mixed: Shop) -> None:
    read = contents(mixed, POINTS)
    assert read.tables["users"].undeclared_extra == ("extra_level", "extra_note")
    (line,) = [each for each in told(read) if "undeclared" in each]
    assert "extra_level (2 of 3 files), extra_note (1 of 3 files)" in line
    raise_blocking_findings(read)


def test_without_a_declaration_the_rows_are_as_without_the_columns(mixed: Shop) -> None:
    read = contents(mixed)
    with duck() as connection:
        columns = [name for name, *_ in connection.execute(f"describe from {read.tables['users'].scan}").fetchall()]
    assert not [name for name in columns if name.startswith("extra_")]
    assert rows(read, "user_id, unread_columns") == [("a", None), ("b", None), ("c", None), ("d", None)]


def test_a_number_that_cannot_be_read_is_counted(mixed: Shop) -> None:
    assert any("extra_points could not be read in 1 of 4 rows" in line for line in told(contents(mixed, POINTS)))


def test_words_that_no_declaration_lists_are_counted(mixed: Shop) -> None:
    other = ExtraColumn(name="extra_level", table="users", kind="category", values=("silver", "1"))
    assert not [line for line in told(contents(mixed, LEVEL)) if "does not list" in line]
    (line,) = [line for line in told(contents(mixed, other)) if "does not list" in line]
    assert "1 of 2 rows with extra_level have a word that features.extra does not list: Gold (1)" in line


@pytest.mark.parametrize(
    ("name", "table", "hint"),
    [
        ("extra_levels", "users", r" \(did you mean extra_level\?\)"),
        ("extra_x", "users", ""),
        ("extra_x", "orders", ""),
    ],
)
def test_a_declared_column_that_no_file_has_stops_a_run(mixed: Shop, name: str, table: Any, hint: str) -> None:
    declared = ExtraColumn(name=name, table=table, kind="number")
    with pytest.raises(LandingError, match=f"declares {name}, which no file of {table} has{hint}. Name it as"):
        raise_blocking_findings(contents(mixed, declared))


def test_a_table_without_files_has_its_declared_columns_too(shop: Shop) -> None:
    shop.put("orders/a.csv", HEADER + "1,a,2026-10-01,10\n")
    with duck() as connection:
        show_raw(connection, contents(shop, POINTS).tables, [POINTS])
        described = {name: kind for name, kind, *_ in connection.execute("describe raw.users").fetchall()}
    assert described["extra_points"] == "DECIMAL(28,9)"


def test_a_new_extra_column_is_no_renaming(shop: Shop) -> None:
    shop.put("orders/a.csv", HEADER.strip() + ",platform\n1,a,2026-10-01,10,web\n")
    shop.put("orders/b.csv", HEADER.strip() + ",extra_store\n2,a,2026-10-02,10,north\n")
    assert not [line for line in told(contents(shop)) if "ends with" in line]


def test_two_contents_that_differ_in_a_declared_column_contradict_each_other(shop: Shop) -> None:
    """And the cache does not answer with what was found when nothing was declared."""
    shop.put("orders/a.csv", HEADER + "1,a,2026-10-01,10\n")
    for number in (1, 2):
        file = f"user_id,ingested_at,extra_points\na,2026-10-01,{number}\n"
        shop.put(f"users/{number}.csv", file)
    cache = shop.folder.parent / "cache"
    undeclared = survey(str(shop.folder), None, Landing(), cache=cache, now=NOW)
    declared = survey(str(shop.folder), None, Landing(), [POINTS], cache=cache, now=NOW)
    assert undeclared.tables["users"].conflicts.replaced == 0
    assert declared.tables["users"].conflicts.replaced == 1
    assert rows(declared, "extra_points, is_replaced") == [(Decimal(1), True), (Decimal(2), False)]
