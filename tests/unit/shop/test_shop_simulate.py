"""What the shop delivers: every table, by week of known time, the same every time."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from io import BytesIO

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from churn_assets.shop import Batch, ShopSettings, simulate
from churn_assets.shop.tables import SCHEMAS

END = date(2026, 11, 16)
EVENT_TIME = {
    "users": "registered_at",
    "orders": "ordered_at",
    "events": "occurred_at",
    "returns": "returned_at",
    "reviews": "reviewed_at",
    "coupons": "issued_at",
    "support_tickets": "opened_at",
    "surveys": "asked_at",
    "contacts": "sent_at",
    "consents": "changed_at",
}
HAPPENED_BY_THEN = {
    "orders": ["ordered_at", "delivered_at"],
    "coupons": ["issued_at", "redeemed_at"],
    "support_tickets": ["opened_at", "first_replied_at", "closed_at"],
    "contacts": ["sent_at", "opened_at", "clicked_at"],
} | {table: [EVENT_TIME[table]] for table in ("users", "events", "returns", "reviews", "surveys", "consents")}


def content(batches: list[Batch]) -> list[tuple[str, str, str, bytes]]:
    def written(frame: pl.DataFrame) -> bytes:
        file = BytesIO()
        frame.write_ipc(file)
        return file.getvalue()

    return [(batch.folder, batch.table, batch.name, written(batch.frame)) for batch in batches]


@pytest.mark.parametrize(("users", "weeks"), [(1, 1), (50, 1), (50, 8)])
def test_every_table_and_column_is_there_however_small_the_shop(users: int, weeks: int) -> None:
    batches = list(simulate(ShopSettings(end=END, users=users, weeks=weeks)))
    landing = [batch for batch in batches if batch.folder == "landing"]
    assert sorted({batch.table for batch in landing}) == sorted(SCHEMAS)
    assert all(dict(batch.frame.schema) == SCHEMAS[batch.table] for batch in landing)
    assert {batch.table for batch in batches if batch.folder == "truth"} == {"users", "leaving", "effects"}


def test_same_seed_same_bytes_and_another_seed_another_shop() -> None:
    def batches(seed: int) -> list[Batch]:
        return list(simulate(ShopSettings(end=END, users=60, weeks=12, seed=seed)))

    seven = batches(7)
    assert content(seven) == content(batches(7))
    for first, second in zip(seven, batches(8), strict=True):
        if first.frame.height > 20:
            assert not first.frame.equals(second.frame), f"{first.table} {first.name} does not depend on the seed"


def test_a_batch_holds_what_became_known_in_its_week(noisy_batches: list[Batch]) -> None:
    for batch in noisy_batches:
        if batch.folder == "landing":
            start = datetime.fromisoformat(batch.name.removeprefix("week="))
            known = batch.frame["ingested_at"]
            assert known.null_count() == 0
            assert known.is_sorted()
            assert known.is_between(start, start + timedelta(days=7), closed="left").all(), batch.name


def test_there_is_one_batch_per_table_and_week(noisy_batches: list[Batch]) -> None:
    weeks = {f"week={END - timedelta(weeks=back)}" for back in range(1, 27)}
    for table in SCHEMAS:
        names = [batch.name for batch in noisy_batches if batch.folder == "landing" and batch.table == table]
        assert len(names) == 26
        assert set(names) == weeks


def test_nothing_is_known_before_it_happened(noisy: dict[str, pl.DataFrame]) -> None:
    for table, columns in HAPPENED_BY_THEN.items():
        for column in columns:
            early = noisy[table].filter(pl.col(column) > pl.col("ingested_at"))
            assert early.height == 0, f"{table}.{column}: {early.height} rows known before they happened"


def test_nothing_happens_at_or_after_the_end(noisy: dict[str, pl.DataFrame]) -> None:
    end = datetime.combine(END, datetime.min.time())
    for table, columns in HAPPENED_BY_THEN.items():
        latest = noisy[table].select(pl.max_horizontal(pl.col([*columns, "ingested_at"]).max())).item()
        assert latest < end, table


def test_nothing_of_a_user_happens_before_registration(clean: dict[str, pl.DataFrame]) -> None:
    registered = clean["users"].select("user_id", "registered_at")
    for table, column in EVENT_TIME.items():
        early = clean[table].join(registered, on="user_id").filter(pl.col(column) < pl.col("registered_at_right"
            if table == "users" else "registered_at"))  # fmt: skip
        assert early.height == 0, table


def test_ids_point_at_rows_that_exist(clean: dict[str, pl.DataFrame]) -> None:
    orders, users = clean["orders"]["order_id"].implode(), clean["users"]["user_id"].implode()
    for table in ("order_items", "returns", "reviews"):
        assert clean[table]["order_id"].is_in(orders).all(), table
    assert clean["orders"]["coupon_id"].drop_nulls().is_in(clean["coupons"]["coupon_id"].implode()).all()
    assert clean["coupons"]["order_id"].drop_nulls().is_in(orders).all()
    for table in set(SCHEMAS) - {"order_items", "products"}:
        assert clean[table]["user_id"].is_in(users).all(), table


def test_products_have_names_of_their_own_and_the_price_of_their_last_rise(clean: dict[str, pl.DataFrame]) -> None:
    newest = clean["products"].sort("ingested_at").unique("product_id", keep="last")
    assert newest.height == newest["name"].n_unique() == 480
    assert clean["events"]["product_id"].drop_nulls().is_in(newest["product_id"].implode()).all()
    assert 480 < clean["products"].height < 480 * 5, "prices rise about twice a year"
    bought = clean["order_items"].filter(pl.col("ingested_at") == pl.col("ingested_at").max().over("product_id"))
    told = bought.unique("product_id").join(newest, on="product_id")
    assert (told["category"] == told["category_right"]).all()
    assert (told["list_price"] <= told["price"]).all()


def test_an_order_costs_what_its_items_cost(clean: dict[str, pl.DataFrame]) -> None:
    lines = clean["order_items"].group_by("order_id").agg(goods=(pl.col("quantity") * pl.col("unit_price")).sum())
    orders = clean["orders"].join(lines, on="order_id")
    assert orders.height == clean["orders"].height
    gap = pl.col("goods") - pl.col("discount_amount") - pl.col("amount")
    assert orders.select((gap.abs() < 0.011).all() & (pl.col("amount") >= 0).all()).item()


def test_the_newest_version_of_an_order_is_the_last_to_be_known(noisy: dict[str, pl.DataFrame]) -> None:
    rank = pl.col("status").replace_strict({"placed": 0, "delivered": 1, "cancelled": 1}, return_dtype=pl.Int8)
    versions = noisy["orders"].filter(pl.col("order_id").is_not_null()).with_columns(rank=rank)
    steps = versions.sort("order_id", "ingested_at", "rank").select(pl.col("rank").diff().over("order_id"))
    assert (steps["rank"].drop_nulls() >= 0).all()
    assert versions.filter(pl.col("rank") == 1)["order_id"].n_unique() > 0.8 * versions["order_id"].n_unique()


def test_progress_is_told_after_each_week() -> None:
    told: list[tuple[int, int]] = []
    for _ in simulate(ShopSettings(end=END, users=5, weeks=3), lambda done, weeks: told.append((done, weeks))):
        pass
    assert told == [(1, 3), (2, 3), (3, 3)]


@pytest.mark.parametrize(
    ("name", "value"),
    [("users", 0), ("weeks", 0), ("seed", -1), ("late_share", 1.5), ("broken_share", -0.1), ("explained_share", 2.0),
     ("duplicate_share", float("nan")), ("correction_share", 1.01)],
)  # fmt: skip
def test_a_bad_setting_is_named_with_its_value(name: str, value: float) -> None:
    with pytest.raises(ValueError, match=f"{name} .*{value}"):
        ShopSettings(end=END, **{name: value})  # type: ignore[arg-type]


SHARES = st.sampled_from([0.0, 0.2, 1.0])
SHOPS = st.builds(
    ShopSettings,
    end=st.just(END),
    users=st.integers(1, 25),
    weeks=st.integers(1, 6),
    late_share=SHARES,
    correction_share=SHARES,
    duplicate_share=SHARES,
    broken_share=SHARES,
)


@settings(max_examples=10, deadline=None, derandomize=True)
@given(shop=SHOPS)
def test_any_shares_keep_the_promises_about_time(shop: ShopSettings) -> None:
    for batch in simulate(shop):
        if batch.folder == "landing":
            start = datetime.fromisoformat(batch.name.removeprefix("week="))
            assert dict(batch.frame.schema) == SCHEMAS[batch.table]
            assert batch.frame["ingested_at"].is_between(start, start + timedelta(days=7), closed="left").all()
            for column in HAPPENED_BY_THEN.get(batch.table, []):
                assert batch.frame.filter(pl.col(column) > pl.col("ingested_at")).height == 0, (batch.table, column)
