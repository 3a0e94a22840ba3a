"""What the lean dbt resource takes for granted about the dbt it starts."""

from __future__ import annotations

import subprocess

from churn_assets.defs.dbt.resource import LeanDbt
from churn_assets.warehouse.project import PROJECT, dbt_executable


def test_the_dbt_it_starts_is_the_one_that_is_installed() -> None:
    told = subprocess.run([dbt_executable(), "--version"], capture_output=True, text=True, check=True).stdout
    lean = LeanDbt(project_dir=str(PROJECT), dbt_executable=dbt_executable())
    assert f"installed: {lean._cli_version}" in told


def test_no_adapter_opens_the_warehouse_in_this_process() -> None:
    lean = LeanDbt(project_dir=str(PROJECT), dbt_executable=dbt_executable())
    invocation = lean.cli(["--version"])
    assert invocation.adapter is None
    assert invocation.wait().is_successful()
