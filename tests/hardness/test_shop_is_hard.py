"""The shop is no toy: recency alone says little, browsing adds to orders, and the oracle stays out of reach.

Features here are a quick stand-in for the mart, as known at the snapshot; trained on matured snapshots, tested on a
later one.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta

import polars as pl
import pytest
from catboost import CatBoostClassifier
from sklearn.metrics import roc_auc_score

from churn_assets.shop import Batch, ShopSettings, simulate

END = date(2026, 11, 16)
TEST = END - timedelta(weeks=5)
TRAINING = [TEST - timedelta(weeks=4 * back) for back in (1, 2, 3)]
RECENCY = "recency_days"
ORDERS = [RECENCY, "orders", "spent_amount", "first_days", "orders_28d", "orders_91d", "gap_days", "coupon_share",
          "late_orders_91d"]  # fmt: skip
BROWSE = ["browse_recency_days", "events_7d", "events_28d", "events_91d", "sessions_28d", "sessions_91d"]
NEEDED = {("landing", "orders"), ("landing", "events"), ("truth", "leaving")}


def tables() -> dict[str, pl.DataFrame]:
    wanted: dict[str, list[pl.DataFrame]] = {table: [] for _, table in NEEDED}
    batches: list[Batch] = list(simulate(ShopSettings(end=END, users=8_000, weeks=50)))
    for batch in batches:
        if (batch.folder, batch.table) in NEEDED:
            wanted[batch.table].append(batch.frame)
    return {table: pl.concat(frames) for table, frames in wanted.items()}


def purchases(orders: pl.DataFrame, known_before: datetime) -> pl.DataFrame:
    newest = orders.filter(pl.col("ingested_at") < known_before).sort("ingested_at").unique("order_id", keep="last")
    return newest.filter(pl.col("status") != "cancelled").drop_nulls(["user_id", "order_id", "ordered_at"])


def days(later: datetime, earlier: pl.Expr) -> pl.Expr:
    return (pl.lit(later) - earlier).dt.total_hours() / 24


def snapshot(raw: dict[str, pl.DataFrame], day: date) -> pl.DataFrame:
    """One row per user with a purchase in the 180 days before `day`: features, label, the oracle's probability."""
    now = datetime.combine(day, datetime.min.time())
    ordered, occurred = pl.col("ordered_at"), pl.col("occurred_at")
    known = purchases(raw["orders"], now)
    features = known.group_by("user_id").agg(
        days(now, ordered.max()).alias(RECENCY),
        days(now, ordered.min()).alias("first_days"),
        pl.len().alias("orders"),
        pl.col("amount").fill_nan(None).sum().alias("spent_amount"),
        *((ordered >= now - timedelta(days=window)).sum().alias(f"orders_{window}d") for window in (28, 91)),
        (ordered.sort().diff().dt.total_hours().mean() / 24).alias("gap_days"),
        pl.col("coupon_id").is_not_null().mean().alias("coupon_share"),
        ((pl.col("delivered_at") > pl.col("promised_at")) & (ordered >= now - timedelta(days=91)))
        .sum()
        .alias("late_orders_91d"),
    )
    events = raw["events"].filter((pl.col("ingested_at") < now) & (occurred < now)).unique("event_id")
    browse = events.group_by("user_id").agg(
        days(now, occurred.max()).alias("browse_recency_days"),
        *((occurred >= now - timedelta(days=window)).sum().alias(f"events_{window}d") for window in (7, 28, 91)),
        *(
            pl.col("session_id")
            .filter(occurred >= now - timedelta(days=window))
            .n_unique()
            .alias(f"sessions_{window}d")
            for window in (28, 91)
        ),
    )
    window = ordered.is_between(now, now + timedelta(days=28), closed="left")
    stayed = purchases(raw["orders"], now + timedelta(days=35)).filter(window)["user_id"].implode()
    oracle = raw["leaving"].filter(pl.col("snapshot_date") == day).select("user_id", "churn_probability")
    rows = features.filter(pl.col(RECENCY) <= 180).join(browse, on="user_id", how="left").join(oracle, on="user_id")
    return rows.with_columns(is_churned=~pl.col("user_id").is_in(stayed)).sort("user_id")


def fitted_auc(training: pl.DataFrame, test: pl.DataFrame, columns: list[str]) -> float:
    model = CatBoostClassifier(
        iterations=150, depth=4, learning_rate=0.07, l2_leaf_reg=20, random_seed=1, thread_count=2, verbose=False,
        allow_writing_files=False,
    )  # fmt: skip
    model.fit(training.select(columns).to_numpy(), training["is_churned"].to_numpy())
    return float(roc_auc_score(test["is_churned"], model.predict_proba(test.select(columns).to_numpy())[:, 1]))


@pytest.fixture(scope="module")
def figures() -> dict[str, float]:
    raw = tables()
    training, test = pl.concat([snapshot(raw, day) for day in TRAINING]), snapshot(raw, TEST)
    label = test["is_churned"]
    return {
        "base": float(label.cast(pl.Float64).to_numpy().mean()),
        "recency": float(roc_auc_score(label, test[RECENCY])),
        "orders": fitted_auc(training, test, ORDERS),
        "browse": fitted_auc(training, test, ORDERS + BROWSE),
        "oracle": float(roc_auc_score(label, test["churn_probability"])),
    }


def test_neither_nearly_all_nor_nearly_none_churn(figures: dict[str, float]) -> None:
    assert 0.35 < figures["base"] < 0.65, figures


def test_recency_alone_says_something_but_not_much(figures: dict[str, float]) -> None:
    assert 0.65 < figures["recency"] < 0.80, figures


def test_orders_say_more_than_recency(figures: dict[str, float]) -> None:
    assert figures["orders"] > figures["recency"] + 0.01, figures


def test_browsing_adds_to_orders(figures: dict[str, float]) -> None:
    assert figures["browse"] >= figures["orders"] + 0.02, figures


def test_the_oracle_leaves_head_room(figures: dict[str, float]) -> None:
    assert figures["oracle"] >= figures["browse"] + 0.02, figures
