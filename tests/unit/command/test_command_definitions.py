"""Choosing another churn definition makes nothing again, and no table passes off "alive" as a risk."""

from __future__ import annotations

import re
from importlib import import_module
from pathlib import Path
from typing import Any

import pandera.polars as pa
import pytest

import churn_assets.contracts
from churn_assets.contracts.definitions import DEFINITIONS
from churn_assets.instance.home import Home
from churn_assets.model.expected import EXPECTED_PURCHASES
from churn_assets.warehouse.features import describe
from churn_assets.warehouse.fingerprint import fingerprint
from churn_assets.warehouse.project import manifest
from churn_assets.workplace import Workplace

CONTRACTS = sorted(file.stem for file in Path(churn_assets.contracts.__path__[0]).glob("[!_]*.py"))
ALIVE = re.compile(r"alive", re.IGNORECASE)


def fingerprint_with(home: Home, churn: str) -> str:
    home.settings_file.write_text(f"calendar: {{start: 2024-01-01}}\nchurn: {{{churn}}}\n")
    return fingerprint(Workplace(home_path=str(home.root)))


@pytest.mark.parametrize("definition", DEFINITIONS[1:])
def test_another_definition_makes_nothing_again(home: Home, definition: str) -> None:
    assert fingerprint_with(home, f"definition: {definition}") == fingerprint_with(home, "definition: inactivity")


@pytest.mark.parametrize("changed", ["horizon_days: 29", "gap_days: 1", "rhythm_quantile: 0.8", "reduced_share: 0.4"])
def test_what_the_labels_are_made_with_makes_them_again(home: Home, changed: str) -> None:
    assert fingerprint_with(home, changed) != fingerprint_with(home, "")


def test_expected_purchases_are_described_like_any_feature() -> None:
    assert describe(["recency_days", "expected_purchases"])[1] is EXPECTED_PURCHASES


def columns_of_contracts() -> set[str]:
    modules = [import_module(f"churn_assets.contracts.{name}") for name in CONTRACTS]
    found: list[Any] = [value for module in modules for value in vars(module).values()]
    models = [value for value in found if isinstance(value, type) and issubclass(value, pa.DataFrameModel)]
    return {column for model in models if model is not pa.DataFrameModel for column in model.to_schema().columns}


def test_no_public_table_ships_the_probability_of_being_alive() -> None:
    """BG/NBD gives 1 to everybody who bought once: on CDNOW that reads an AUC of 0.333."""
    described = {
        column
        for node in manifest()["nodes"].values()
        if node["resource_type"] == "model"
        for column in node["columns"]
    }
    columns = described | columns_of_contracts()
    assert {"churn_probability", "recency_days"} <= columns
    assert [column for column in sorted(columns) if ALIVE.search(column)] == []
