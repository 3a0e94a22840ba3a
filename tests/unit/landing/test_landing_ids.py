"""One form of an id, in Python and in SQL alike, whatever wrote it; and none where nobody can tell which it was."""

from __future__ import annotations

import duckdb
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from churn_assets.contracts.blanks import BLANKS
from churn_assets.duck import duck
from churn_assets.landing.errors import LandingError
from churn_assets.landing.ids import EXACT, NO_VALUE, RoundedId, bare_sql, canonical_id, id_sql, no_value_sql, same_id
from tests.unit.landing.conftest import Shop

ROUNDED = "rounded"
FORMS = {
    "5501": ["5501", "5501\t", " 5501 ", '="5501"', "'5501", "'5501'", "5501.0", "5501.", "5501.00", "5.501E+3",
             "5.5010e+03", "5.501e3", "\u200b5501\ufeff", "5501\r\n", '="5501.0"', "=5501", '"5501"'],
    "0017": ["0017", '="0017"', "'0017", "0017 "],
    "-7": ["-7", "-7.0"],
    "0": ["0", "0.0"],
    "007.0": ["007.0"],  # nobody writes a float like this: part of the id
    "7.5": ["7.5"],
    "1e5": ["1e5"],  # without a sign: letters and digits, as in a hash
    "90071992547409931": ["90071992547409931"],
    str(EXACT): [f"{EXACT}.0"],
    "Ü7": [" Ü7"],
    ROUNDED: ["1.63E+17", "1E+05", "1.2e3", f"{EXACT + 1}.0", "9.007199254740994e+16", "1.5e+400"],
}  # fmt: skip
FORMS_OF_NOTHING = ["", "  ", "\t", '=""', "'", *NO_VALUE, "NULL", "NaN", "None", "\\N", "#N/A"]


def in_sql(connection: duckdb.DuckDBPyConnection, text: str) -> str | None:
    sql = f"select {id_sql('text')}, {no_value_sql(bare_sql('text'))} from (select ?::varchar as text)"
    row = connection.execute(sql, [text]).fetchone()
    assert row is not None
    found, is_nothing = row
    assert found is None or not is_nothing
    return None if is_nothing else found or ROUNDED


def in_python(text: str) -> str | None:
    try:
        return canonical_id(text)
    except RoundedId:
        return ROUNDED


@pytest.mark.parametrize(("form", "wanted"), [(form, wanted) for wanted, forms in FORMS.items() for form in forms])
def test_every_form_of_an_id_is_one_id(form: str, wanted: str) -> None:
    with duck() as connection:
        assert (in_python(form), in_sql(connection, form)) == (wanted, wanted)


def test_a_rounded_id_is_refused_with_what_to_do() -> None:
    with pytest.raises(RoundedId, match=r"'1.63E\+17' is a rounded number .*: give the id with all its digits"):
        canonical_id("1.63E+17")


@pytest.mark.parametrize("form", FORMS_OF_NOTHING)
def test_words_for_no_value_are_no_id(form: str) -> None:
    with duck() as connection:
        assert (in_python(form), in_sql(connection, form)) == (None, None)


PARTS = st.sampled_from([*BLANKS[:40:3], "\u2003", "=", '"', "'", ".", "0", "1", "7", "E+", "e", "-", "null", "Ä", "x"])


@given(st.lists(PARTS, max_size=9).map("".join))
def test_python_and_sql_say_the_same(text: str) -> None:
    with duck() as connection:
        assert in_python(text) == in_sql(connection, text), repr(text)


@given(st.lists(PARTS, max_size=9).map("".join))
def test_a_canonical_id_stays_what_it_is(text: str) -> None:
    found = in_python(text)
    if found not in (None, ROUNDED):
        assert same_id(found) == found or found.startswith(("'", '"', "=")), repr(text)


@pytest.mark.parametrize(
    ("ids", "wanted"),
    [
        (pl.Series([5501], dtype=pl.Int64), "5501"),
        (pl.Series([5501.0], dtype=pl.Float64), "5501"),
        (pl.Series([5501.0], dtype=pl.Float32), "5501"),
        (pl.Series(["5501.00"]).cast(pl.Decimal(10, 2)), "5501"),
        (pl.Series([b"5501"], dtype=pl.Binary), "5501"),
        (pl.Series(["5501.0\t"]), "5501"),
    ],
    ids=["whole number", "double", "float", "decimal", "binary", "text"],
)
def test_types_of_files_give_the_same_id(shop: Shop, ids: pl.Series, wanted: str) -> None:
    shop.put("orders/a.parquet", pl.DataFrame({"order_id": ids, "user_id": ids}).with_columns(
        ordered_at=pl.lit("2026-11-01 10:00:00"), amount=pl.lit(1.0)))  # fmt: skip
    assert shop.rows("orders", "order_id, user_id") == [(wanted, wanted)]


@pytest.mark.parametrize("number", [float(EXACT) * 2, 7.5, float("inf")])
def test_a_float_that_is_no_id_is_refused(shop: Shop, number: float) -> None:
    frame = pl.DataFrame({"order_id": ["o1"], "user_id": [number], "ordered_at": ["2026-11-01"], "amount": [1.0]})
    shop.put("orders/a.parquet", frame)
    assert shop.refused("orders") == [("o1", "user_id is a rounded number")]


def test_whole_numbers_in_one_file_and_floats_in_another_are_named(shop: Shop) -> None:
    frame = pl.DataFrame({"order_id": ["o1"], "user_id": [7], "ordered_at": ["2026-11-01"], "amount": [1.0]})
    whole = shop.put("orders/a.parquet", frame)
    floats = shop.put("orders/b.parquet", frame.with_columns(pl.col("user_id").cast(pl.Float64)))
    with pytest.raises(LandingError) as raised:
        shop.rows("orders")
    assert f"user_id holds whole numbers in {whole} and floats in {floats}" in str(raised.value)
    assert "int64" in str(raised.value)
