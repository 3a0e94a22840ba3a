"""Arms that are out because the shop lacks what their texts promise; and what is said of it."""

from __future__ import annotations

from datetime import date, datetime

import pytest

from churn_assets.defs.interventions.sources import arms_left_out, codes_left, codes_without_use
from churn_assets.duck import duck
from churn_assets.workplace import Workplace

DAY, BEFORE = date(2026, 11, 16), datetime(2026, 11, 1)
TABLES = """
create schema marts; create schema staging;
create table marts.dim_products (
  product_id varchar, name varchar, url varchar, image_url varchar, category varchar, known_at timestamp,
  superseded_at timestamp);
create table marts.fct_order_items (known_at timestamp);
create table staging.stg_events (product_id varchar, event_type varchar, known_at timestamp);
create table marts.dim_coupon_codes (code varchar, arm varchar, level varchar, expires_at timestamp,
  known_at timestamp, superseded_at timestamp)
"""
NAMES = f"insert into marts.dim_products values ('p1', 'Kettle', null, null, null, '{BEFORE}', null)"
ITEMS = f"insert into marts.fct_order_items values ('{BEFORE}')"
EVENTS = f"insert into staging.stg_events values ('p1', 'view', '{BEFORE}')"
NO_NAME = "reminder_email: its texts name an item, and no product has a name of its own (raw table products)"
VIEWED = """
decisions:
  arms:
    - {arm: again, channel: push, template: t, cost_amount: 1, assumed_lift: 0.1,
       texts: {en: {body: "You looked at {viewed_1}."}}}
    - arm: coupon
      channel: push
      template: t
      code: pool
      texts: {en: {body: "Your code: {code}"}}
      levels: [{level: "10", cost_amount: 1, assumed_lift: 0.1}, {level: "20", cost_amount: 2, assumed_lift: 0.2}]
"""


def warehouse(workplace: Workplace, *rows: str) -> None:
    with duck(workplace.home.warehouse) as connection:
        for statement in (TABLES, *rows):
            connection.execute(statement)


@pytest.mark.parametrize(
    ("rows", "told"),
    [
        ([], [NO_NAME]),
        ([ITEMS, EVENTS], [NO_NAME]),
        ([NAMES.replace("'Kettle'", "null"), ITEMS], [NO_NAME]),
        ([NAMES.replace("'Kettle'", "'p1'"), ITEMS], [NO_NAME]),
        ([NAMES.replace(str(BEFORE), str(DAY)), ITEMS], [NO_NAME]),
        ([NAMES], ["reminder_email: its texts name an item, and the shop has no order_items"]),
        ([NAMES, ITEMS], []),
        ([NAMES, EVENTS], []),
    ],
)
def test_a_reminder_needs_names_and_some_way_to_find_an_item(
    workplace: Workplace, rows: list[str], told: list[str]
) -> None:
    warehouse(workplace, *rows)
    assert arms_left_out(workplace, DAY) == told


def test_events_and_codes_that_are_missing_are_named(workplace: Workplace) -> None:
    workplace.home.settings_file.write_text(VIEWED)
    code = "insert into marts.dim_coupon_codes values ('K1', 'coupon', '10', null, '2026-11-01', null)"
    warehouse(workplace, NAMES, ITEMS, EVENTS.replace("'view'", "'search'"), code)
    assert codes_left(workplace, DAY) == {("coupon", "10"): 1}
    assert arms_left_out(workplace, DAY) == [
        "again: its texts name an item, and the shop has no events with product_id",
        "coupon_20: no coupon code is left for it (raw table coupon_codes)",
    ]


def test_codes_that_can_be_given_to_nobody_are_counted(workplace: Workplace) -> None:
    insert = "insert into marts.dim_coupon_codes values ('{}', '{}', {}, null, '2026-11-01', null)"
    codes = [("K1", "coupon", "'10'"), ("K{2}", "coupon", "'10'"), ("K3", "cupon", "'10'"), ("K4", "gift", "null")]
    warehouse(workplace, *(insert.format(*code) for code in codes))
    names = {"coupon_10": 2, "cupon_10": 1, "gift": 1}
    nobody = [f"for {name}: {n}, and no arm of that name and level has `code: pool`" for name, n in names.items()]
    broken = "unusable: 1, with line breaks, braces, odd blanks, or longer than 64"
    assert codes_without_use(workplace, DAY) == [broken, *nobody]
    workplace.home.settings_file.write_text(VIEWED)
    again = Workplace(home_path=workplace.home_path)  # reads the settings anew
    assert codes_without_use(again, DAY) == [broken, *nobody[1:]]
