"""dagster-dbt's resource without what it does before every dbt process and this project never uses."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from importlib.metadata import version

from dagster_dbt import DbtCliResource
from packaging.version import Version


class LeanDbt(DbtCliResource):
    """Saves 4 s per run on 2 cores (dagster-dbt 0.29.27, 2026-11): a `dbt --version` process, and an adapter in this
    process that would fetch row counts and columns over a connection of its own, which `metadata` does in one visit.
    """

    @cached_property
    def _cli_version(self) -> Version:
        return Version(version("dbt-core"))

    def _initialize_dbt_core_adapter(self, _args: Sequence[str]) -> None:  # type: ignore[override]
        return None
