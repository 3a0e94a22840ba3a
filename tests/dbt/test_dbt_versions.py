"""Every raw row is accounted for, versions follow each other, and the way to the tables does not show in them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path

import pytest

from churn_assets.duck import duck
from churn_assets.instance.home import Home
from churn_assets.warehouse.project import manifest

Query = Callable[..., list[tuple[object, ...]]]
# Counted by hand in landing/: raw rows, versions kept, duplicates, refused, not yet known at D4.
ACCOUNTS = {
    "users": ("dim_users", 14, 13, 0, 1, 0),
    "orders": (
        "fct_orders",
        37,
        28,
        2,
        6,
        1,
    ),  # twice 201, beaten 301; 303 contradicts itself
    "order_items": ("fct_order_items", 9, 8, 1, 0, 0),
    "events": ("fct_events", 30, 28, 1, 1, 0),
    "returns": ("fct_returns", 3, 3, 0, 0, 0),
    "consents": ("fct_consents", 8, 8, 0, 0, 0),
    "reviews": ("fct_reviews", 9, 9, 0, 0, 0),
    "coupons": ("fct_coupons", 6, 6, 0, 0, 0),
    "support_tickets": ("fct_support_tickets", 5, 5, 0, 0, 0),
    "surveys": ("fct_surveys", 5, 4, 0, 1, 0),
    "contacts": ("fct_contacts", 5, 5, 0, 0, 0),
    "products": ("dim_products", 6, 3, 1, 1, 1),
    "coupon_codes": ("dim_coupon_codes", 6, 4, 0, 2, 0),
}


@pytest.mark.parametrize("table", ACCOUNTS)
def test_no_row_is_lost(whole: Query, table: str) -> None:
    mart, raw, kept, duplicates, refused, unknown_yet = ACCOUNTS[table]
    described = "where is_described" if table == "users" else ""
    ((found_raw, found_kept, found_refused, found_unknown),) = whole(
        f"""select (select count(*) from raw.{table}), (select count(*) from marts.{mart} {described}),
                   (select count(*) from staging.quarantine where source_table = '{table}'),
                   (select count(*) from staging.stg_{table} where known_at >= timestamp '2026-01-26')"""
    )
    assert (found_raw, found_kept, found_refused, found_unknown) == (raw, kept, refused, unknown_yet)
    assert raw == kept + duplicates + refused + unknown_yet


def test_refused_rows_say_which_rule_they_break(whole: Query) -> None:
    found = whole("select source_table, reason, row_key from staging.quarantine order by all")
    assert found == [
        ("coupon_codes", "arm is missing", "K3"),
        ("coupon_codes", "code is missing", ""),
        ("events", "event_type is missing", ""),
        ("orders", "amount is below 0", "11"),
        ("orders", "amount is not a decimal", "13"),
        ("orders", "its id has two contents at one known time in one file", "303"),
        ("orders", "its id has two contents at one known time in one file", "303"),
        ("orders", "order_id is missing", " "),
        ("orders", "ordered_at is not a timestamp", "12"),
        ("products", "price is below 0", "p3"),
        ("surveys", "question is missing", "2|2026-01-08 10:00:00"),
        ("users", "birth_year is below 1900", "13"),
    ]


def test_contact_data_leave_the_landing_nowhere(warehouses: Mapping[str, Home], whole: Query) -> None:
    columns = "select table_schema || '.' || table_name from information_schema.columns where column_name = ?"
    assert whole(columns, "email") == [("raw.users",)]
    assert whole(columns, "phone") == [("raw.users",)]
    assert whole("select has_email from marts.dim_users where user_id = '1'") == [(True,), (True,)]
    assert whole("select count(*) from staging.quarantine where row_json like '%example.org%'") == [(0,)]


def test_versions_of_a_corrected_order_follow_each_other(whole: Query) -> None:
    sql = "select known_at, superseded_at, amount, is_purchase from marts.fct_orders where order_id = ? order by 1"
    first, second = datetime(2026, 1, 2, 11), datetime(2026, 1, 7, 11)
    assert whole(sql, "201") == [(first, second, 40, True), (second, None, 44, True)]
    first, second = datetime(2026, 1, 3, 1), datetime(2026, 1, 6, 1)
    assert whole(sql, "202") == [(first, second, 60, True), (second, None, 60, False)]


def test_both_lines_of_a_product_count_until_the_order_is_delivered_again(whole: Query) -> None:
    sql = "select known_at, superseded_at, quantity from marts.fct_order_items where order_id = '101' order by all"
    first, second = datetime(2025, 12, 1, 13), datetime(2026, 1, 6, 13)
    assert whole(sql) == [(first, second, 1), (first, second, 2), (second, None, 1)]


def test_versions_of_a_product_follow_each_other(whole: Query) -> None:
    sql = "select name, price, known_at, superseded_at from marts.dim_products where product_id = ? order by known_at"
    first, second = datetime(2025, 12, 1, 13), datetime(2026, 1, 10, 13)
    assert whole(sql, "p1") == [("Red kettle", 10, first, second), ("Red kettle", 12, second, None)]
    assert whole(sql, "p2") == [("Tea pot", 50, datetime(1900, 1, 1), None)]


def test_a_user_only_seen_in_orders_exists_and_is_not_described(whole: Query) -> None:
    sql = "select known_at, superseded_at, is_described, region from marts.dim_users where user_id = ?"
    assert whole(sql, "5") == [(datetime(2026, 1, 4, 23, 30), None, False, None)]


def test_times_of_every_kind_are_one_kind(whole: Query) -> None:
    sql = "select ordered_at, known_at from marts.fct_orders where order_id = ?"
    assert whole(sql, "501") == [(datetime(2026, 1, 4, 23, 30), datetime(2026, 1, 4, 23, 30))]
    assert whole(sql, "901") == [(datetime(2025, 12, 31, 10), datetime(2025, 12, 31, 10))]
    assert whole(sql, "203") == [(datetime(2026, 1, 19), datetime(2026, 1, 19, 1))]


def test_events_without_sessions_are_parted_by_silence(whole: Query) -> None:
    sql = "select session_id, count(*) from marts.fct_events where user_id = '2' group by 1 order by 1"
    assert whole(sql) == [("2@2026-01-02T10:00:00.000000", 2), ("2@2026-01-02T11:00:00.000000", 1)]


def built_tables() -> list[str]:
    nodes = (node for node in manifest()["nodes"].values() if node["resource_type"] == "model")
    return sorted(
        f"{node['schema']}.{node['name']}"
        for node in nodes
        if node["schema"] in ("marts", "features") and node["config"]["materialized"] in ("incremental", "by_snapshot")
    )


def contents(file: Path) -> dict[str, tuple[int, int]]:
    """Rows and a hash of all of them, whatever their order, per table."""
    with duck(file, read_only=True) as connection:
        sql = " union all ".join(
            f"select '{table}', count(*), coalesce(bit_xor(hash(found::varchar)), 0) from {table} as found"
            for table in built_tables()
        )
        return {name: (rows, total) for name, rows, total in connection.execute(sql).fetchall()}


def test_one_range_and_one_by_one_from_files_in_reverse_order_give_the_same_tables(
    warehouses: Mapping[str, Home], after_step: Callable[[int], Path]
) -> None:
    one_by_one = contents(after_step(3))
    assert len(one_by_one) == len(built_tables()) > 10
    assert all(rows for name, (rows, _) in one_by_one.items() if name.startswith("features."))
    assert contents(warehouses["whole"].warehouse) == one_by_one


def test_making_an_earlier_snapshot_again_changes_nothing(after_step: Callable[[int], Path]) -> None:
    assert contents(after_step(4)) == contents(after_step(3))
