"""Files of JSON objects, one a line or in one array. Every value is read as unchanged text."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb

from churn_assets.landing.csv import FILE
from churn_assets.landing.errors import LandingError
from churn_assets.landing.files import DataFile
from churn_assets.landing.text import literal, literals

OPTIONS = "format = 'auto', maximum_object_size = 16777216"  # bytes of one object


@dataclass(frozen=True)
class JsonFile:
    """`names`: the keys of all objects of the file."""

    file: DataFile
    names: tuple[str, ...]
    rows: int


def read_json_sql(names: Sequence[str], files: Sequence[Path], compression: str | None) -> str:
    """SQL relation with these keys of the objects as columns."""
    types = ", ".join(f"{literal(name)}: 'varchar'" for name in names)
    return (
        f"read_json([{literals(files)}], columns = {{{types}}}, {OPTIONS}, hive_partitioning = false, "
        f"filename = '{FILE}'{_packed(compression)})"
    )


def open_json(connection: duckdb.DuckDBPyConnection, file: DataFile) -> JsonFile:
    """Read the whole file. Raises LandingError, naming the file, for a value that is no JSON object."""
    objects = f"read_json_objects({literal(file.path)}, {OPTIONS}{_packed(file.compression)})"
    sql = (
        "select list_sort(list_distinct(flatten(list(distinct json_keys(json))))), count(*), "
        f"count(*) filter (json_type(json) <> 'OBJECT') from {objects}"
    )
    try:
        row = connection.execute(sql).fetchone()
    except duckdb.Error as error:
        raise LandingError(f"{file.path} cannot be read as JSON objects: {str(error).splitlines()[0]}") from error
    names, rows, others = row or ((), 0, 0)
    if others:
        raise LandingError(f"{file.path} holds {others} values that are no JSON objects: write one object a line")
    lowered = [name.strip().lower() for name in names or ()]
    repeated = sorted({name for name in lowered if lowered.count(name) > 1})
    if repeated:
        raise LandingError(f"{file.path} has key {', '.join(repeated)} twice, in upper and lower case")
    return JsonFile(file, tuple(names or ()), int(rows))


def _packed(compression: str | None) -> str:
    return f", compression = {literal(compression)}" if compression else ""
