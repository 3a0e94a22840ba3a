"""A Dagster run around asset checks, as in production: steps between the assets they are about and one that follows."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import dagster as dg
import pytest

from churn_assets.command.running import RANGE_TAGS
from churn_assets.defs.partitions import CALENDAR
from churn_assets.duck import duck
from churn_assets.workplace import Workplace


@dataclass(frozen=True)
class Told:
    """What a run told of its checks, and whether the asset after them was made."""

    checks: list[dg.AssetCheckEvaluation]
    is_followed: bool

    def figures(self, asset: str) -> dict[str, Any]:
        """Of the check of `stage/table`, where there is only one."""
        (found,) = [check for check in self.checks if check.asset_key.to_user_string() == asset]
        return {name: value.value for name, value in found.metadata.items()}

    @property
    def failed(self) -> list[str]:
        return sorted(check.asset_key.to_user_string() for check in self.checks if not check.passed)

    @property
    def failed_names(self) -> list[str]:
        return sorted(check.check_name for check in self.checks if not check.passed)


def _run(
    checks: Sequence[dg.AssetChecksDefinition], workplace: Workplace, days: Sequence[date], more_tags: dict[str, str]
) -> Told:
    """A run for `days` over the checked assets, the checks, and something that depends on all of them."""
    keys = sorted({key.asset_key for check in checks for key in check.check_keys})
    partitioned = {"partitions_def": CALENDAR.partitions, "backfill_policy": dg.BackfillPolicy.single_run()}

    @dg.multi_asset(specs=[dg.AssetSpec(key) for key in keys], **partitioned)
    def checked() -> Iterator[dg.MaterializeResult]:
        yield from (dg.MaterializeResult(asset_key=key) for key in keys)

    @dg.multi_asset(specs=[dg.AssetSpec("what_follows", deps=keys)], **partitioned)
    def what_follows() -> dg.MaterializeResult:
        return dg.MaterializeResult(asset_key="what_follows")

    definitions = dg.Definitions(
        assets=[checked, what_follows],
        asset_checks=checks,
        jobs=[
            dg.define_asset_job("everything", dg.AssetSelection.all()),
            dg.define_asset_job("check", dg.AssetSelection.checks(*checks)),
        ],
        resources={"workplace": workplace},
        executor=dg.in_process_executor,
    )
    tags = dict(zip(RANGE_TAGS, (days[0].isoformat(), days[-1].isoformat()), strict=True)) if days else {}
    with dg.DagsterInstance.ephemeral() as instance:
        result = definitions.resolve_job_def("everything" if days else "check").execute_in_process(
            instance=instance,
            partition_key=days[0].isoformat() if len(days) == 1 else None,
            tags=tags | more_tags if len(days) > 1 else None,
            raise_on_error=False,
        )
    made = [event.asset_key for event in result.get_asset_materialization_events()]
    return Told(list(result.get_asset_check_evaluations()), dg.AssetKey("what_follows") in made)


@pytest.fixture
def run_check(workplace: Workplace) -> Callable[..., Told]:
    """Runs checks on `workplace` for some snapshots; none: the checks alone, as from their button in the UI."""

    def run(
        checks: dg.AssetChecksDefinition | Sequence[dg.AssetChecksDefinition],
        *days: date,
        tags: dict[str, str] | None = None,
    ) -> Told:
        return _run([checks] if isinstance(checks, dg.AssetChecksDefinition) else checks, workplace, days, tags or {})

    return run


@pytest.fixture
def execute(workplace: Workplace) -> Callable[..., None]:
    """Runs SQL statements in the warehouse of `workplace`."""

    def statements(*sql: str) -> None:
        with duck(workplace.home.warehouse) as connection:
            for statement in sql:
                connection.execute(statement)

    return statements
