"""Cells that a spreadsheet opens as what they are, and not as a formula.

https://owasp.org/www-community/attacks/CSV_Injection
"""

from __future__ import annotations

import csv
import io

import polars as pl

BOM = "\ufeff"  # without it spreadsheets read Chinese as Latin
# OWASP's list; NUL is OWASP ASVS 1.2.10's. East Asian spreadsheets may take the full-width signs for the plain ones.
STARTS_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "\0", "\uff1d", "\uff0b", "\uff0d", "\uff20")


def safe_cell(cell: str) -> str:
    """With a leading apostrophe, where a spreadsheet would take it for a formula."""
    return f"'{cell}" if cell.startswith(STARTS_FORMULA) else cell


def safe_cells(cells: pl.Expr) -> pl.Expr:
    """The same of columns of texts."""
    is_safe = ~cells.str.slice(0, 1).is_in(STARTS_FORMULA)
    return pl.when(is_safe).then(cells).otherwise(pl.lit("'") + cells)


def csv_record(*cells: str) -> bytes:
    """One row of RFC 4180 with every cell in quotes, in UTF-8."""
    text = io.StringIO(newline="")
    csv.writer(text, quoting=csv.QUOTE_ALL).writerow([safe_cell(cell) for cell in cells])
    return text.getvalue().encode()
