"""A frame that breaks its contract fails its check as an error, is not published, and stops what follows."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import dagster as dg
import pandera.polars as pa
import polars as pl
import pytest

from churn_assets.defs.snapshot_assets import CONTRACT_CHECK, Product, Snapshot, snapshot_assets
from churn_assets.stages import Stage
from churn_assets.workplace import Workplace

FIRST, SECOND = "2026-11-09", "2026-11-16"
RANGE = {"dagster/asset_partition_range_start": FIRST, "dagster/asset_partition_range_end": SECOND}


class Amounts(pa.DataFrameModel):
    """Amounts are never negative."""

    user_id: str
    amount: float = pa.Field(ge=0)


def assets_with(amounts: dict[str, list[float]]) -> list[dg.AssetsDefinition]:
    """`spendings`, whose amounts at each snapshot are given, and `totals` that is made of it."""

    def spendings(at: Snapshot) -> Iterator[Product]:
        """One row per user."""
        values = amounts[at.date.isoformat()]
        users = [f"u{number}" for number in range(len(values))]
        yield Product("spendings", pl.DataFrame({"user_id": users, "amount": values}), {"largest": max(values)})

    def totals(at: Snapshot) -> Iterator[Product]:
        """One row."""
        total = at.workplace.tables.read(Stage.SCORING, "spendings", at.date)["amount"].sum()
        yield Product("totals", pl.DataFrame({"user_id": ["all"], "amount": [total]}))

    def decorated(make: Callable[[Snapshot], Iterator[Product]], *deps: tuple[str, str]) -> dg.AssetsDefinition:
        name = make.__name__
        return snapshot_assets(Stage.SCORING, {name: Amounts}, deps=deps, kinds={"polars"}, owner="team:a")(make)

    return [decorated(spendings), decorated(totals, (Stage.SCORING, "spendings"))]


def run(workplace: Workplace, amounts: dict[str, list[float]], **which: object) -> dg.ExecuteInProcessResult:
    with dg.DagsterInstance.ephemeral() as instance:
        return dg.materialize(
            assets_with(amounts),
            instance=instance,
            resources={"workplace": workplace},
            raise_on_error=False,
            run_config={"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}},
            **which,
        )


def published(workplace: Workplace) -> list[tuple[str, str]]:
    return [(partition.table, partition.snapshot.isoformat()) for partition in workplace.record.partitions()]


@pytest.fixture
def broken(workplace: Workplace) -> dg.ExecuteInProcessResult:
    return run(workplace, {SECOND: [5.0, -1.0, -2.0]}, partition_key=SECOND)


def test_what_keeps_its_contract_is_published_and_passes(workplace: Workplace) -> None:
    result = run(workplace, {SECOND: [5.0, 1.0]}, partition_key=SECOND)
    assert result.success
    assert [each.passed for each in result.get_asset_check_evaluations()] == [True, True]
    assert published(workplace) == [("spendings", SECOND), ("totals", SECOND)]
    assert workplace.warehouse.query("select amount from scoring.totals").item() == 6


def test_metadata_is_told_per_snapshot(workplace: Workplace) -> None:
    result = run(workplace, {FIRST: [1.0], SECOND: [5.0, 3.0]}, tags=RANGE)
    told = {
        (each.partition, each.asset_key.path[-1]): each.metadata
        for each in result.asset_materializations_for_node("spendings")
    }
    assert told[FIRST, "spendings"]["largest"].value == 1
    assert told[SECOND, "spendings"]["largest"].value == 5
    assert told[SECOND, "spendings"]["dagster/row_count"].value == 2


def test_the_check_fails_as_an_error_that_names_column_rule_and_rows(broken: dg.ExecuteInProcessResult) -> None:
    (evaluation,) = broken.get_asset_check_evaluations()
    assert not evaluation.passed
    assert evaluation.check_name == CONTRACT_CHECK
    assert evaluation.severity == dg.AssetCheckSeverity.ERROR
    assert evaluation.metadata["broken"].value == ["amount: greater_than_or_equal_to(0) (2 rows)"]
    assert evaluation.metadata["snapshot"].value == SECOND


def test_nothing_is_published_and_what_follows_is_skipped(
    workplace: Workplace, broken: dg.ExecuteInProcessResult
) -> None:
    assert not broken.success
    assert published(workplace) == []
    assert not list(workplace.home.tables.rglob("*.parquet"))
    assert [event.step_key for event in broken.get_step_failure_events()] == ["spendings"]
    assert "breaks its contract and is not published" in str(broken.failure_data_for_node("spendings"))
    assert not broken.get_step_success_events()


def test_a_published_partition_survives_a_broken_successor(workplace: Workplace) -> None:
    assert run(workplace, {SECOND: [5.0]}, partition_key=SECOND).success
    assert not run(workplace, {SECOND: [-5.0]}, partition_key=SECOND).success
    assert workplace.warehouse.query("select amount from scoring.spendings").item() == 5


def test_a_range_stops_at_the_first_broken_snapshot(workplace: Workplace) -> None:
    result = run(workplace, {FIRST: [-1.0], SECOND: [5.0]}, tags=RANGE)
    assert not result.success
    assert published(workplace) == []
