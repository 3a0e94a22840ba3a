"""The raw contract as models/staging/raw.yml states it and as Python reads it."""

from __future__ import annotations

from churn_assets.contracts.raw import raw_contract
from churn_assets.warehouse.project import column_descriptions, manifest

REQUIRED = {
    "users": ("user_id",),
    "orders": ("order_id", "user_id", "ordered_at", "amount"),
    "order_items": ("order_id", "product_id"),
    "events": ("user_id", "occurred_at", "event_type"),
    "returns": ("return_id", "order_id", "user_id", "returned_at"),
    "reviews": ("review_id", "user_id", "reviewed_at"),
    "coupons": ("coupon_id", "user_id", "issued_at"),
    "support_tickets": ("ticket_id", "user_id", "opened_at"),
    "contacts": ("contact_id", "user_id", "sent_at"),
    "consents": ("user_id", "channel", "purpose", "is_granted", "changed_at"),
    "products": ("product_id",),
    "coupon_codes": ("code", "arm"),
}


def test_every_table_with_its_required_columns() -> None:
    found = {table.name: tuple(c.name for c in table.columns if c.is_required) for table in raw_contract()}
    assert found == dict(sorted(REQUIRED.items()))


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
