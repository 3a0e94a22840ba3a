"""How dbt runs inside an asset: under the warehouse lock, told what the run is about, and leaving nothing behind."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator, Sequence
from datetime import date
from typing import Any

import dagster as dg
from dagster_dbt import DbtCliResource

from churn_assets.defs.dbt.variables import variables
from churn_assets.defs.workplace import Workplace


def build(
    context: dg.AssetExecutionContext,
    workplace: Workplace,
    dbt: DbtCliResource,
    snapshots: Sequence[date],
    *flags: str,
) -> Iterator[Any]:
    """Build the selected models for `snapshots`; events of assets and checks come as dbt reports them."""
    told = json.dumps(variables(workplace, snapshots))
    arguments = ["build", "--exclude-resource-type", "unit_test", "--vars", told, *flags]
    target = workplace.home.dbt_target / context.run_id
    try:
        with workplace.warehouse.exclusive():
            invocation = dbt.cli(arguments, context=context, target_path=target)
            yield from invocation.stream().fetch_row_counts().fetch_column_metadata()
    finally:
        shutil.rmtree(target, ignore_errors=True)
