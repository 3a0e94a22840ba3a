"""Extra columns of users and orders, from files to features, at two snapshots; every expected value by hand.

The SQL of the project over a landing of four files, of which no two have the same columns (warehouse/plan.py).

    D1 = 2026-01-05   D2 = 2026-01-12
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime
from typing import Any

import polars as pl
import pytest

from churn_assets.duck import duck
from churn_assets.landing.inspect import inspect
from churn_assets.landing.raw_views import show_raw
from churn_assets.settings import ExtraColumn, Landing, Settings
from churn_assets.warehouse.plan import Dates, plan_for, statements

D1, D2 = date(2026, 1, 5), date(2026, 1, 12)
NOW = datetime(2026, 2, 1)
DECLARED = [
    ExtraColumn(name="extra_level", table="users", kind="category", values=("Gold", "o'tin", "铂金")),
    ExtraColumn(name="extra_points", table="users", kind="number"),
    ExtraColumn(name="extra_stars", table="orders", kind="number", aggregates=("mean", "last", "sum", "max")),
    ExtraColumn(name="extra_shop", table="orders", kind="category", values=("1", "web"), aggregates=("last", "share")),
]
USERS = """user_id,registered_at,ingested_at,extra_level,extra_points
1,2025-12-01,2025-12-01 01:00,gold,10
1,2025-12-01,2026-01-05 00:00,O'Tin,7.5
2,2025-12-01,2025-12-01 01:00,bronze,many
3,2025-12-01,2025-12-01 01:00,铂金,
4,2026-01-05 12:00,2026-01-04 23:00,gold,5
"""  # 1: corrected exactly at D1; 2: another word; 4: told before D1, registers after it
LATER_USERS = """user_id,registered_at,ingested_at,extra_level
5,2025-12-01,2025-12-01 01:00,gold
"""
ORDERS = """order_id,user_id,ordered_at,amount,ingested_at,status,extra_stars,extra_shop
11,1,2025-12-10,10,2025-12-10,,4,1
12,1,2025-12-20,10,2025-12-20,,1,Web
12,1,2025-12-20,10,2026-01-08,,2,Web
13,1,2026-01-02,10,2026-01-02,,,
14,1,2026-01-03,10,2026-01-06,,5,web
15,1,2026-01-04,10,2026-01-04,cancelled,5,web
21,2,2025-12-20,10,2025-12-20,,x,store
"""  # 12: corrected between D1 and D2; 13 states nothing; 14 is known after D1; 15 is no purchase
EXPECTED: dict[tuple[str, date], dict[str, float | None]] = {
    ("1", D1): {
        "extra_level_gold": 1, "extra_level_o_tin": 0, "extra_level_铂金": 0, "extra_points": 10,
        "extra_stars_mean": 2.6, "extra_stars_last": 1, "extra_stars_sum": 7.8, "extra_stars_max": 4,
        "extra_shop_1_last": 0, "extra_shop_web_last": 1, "extra_shop_1_share": 2 / 3, "extra_shop_web_share": 1 / 3,
    },
    ("1", D2): {
        "extra_level_gold": 0, "extra_level_o_tin": 1, "extra_points": 7.5, "extra_stars_mean": 3.45,
        "extra_stars_last": 5, "extra_stars_sum": 13.8, "extra_stars_max": 5, "extra_shop_web_last": 1,
        "extra_shop_1_share": 1 / 2, "extra_shop_web_share": 1 / 2,
    },
    ("2", D1): {
        "extra_level_gold": 0, "extra_level_铂金": 0, "extra_points": None, "extra_stars_mean": None,
        "extra_stars_last": None, "extra_shop_1_last": 0, "extra_shop_web_last": 0, "extra_shop_1_share": 0,
    },
    ("3", D1): {"extra_level_铂金": 1, "extra_level_gold": 0, "extra_points": None, "extra_shop_web_share": None},
    ("4", D2): {"extra_level_gold": 1, "extra_points": 5},
    ("5", D1): {"extra_level_gold": 1, "extra_points": None},
}  # fmt: skip


@pytest.fixture(scope="module")
def features(tmp_path_factory: pytest.TempPathFactory) -> Iterator[pl.DataFrame]:
    landing = tmp_path_factory.mktemp("extra")
    for name, text in (("users/1", USERS), ("users/2", LATER_USERS), ("orders/1", ORDERS)):
        (landing / name).parent.mkdir(exist_ok=True)
        (landing / f"{name}.csv").write_text(text, encoding="utf-8")
    # A whole number that a data frame with gaps has made a float.
    typed = {"order_id": ["16"], "user_id": ["1"], "ordered_at": [datetime(2025, 12, 1)], "amount": [10.0]}
    pl.DataFrame({**typed, "extra_shop": [1.0], "extra_stars": [2.8]}).write_parquet(landing / "orders" / "2.parquet")
    plan = plan_for(Settings(features={"extra": DECLARED}))
    with duck() as connection:
        show_raw(connection, inspect(str(landing), None, Landing(), DECLARED, now=NOW), DECLARED)
        for statement in statements(plan.models, Dates(date(2025, 12, 1), (D1, D2))):
            connection.execute(statement)
        yield connection.sql("from features.user_features").pl()


@pytest.mark.parametrize(("user", "day"), EXPECTED)
def test_what_the_extra_columns_say_of_a_user(features: pl.DataFrame, user: str, day: date) -> None:
    row = features.row(by_predicate=(pl.col("user_id") == user) & (pl.col("snapshot_date") == day), named=True)
    expected: dict[str, Any] = EXPECTED[user, day]
    assert {name: row[name] for name in expected} == pytest.approx(expected)


def test_there_is_a_feature_per_declaration_and_no_other(features: pl.DataFrame) -> None:
    names = [each.feature.name for column in DECLARED for each in column.features]
    assert sorted(name for name in features.columns if name.startswith("extra_")) == sorted(names)


def test_nobody_is_described_before_registering(features: pl.DataFrame) -> None:
    assert features.filter(user_id="4")["snapshot_date"].to_list() == [D2]


def test_nothing_declared_is_nothing_in_the_sql() -> None:
    (mart,) = [model for model in plan_for(Settings()).models if model.name == "user_features"]
    assert "extra_" not in mart.sql
