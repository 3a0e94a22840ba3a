"""A Dagster run around one asset check, as in production: a step between the asset it is about and one that follows."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any

import dagster as dg
import pytest

from churn_assets.defs.duck import duck
from churn_assets.defs.partitions import CALENDAR
from churn_assets.defs.running import RANGE_TAGS
from churn_assets.defs.workplace import Workplace


@dataclass(frozen=True)
class Told:
    """What a run told of a check, per `stage/table`, and whether the asset after it was made."""

    checks: dict[str, dg.AssetCheckEvaluation]
    is_followed: bool

    def figures(self, asset: str) -> dict[str, Any]:
        return {name: value.value for name, value in self.checks[asset].metadata.items()}

    @property
    def failed(self) -> list[str]:
        return sorted(asset for asset, check in self.checks.items() if not check.passed)


def _run(check: dg.AssetChecksDefinition, workplace: Workplace, *days: date) -> Told:
    """A run for `days` over the checked assets, the check, and something that depends on all of them."""
    keys = sorted({key.asset_key for key in check.check_keys})
    partitioned = {"partitions_def": CALENDAR.partitions, "backfill_policy": dg.BackfillPolicy.single_run()}

    @dg.multi_asset(specs=[dg.AssetSpec(key) for key in keys], **partitioned)
    def checked() -> Iterator[dg.MaterializeResult]:
        yield from (dg.MaterializeResult(asset_key=key) for key in keys)

    @dg.multi_asset(specs=[dg.AssetSpec("what_follows", deps=keys)], **partitioned)
    def what_follows() -> dg.MaterializeResult:
        return dg.MaterializeResult(asset_key="what_follows")

    definitions = dg.Definitions(
        assets=[checked, what_follows],
        asset_checks=[check],
        jobs=[
            dg.define_asset_job("everything", dg.AssetSelection.all()),
            dg.define_asset_job("check", dg.AssetSelection.checks(check)),
        ],
        resources={"workplace": workplace},
        executor=dg.in_process_executor,
    )
    tags = dict(zip(RANGE_TAGS, (days[0].isoformat(), days[-1].isoformat()), strict=True)) if days else {}
    with dg.DagsterInstance.ephemeral() as instance:
        result = definitions.resolve_job_def("everything" if days else "check").execute_in_process(
            instance=instance,
            partition_key=days[0].isoformat() if len(days) == 1 else None,
            tags=tags if len(days) > 1 else None,
            raise_on_error=False,
        )
    told = result.get_asset_check_evaluations()
    made = [event.asset_key for event in result.get_asset_materialization_events()]
    return Told({check.asset_key.to_user_string(): check for check in told}, dg.AssetKey("what_follows") in made)


@pytest.fixture
def run_check(workplace: Workplace) -> Callable[..., Told]:
    """Runs a check on `workplace` for some snapshots; none: the check by itself, as from its button in the UI."""

    def run(check: dg.AssetChecksDefinition, *days: date) -> Told:
        return _run(check, workplace, *days)

    return run


@pytest.fixture
def execute(workplace: Workplace) -> Callable[..., None]:
    """Runs SQL statements in the warehouse of `workplace`."""

    def statements(*sql: str) -> None:
        with duck(workplace.home.warehouse) as connection:
            for statement in sql:
                connection.execute(statement)

    return statements
