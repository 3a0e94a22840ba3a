"""The raw contract as models/staging/raw.yml states it and as Python reads it."""

from __future__ import annotations

import pytest

from churn_assets.contracts.channels import SENDING_CHANNELS
from churn_assets.contracts.raw import raw_contract
from churn_assets.warehouse.project import column_descriptions, manifest
from churn_assets.warehouse.rows import mart_of

REQUIRED = {
    "users": ("user_id",),
    "orders": ("order_id", "user_id", "ordered_at", "amount"),
    "order_items": ("order_id", "product_id"),
    "events": ("user_id", "occurred_at", "event_type"),
    "returns": ("return_id", "order_id", "user_id", "returned_at"),
    "reviews": ("review_id", "user_id", "reviewed_at"),
    "coupons": ("coupon_id", "user_id", "issued_at"),
    "support_tickets": ("ticket_id", "user_id", "opened_at"),
    "surveys": ("user_id", "asked_at", "question"),
    "contacts": ("contact_id", "user_id", "sent_at"),
    "consents": ("user_id", "channel", "purpose", "is_granted", "changed_at"),
    "products": ("product_id",),
    "coupon_codes": ("code", "arm"),
}


def test_no_table_requires_another_column_than_shops_were_told() -> None:
    """One more table is no surprise to anybody, one more required column is."""
    found = {table.name: tuple(c.name for c in table.columns if c.is_required) for table in raw_contract()}
    assert {name: found[name] for name in REQUIRED} == REQUIRED


@pytest.mark.parametrize("model", ["quarantine", "unread_values"])
def test_the_edges_drawn_in_sql_are_those_of_all_raw_tables(model: str) -> None:
    """macros/raw_contract.sql has to name them once more: dbt draws edges before it knows its sources."""
    above = manifest()["nodes"][f"model.churn_assets.{model}"]["depends_on"]["nodes"]
    assert sorted(above) == [f"source.churn_assets.raw.{table.name}" for table in raw_contract()]


def test_a_snapshot_waits_for_a_mart_of_every_raw_table() -> None:
    nodes = manifest()["nodes"]
    waiting, above = ["model.churn_assets.dim_snapshots"], set()
    while waiting:
        above |= (found := set(nodes[waiting.pop()]["depends_on"]["nodes"]) & set(nodes) - above)
        waiting += found
    marts = {f"model.churn_assets.{mart_of(table)}" for table in raw_contract()}
    assert sorted(marts - above) == []


def test_descriptions_that_follow_from_a_list_are_those_of_the_list() -> None:
    assert column_descriptions("staging", "stg_users")["has_email"].startswith("The shop holds one")
    assert column_descriptions("staging", "stg_coupons")["face_amount"] == "Value of the coupon."
    assert column_descriptions("marts", "fct_coupons")["face_amount"] == "Value of the coupon."
    assert set(column_descriptions("features", "user_statuses")) >= {f"consent_{name}" for name in SENDING_CHANNELS}
    staged = manifest()["nodes"]["model.churn_assets.stg_coupons"]
    assert (
        staged["description"]
        == "One row per coupon issued to a user and version, typed; refused rows are in quarantine."
    )


def test_only_orders_must_exist() -> None:
    assert [table.name for table in raw_contract() if table.must_exist] == ["orders"]


def test_every_table_has_a_known_time_and_a_key_among_its_columns() -> None:
    for table in raw_contract():
        names = [column.name for column in table.columns]
        assert names[-1] == "ingested_at", table.name
        assert set(table.key) <= set(names), table.name


def test_key_columns_are_required_but_for_events_that_may_come_without_ids() -> None:
    loose = {t.name: [c.name for c in t.columns if c.name in t.key and not c.is_required] for t in raw_contract()}
    assert {name: columns for name, columns in loose.items() if columns} == {"events": ["event_id"]}


def test_contact_data_are_marked_and_are_e_mail_and_phone_only() -> None:
    raw = (source for source in manifest()["sources"].values() if source["source_name"] == "raw")
    marked = {(s["name"], name) for s in raw for name, column in s["columns"].items() if column["meta"].get("contact")}
    assert marked == {("users", "email"), ("users", "phone")}


def test_descriptions_of_a_model_come_from_its_yml() -> None:
    assert column_descriptions("features", "churn_labels")["matures_at"] == "End of the label window."
    assert column_descriptions("features", "no_such_model") == {}
