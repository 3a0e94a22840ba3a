"""Columns of Parquet files with a value in every row, by the statistics in the footers, which are cheap to read."""

from __future__ import annotations

from collections.abc import Sequence

import duckdb

from churn_assets.landing.contents import LandedTable
from churn_assets.landing.files import Format
from churn_assets.landing.ids import NO_VALUE

STATISTICS = """
select lower(path_in_schema) as name, bool_and(coalesce(stats_null_count, 1) = 0) as has_no_null,
  min(coalesce(stats_min_value, '')) as least, max(coalesce(stats_max_value, '')) as greatest,
  count(*) as pieces
from parquet_metadata(?) where list_contains(?, lower(path_in_schema)) group by all
"""


def complete_columns(connection: duckdb.DuckDBPyConnection, table: LandedTable, names: Sequence[str]) -> list[str]:
    """Those of `names` (columns of ids) without a missing value, as far as the footers can tell."""
    id_columns = [name for name in names if all(name in file.columns for file in table.files)]
    if not id_columns or any(file.file.format != Format.PARQUET for file in table.files):
        return []
    paths = [str(file.path) for file in table.files]
    rows = connection.execute(STATISTICS, [paths, id_columns]).fetchall()
    return sorted(name for name, is_full, least, greatest, _ in rows if is_full and _has_no_empty_word(least, greatest))


def _has_no_empty_word(least: str, greatest: str) -> bool:
    """Whether no word for a missing value, in any case, and no value with a leading blank lies between the two."""
    if not least or least < "!":
        return False
    begins = {form for word in NO_VALUE for form in (word[0].lower(), word[0].upper())} | {"=", "'", '"'}
    return not any(least[0] <= letter <= greatest[0] for letter in begins)
