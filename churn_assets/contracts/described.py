"""What a column of a table that Python makes means: columns.yml, read once."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path

import yaml

FILE = Path(__file__).with_name("columns.yml")


def described(table: str, column: str) -> str | None:
    """The description; None where there is none, as for features, which dbt describes."""
    anywhere, in_tables = _known()
    return in_tables.get(table, {}).get(column) or anywhere.get(column)


@cache
def _known() -> tuple[Mapping[str, str], Mapping[str, Mapping[str, str]]]:
    content = yaml.safe_load(FILE.read_text(encoding="utf-8"))
    return content["columns"], content["tables"]
