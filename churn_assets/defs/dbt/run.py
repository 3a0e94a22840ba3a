"""How dbt runs inside an asset: under the warehouse lock, with the variables of the run, leaving no files behind."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence
from datetime import date
from typing import Any

import dagster as dg

from churn_assets.defs.dbt import in_process
from churn_assets.defs.dbt.metadata import with_table_metadata
from churn_assets.warehouse.history import without_profiles
from churn_assets.warehouse.variables import variables
from churn_assets.workplace import Workplace

PROFILES = "fqn:profiles"
Event = dg.Output[Any] | dg.AssetMaterialization | dg.AssetCheckResult | dg.AssetObservation | dg.AssetCheckEvaluation


def build(
    context: dg.AssetExecutionContext,
    workplace: Workplace,
    snapshots: Sequence[date],
    *,
    is_rebuild: bool = False,
) -> Iterator[Event]:
    """Build the selected models for `snapshots`.

    Row counts and columns are not fetched by dagster-dbt: its fetchers poll in a thread for as long as dbt runs, which
    took 30 s of processor time per run here (dagster-dbt 0.29.27, 2026-11), half of it away from dbt itself.
    """
    raw_tables = workplace.landing()
    run_variables = variables(workplace, raw_tables, snapshots, is_rebuild=is_rebuild)
    target = workplace.home.dbt_target / context.run.run_id
    tables: list[dg.Output[Any]] = []
    try:
        with workplace.warehouse.exclusive():
            workplace.show_raw(raw_tables)
            with workplace.warehouse.kept_open():
                for event in in_process.build(context, run_variables, target, is_rebuild=is_rebuild):
                    if isinstance(event, dg.Output):
                        tables.append(event)
                    else:
                        yield event
    finally:
        shutil.rmtree(target, ignore_errors=True)
        yield from with_table_metadata(context, workplace, tables)


def build_lost_profiles(context: dg.AssetExecutionContext, workplace: Workplace, snapshots: Sequence[date]) -> None:
    """Profiles of scored snapshots among these that the warehouse has lost: effects by segment read them in this run,
    whose own profiles are built when everything else is.
    """
    lost = without_profiles(workplace, snapshots)
    if not lost:
        return
    context.log.warning("The warehouse has lost %d snapshots with scores; they are built again.", len(lost))
    run_variables = variables(workplace, workplace.landing(), lost)
    target = workplace.home.dbt_target / context.run.run_id
    try:
        with workplace.warehouse.exclusive(), workplace.warehouse.kept_open():
            in_process.run_models(PROFILES, run_variables, target, context.log.info)
    finally:
        shutil.rmtree(target, ignore_errors=True)
