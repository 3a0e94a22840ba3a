"""The repository as the tests of its shape see it: tracked files, parsed modules, the loaded graph."""

from __future__ import annotations

import subprocess
from pathlib import Path

import dagster as dg
import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="session")
def root() -> Path:
    return ROOT


@pytest.fixture(scope="session")
def tracked() -> list[Path]:
    """Files that git knows or would add, and that are there."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],  # noqa: S607 - git is where the user has it
        cwd=ROOT, capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip
    return sorted(ROOT / name for name in set(listed.splitlines()) if (ROOT / name).is_file())


@pytest.fixture(scope="session")
def definitions() -> dg.Definitions:
    from churn_assets.definitions import defs  # noqa: PLC0415 - loads every asset

    loaded: dg.Definitions = defs()
    return loaded


@pytest.fixture(scope="session")
def graph(definitions: dg.Definitions) -> dg.AssetGraph:
    return definitions.resolve_asset_graph()
