"""After runs, dispatches and all else the base instance has seen, nobody but its owner may read any of it."""

from __future__ import annotations

import stat
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.pipeline.conftest import Base


def test_every_file_and_folder_is_its_owners_only(base: Base) -> None:
    everything = [base.final.home, *base.final.home.rglob("*")]
    names = {path.name for path in everything}
    assert {"record.sqlite", "warehouse.duckdb", "pseudonyms.parquet", "runs.db", "masking.key", "churn.yaml"} <= names
    open_ones = {
        str(path): oct(path.stat().st_mode) for path in everything if stat.S_IMODE(path.stat().st_mode) & 0o077
    }
    assert open_ones == {}
