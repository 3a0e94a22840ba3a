"""A list as CSV or XLSX. No cell is a formula or a link, whatever a user's id or a reason's sentence begins with."""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

import polars as pl

from churn_assets.delivery.cells import BOM, csv_record, safe_cells
from churn_assets.failures import Failure

CSV, XLSX = "text/csv; charset=utf-8", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
DIGITS = 4  # of amounts, as budgets are counted, and of probabilities
MOST_ROWS = 1_048_575  # of a sheet of XLSX, less the heading
TOO_LONG = "An XLSX sheet takes {most:,} rows, and this list has {rows:,}: take it as CSV."


class TooLong(Failure, ValueError, code="access"):
    """More rows than a sheet takes."""


def as_csv(rows: pl.DataFrame) -> bytes:
    # A negative number begins with a minus and is no formula: only texts get an apostrophe.
    whole = rows.with_columns(safe_cells(pl.col(pl.String)), pl.col(pl.Float64).round(DIGITS))
    body = whole.write_csv(include_header=False, quote_style="always", line_terminator="\r\n")
    return BOM.encode() + csv_record(*rows.columns) + body.encode()


def as_xlsx(rows: pl.DataFrame) -> bytes:
    """Raises TooLong."""
    import xlsxwriter  # noqa: PLC0415 - 0.1 s, for whoever asks for a spreadsheet

    if rows.height > MOST_ROWS:
        raise TooLong(TOO_LONG.format(most=MOST_ROWS, rows=rows.height))
    file = io.BytesIO()
    plain = {"strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    with xlsxwriter.Workbook(file, {"constant_memory": True, **plain}) as book:
        sheet = book.add_worksheet()
        for place, row in enumerate([rows.columns, *rows.with_columns(pl.col(pl.Float64).round(DIGITS)).iter_rows()]):
            for column, value in enumerate(row):
                _write(sheet, place, column, value)
        sheet.freeze_panes(1, 0)
    return file.getvalue()


FORMS: Mapping[str, tuple[str, Callable[[pl.DataFrame], bytes]]] = MappingProxyType({
    "csv": (CSV, as_csv),
    "xlsx": (XLSX, as_xlsx),
})  # fmt: skip


def _write(sheet: Any, row: int, column: int, value: object) -> None:
    if value is None:
        return
    if isinstance(value, bool):
        sheet.write_boolean(row, column, value)
    elif isinstance(value, int | float):
        sheet.write_number(row, column, value)
    else:
        sheet.write_string(row, column, str(value))
