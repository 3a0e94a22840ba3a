"""What the yml files say exists, and what exists is said."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from churn_assets.warehouse.project import manifest

Query = Callable[..., list[tuple[str, ...]]]
MODELS: dict[str, dict[str, Any]] = {
    node["name"]: node for node in manifest()["nodes"].values() if node["resource_type"] == "model"
}
BUILT = sorted(name for name, node in MODELS.items() if node["config"]["materialized"] != "ephemeral")


def test_there_are_models() -> None:
    assert len(BUILT) > 25


@pytest.mark.parametrize("name", sorted(MODELS))
def test_every_model_is_described(name: str) -> None:
    assert MODELS[name]["description"], f"{MODELS[name]['original_file_path']} has no description in its yml"


@pytest.mark.parametrize("name", BUILT)
def test_the_columns_of_a_model_are_those_described(whole: Query, name: str) -> None:
    sql = "select column_name from information_schema.columns where table_schema = ? and table_name = ?"
    built = {column for (column,) in whole(sql, MODELS[name]["schema"], name)}
    described = {column for column, said in MODELS[name]["columns"].items() if said["description"]}
    assert built, f"{name} was not built"
    assert sorted(built - described) == [], "columns without description"
    assert sorted(described - built) == [], "descriptions without column"


def test_whole_numbers_fit_parquet(whole: Query) -> None:
    """A HUGEINT, as of a sum of whole numbers, becomes a float on the way into a published table."""
    sql = "select table_name, column_name from information_schema.columns where data_type in ('HUGEINT', 'UHUGEINT')"
    assert whole(sql) == []
