"""Which version of a row counts at a moment is said once in dbt and once in Python, and both say the same."""

from __future__ import annotations

import re
from pathlib import Path

import jinja2
import pytest

from churn_assets.contracts.counted import counted_at
from churn_assets.duck import duck
from churn_assets.warehouse.project import PROJECT

PACKAGE = Path(__file__).parents[3] / "churn_assets"


@pytest.mark.parametrize(("moment", "row"), [("$snapshot", ""), ("s.snapshot_date", "orders")])
def test_the_macro_says_the_same(moment: str, row: str) -> None:
    template = jinja2.Environment().from_string((PROJECT / "macros" / "time.sql").read_text())  # noqa: S701 - SQL
    module = template.make_module({"return": lambda value: value})
    assert " ".join(str(module.counted_at(moment, row)).split()) == counted_at(moment, row)  # type: ignore[attr-defined]


def test_a_version_counts_from_after_it_was_known_until_it_was_replaced() -> None:
    rows = "(values (1, null), (1, 2), (1, 3), (2, null), (3, 4)) as held (known_at, superseded_at)"
    with duck() as connection:
        found = connection.execute(f"select known_at, superseded_at from {rows} where {counted_at('2')}").fetchall()
    assert found == [(1, None), (1, 2), (1, 3)]


def test_nobody_else_says_it_by_hand() -> None:
    by_hand = re.compile(r"superseded_at is null or")
    files = [file for file in PACKAGE.rglob("*.py") if by_hand.search(file.read_text())]
    assert [file.name for file in files] == ["counted.py"]
    sql = [file for file in (PROJECT / "models").rglob("*.sql") if by_hand.search(file.read_text())]
    assert sql == []
