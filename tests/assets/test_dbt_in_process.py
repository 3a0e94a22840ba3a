"""dbt in the process of a run: what is selected is built, what fails is said, and nothing of it stays behind."""

from __future__ import annotations

import os
from collections.abc import Mapping

import dagster as dg
import duckdb
import pytest

from churn_assets.defs.dbt.assets import staging_models
from churn_assets.defs.history import history_tag
from churn_assets.warehouse.child import RUN_VARS
from churn_assets.workplace import Workplace

DAY = "2024-01-08"
ORDERS = "order_id,user_id,ordered_at,amount\no1,u1,2024-01-02,5\no2,u1,2024-01-03,-5\n"


@pytest.fixture
def landed(workplace: Workplace) -> Workplace:
    file = workplace.home.root / "landing" / "orders" / "a.csv"
    file.parent.mkdir(parents=True)
    file.write_text(ORDERS)
    return workplace


def build(workplace: Workplace, *models: str) -> dg.ExecuteInProcessResult:
    with dg.DagsterInstance.ephemeral() as instance:
        return dg.materialize(
            [staging_models], partition_key=DAY, resources={"workplace": workplace}, instance=instance,
            selection=[f"staging/{model}" for model in models], tags=history_tag([]), raise_on_error=False,
        )  # fmt: skip


def tables(workplace: Workplace) -> Mapping[str, int]:
    with duckdb.connect(str(workplace.home.warehouse), read_only=True) as connection:
        sql = "select table_name from information_schema.tables where table_schema = 'staging' order by 1"
        names = [name for (name,) in connection.execute(sql).fetchall()]
        return {name: connection.execute(f"select count(*) from staging.{name}").fetchall()[0][0] for name in names}


def test_what_is_selected_is_built_with_its_rows_and_columns(landed: Workplace) -> None:
    before = dict(os.environ)
    result = build(landed, "stg_orders", "quarantine")
    assert result.success
    assert tables(landed) == {"quarantine": 1, "stg_orders": 1}
    made = {event.asset_key.path[1]: event.materialization for event in result.get_asset_materialization_events()}
    assert sorted(made) == ["quarantine", "stg_orders"]
    schema = made["stg_orders"].metadata["dagster/column_schema"].value
    assert "ordered_at" in [column.name for column in schema.columns]
    assert {name: value for name, value in os.environ.items() if name not in before} == {}
    assert RUN_VARS not in os.environ
    assert list(landed.home.dbt_target.iterdir()) == []


def test_each_table_is_logged_when_it_is_done(landed: Workplace, capfd: pytest.CaptureFixture[str]) -> None:
    assert build(landed, "stg_orders", "quarantine").success
    said = capfd.readouterr().err
    assert "of 3 OK created sql view model staging.stg_orders" in said
    assert said.index("of 3 OK created sql table model staging.quarantine") < said.index("ASSET_MATERIALIZATION")


def test_another_build_in_the_same_process_is_about_its_own_rows(landed: Workplace) -> None:
    assert build(landed, "stg_orders").success
    (landed.home.root / "landing" / "orders" / "b.csv").write_text(ORDERS.replace("o1", "o3").replace("-5", "7"))
    assert build(landed, "stg_orders").success
    assert tables(landed)["stg_orders"] == 3


def test_what_dbt_says_of_a_failure_is_the_failure(landed: Workplace, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without its variables the project refuses to build (macros/guard.sql)."""
    monkeypatch.setattr(
        "churn_assets.defs.dbt.run.variables", lambda *_, **__: {"warehouse": str(landed.home.warehouse)}
    )
    result = build(landed, "stg_orders")
    assert not result.success
    (failed,) = [event for event in result.all_events if event.is_step_failure]
    cause = failed.step_failure_data.error
    while cause.cause is not None:
        cause = cause.cause
    assert "Compilation Error in operation churn_assets-on-run-start" in cause.message
    assert "\x1b" not in cause.message, "no colours"
