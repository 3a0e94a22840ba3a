"""No cell of a list is a formula when a spreadsheet opens it, and nothing of a list is lost."""

from __future__ import annotations

import csv
import io
import re
import zipfile

import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from churn_assets.console.spreadsheets import as_csv, as_xlsx

TEXTS = st.text(st.characters(codec="utf-8", exclude_characters="\x00\r\n"), max_size=12)
STARTS = st.sampled_from(["", "=", "+", "-", "@", "\t", "\uff1d"])


@given(st.lists(st.tuples(STARTS, TEXTS, st.floats(-1e9, 1e9)), min_size=1, max_size=5))
def test_a_csv_holds_every_cell_and_no_formula(rows: list[tuple[str, str, float]]) -> None:
    frame = pl.DataFrame({"user_id": [start + text for start, text, _ in rows], "amount": [row[2] for row in rows]})
    content = as_csv(frame)
    assert content.startswith(b"\xef\xbb\xbf")
    read = list(csv.reader(io.StringIO(content.decode("utf-8-sig"), newline="")))
    assert read[0] == ["user_id", "amount"]
    for (text, amount), expected in zip(read[1:], frame.rows(), strict=True):
        assert text.removeprefix("'") == expected[0].removeprefix("'")
        assert not text.startswith(("=", "+", "-", "@", "\t", "\uff1d"))
        assert float(amount) == round(expected[1], 4), "a negative amount stays a number"


def test_an_xlsx_holds_texts_as_texts() -> None:
    frame = pl.DataFrame({
        "user_id": ["=1+1", "https://example.org", "00123", None], "amount": [-1.5, 2.0, None, 4.0],
        "by_chance": [True, False, None, True], "count": [1, 2, 3, 4],
    })  # fmt: skip
    with zipfile.ZipFile(io.BytesIO(as_xlsx(frame))) as archive:
        names = archive.namelist()
        sheet = archive.read("xl/worksheets/sheet1.xml").decode()
    assert "<f>" not in sheet
    assert not any("hyperlink" in archive_name or (archive_name.endswith(".rels") and "sheet" in archive_name)
                   for archive_name in names)  # fmt: skip
    assert re.findall(r"<t[^>]*>([^<]*)</t>", sheet) == [
        "user_id", "amount", "by_chance", "count", "=1+1", "https://example.org", "00123"
    ]  # fmt: skip
    assert re.findall(r'<c r="B\d"><v>([^<]*)</v>', sheet) == ["-1.5", "2", "4"]
