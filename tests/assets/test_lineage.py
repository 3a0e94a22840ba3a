"""Column lineage: the walk on small queries, and what it says of the dbt project."""

from __future__ import annotations

import json
from pathlib import Path

import dagster as dg
import pytest

from churn_assets.defs.dbt.metadata import column_lineage
from churn_assets.warehouse import lineage
from churn_assets.warehouse.ancestry import forbidden_columns
from churn_assets.warehouse.lineage import origins_text, prepare_lineage
from churn_assets.warehouse.origins import column_origins
from churn_assets.warehouse.project import manifest

SCHEMA = {"marts": {"orders": ["id", "user_id", "at", "amount"], "users": ["user_id", "name"]}}


def _origins(sql: str, column: str) -> list[str]:
    return [".".join(origin[1:]) for origin in column_origins(sql, SCHEMA)[column]]


@pytest.mark.parametrize(
    ("sql", "column", "expected"),
    [
        ("select amount * 2 as twice from marts.orders", "twice", ["orders.amount"]),
        ("select o.* exclude (id), 1 as one from marts.orders as o", "amount", ["orders.amount"]),
        ("select 1 as one from marts.orders", "one", []),
        ("select * replace (lower(name) as name) from marts.users", "name", ["users.name"]),
        ("with a as (select at as day from marts.orders), b as (select * from a) select max(day) as newest from b",
         "newest", ["orders.at"]),
        ("select sum(amount) filter (where at > date '2026-01-01') as spent from marts.orders group by user_id",
         "spent", ["orders.amount", "orders.at"]),
        ("select lead(at) over (partition by user_id order by id) as next_at from marts.orders",
         "next_at", ["orders.at", "orders.id", "orders.user_id"]),
        ("select id from marts.orders where user_id in (select user_id from marts.users)", "id", ["orders.id"]),
        ("select (select max(name) from marts.users) as name, id from marts.orders", "name", ["users.name"]),
        ("select u.name from marts.orders as o inner join marts.users as u using (user_id)", "name", ["users.name"]),
        ("select user_id as who, id as what from marts.orders union all select name, user_id from marts.users",
         "what", ["orders.id", "users.user_id"]),
        ("select user_id, id from marts.orders union all by name select name as id, user_id from marts.users",
         "id", ["orders.id", "users.name"]),
        ("select user_id, id from marts.orders union all by name select user_id from marts.users", "id", ["orders.id"]),
        ("select arm from elsewhere.undocumented where arm <> 'none'", "arm", ["undocumented.arm"]),
        ("select day from (values (date '2026-01-01')) as listed (day)", "day", []),
    ],
)  # fmt: skip
def test_origins_of_a_column(sql: str, column: str, expected: list[str]) -> None:
    assert _origins(sql, column) == expected


@pytest.fixture(scope="module")
def models() -> dict[str, dict[str, set[str]]]:
    """Per model and column its origins; made here if the project has changed since it was prepared (15 s)."""
    prepare_lineage()
    content = json.loads(lineage.file().read_text())["models"]
    return {
        model: {column: {".".join(origin) for origin in found} for column, found in columns.items()}
        for model, columns in content.items()
    }


def test_recency_comes_from_the_time_of_orders_and_of_nothing_else(models: dict[str, dict[str, set[str]]]) -> None:
    assert models["features.user_features"]["recency_days"] == {"marts.fct_orders.ordered_at"}


def test_no_feature_comes_from_a_label(models: dict[str, dict[str, set[str]]]) -> None:
    tables = {origin.rsplit(".", 1)[0] for found in models["features.user_features"].values() for origin in found}
    assert "marts.fct_orders" in tables
    assert "features.churn_labels" not in tables


def test_no_feature_descends_from_a_label_window_over_however_many_models(
    models: dict[str, dict[str, set[str]]],
) -> None:
    assert list(forbidden_columns(json.loads(lineage.file().read_text())["models"])) == []


def test_an_amount_can_be_followed_from_the_landing_to_the_feature(models: dict[str, dict[str, set[str]]]) -> None:
    assert "raw.orders.amount" in models["staging.stg_orders"]["amount"]
    assert "staging.stg_orders.amount" in models["marts.fct_orders"]["amount"]
    assert "marts.fct_orders.amount" in models["features.user_features"]["spent_amount_28d"]


def test_contact_data_reach_the_warehouse_as_flags_only(models: dict[str, dict[str, set[str]]]) -> None:
    reached = {
        f"{model}.{column}"
        for model, columns in models.items()
        for column, found in columns.items()
        if found & {"raw.users.email", "raw.users.phone"}
    }
    assert reached == {"staging.stg_users.has_email", "staging.stg_users.has_phone"}


def test_every_column_of_every_table_is_followed(models: dict[str, dict[str, set[str]]]) -> None:
    documented = {
        f"{node['schema']}.{node['name']}": set(node["columns"])
        for node in manifest()["nodes"].values()
        if node["resource_type"] == "model" and node["config"]["materialized"] != "ephemeral"
    }
    assert {model: set(columns) for model, columns in models.items()} == documented
    of_nothing = {
        f"{model}.{column}" for model, columns in models.items() for column, found in columns.items() if not found
    }
    # Constants, counts of rows, and the calendar: everything else is made of something.
    assert of_nothing == {
        *(f"features.churn_labels.{column}" for column in ("definition", "gap_days", "horizon_days", "matures_at")),
        *(f"marts.dim_snapshots.{column}" for column in ("label_starts_at", "matures_at", "snapshot_date")),
        "features.user_features.orders_count",
        "features.user_statuses.snapshot_date",
        "marts.dim_users.is_described",
        "marts.int_user_days.sessions",
        "staging.quarantine.source_table",
        "staging.unread_values.row_count",
        "staging.unread_values.source_table",
    }


@pytest.mark.usefixtures("models")
def test_dagster_is_told_of_it() -> None:
    lineage.lineage.cache_clear()
    found = column_lineage("marts", "fct_orders")
    assert found is not None
    assert found.deps_by_column["amount"] == [dg.TableColumnDep(dg.AssetKey(["staging", "stg_orders"]), "amount")]
    assert column_lineage("marts", "no_such_table") is None
    assert origins_text("features", "user_features", "recency_days") == " From marts.fct_orders.ordered_at."
    assert origins_text("staging", "quarantine", "row_json").endswith(" more.")
    assert origins_text("features", "churn_labels", "definition") == ""


@pytest.mark.parametrize("content", [None, json.dumps({"made_from": "another project", "models": {"a.b": {}}})])
def test_without_an_up_to_date_cache_there_is_no_lineage_and_no_work(
    content: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "lineage.json"
    if content:
        file.write_text(content)
    monkeypatch.setattr(lineage, "file", lambda: file)
    monkeypatch.setattr(lineage, "compiled", lambda *_arguments: pytest.fail("a run must not pay for lineage"))
    lineage.lineage.cache_clear()
    assert column_lineage("a", "b") is None
    lineage.lineage.cache_clear()
