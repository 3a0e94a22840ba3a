"""Every column of every table that Python makes has a description, and no description is of nothing."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterator

import pandera.polars as pa
import pytest
import yaml

import churn_assets.contracts
from churn_assets.contracts.described import FILE, described

KNOWN = yaml.safe_load(FILE.read_text())


def contracts() -> Iterator[tuple[str, type[pa.DataFrameModel]]]:
    """(name of its module, which is the table's, and the contract)."""
    for module in pkgutil.iter_modules(churn_assets.contracts.__path__):
        loaded = importlib.import_module(f"churn_assets.contracts.{module.name}")
        for each in vars(loaded).values():
            is_own = isinstance(each, type) and each.__module__ == loaded.__name__
            if is_own and issubclass(each, pa.DataFrameModel) and module.name != "interval":
                yield module.name, each


TABLES = dict(contracts())


@pytest.mark.parametrize("table", TABLES)
def test_every_column_is_described(table: str) -> None:
    columns = list(TABLES[table].to_schema().columns)
    assert [column for column in columns if not described(table, column)] == []


def test_no_description_is_of_nothing() -> None:
    columns = {column for contract in TABLES.values() for column in contract.to_schema().columns}
    assert sorted(set(KNOWN["columns"]) - columns) == []
    for table, described_there in KNOWN["tables"].items():
        assert set(described_there) <= set(TABLES[table].to_schema().columns), table


def test_descriptions_are_sentences() -> None:
    texts = [*KNOWN["columns"].values(), *(text for table in KNOWN["tables"].values() for text in table.values())]
    assert [text for text in texts if not text.endswith(".")] == []
    assert len(TABLES) > 25
