"""The features that featuretools has: `rivals_featuretools.py ORDERS FOLDER SNAPSHOT ...`.

Needs nothing of the project.
"""

from __future__ import annotations

import json
import sys
import time
import warnings
from pathlib import Path

import featuretools
import pandas as pd

WINDOWS = (7, 28, 91, 182)
DAY_SECONDS = 86_400
warnings.filterwarnings("ignore")  # some per call: names of pandas functions that will change
EVER = {
    "COUNT(orders)": "orders_count",
    "SUM(orders.amount)": "spent_amount",
    "MEAN(orders.amount)": "order_mean_amount",
    "MAX(orders.amount)": "order_max_amount",
}
SECONDS = {
    "TIME_SINCE_LAST(orders.ordered_at)": "recency_days",
    "TIME_SINCE_FIRST(orders.ordered_at)": "tenure_days",
    "AVG_TIME_BETWEEN(orders.ordered_at)": "gap_mean_days",
}


def main(file: Path, folder: Path, *snapshots: str) -> None:
    orders = pd.read_parquet(file, columns=["order_id", "user_id", "ordered_at", "amount", "discount_amount"])
    users = pd.DataFrame({"user_id": orders["user_id"].unique()})
    shop = featuretools.EntitySet("shop")
    shop.add_dataframe(dataframe_name="users", dataframe=users, index="user_id")
    shop.add_dataframe(dataframe_name="orders", dataframe=orders, index="order_id", time_index="ordered_at")
    shop.add_relationship("users", "user_id", "orders", "user_id")
    started = time.perf_counter()
    made = [features_at(shop, pd.Timestamp(day)) for day in snapshots]
    seconds = time.perf_counter() - started
    pd.concat(made).to_parquet(folder / "features.parquet")
    (folder / "told.json").write_text(json.dumps({"feature_seconds": seconds}))


def features_at(shop: featuretools.EntitySet, snapshot: pd.Timestamp) -> pd.DataFrame:
    """One row per user; one call for all time and one per window."""
    ever = ["count", "sum", "mean", "max", "time_since_last", "time_since_first", "avg_time_between"]
    found = _dfs(shop, snapshot, ever, ["amount"], None)
    users = found[list(EVER)].rename(columns=EVER)
    for theirs, ours in SECONDS.items():
        users[ours] = found[theirs] / DAY_SECONDS
    for days in WINDOWS:
        found = _dfs(shop, snapshot, ["count", "sum"], ["amount", "discount_amount"], f"{days} days")
        spent, discount = found["SUM(orders.amount)"], found["SUM(orders.discount_amount)"]
        users[f"orders_{days}d"] = found["COUNT(orders)"].astype("float64")
        users[f"spent_amount_{days}d"] = spent
        users[f"discount_share_{days}d"] = (discount / (spent + discount)).where(found["COUNT(orders)"] > 0)
    return users.reset_index().assign(snapshot_date=snapshot.date())


def _dfs(
    shop: featuretools.EntitySet, snapshot: pd.Timestamp, primitives: list[str], columns: list[str], window: str | None
) -> pd.DataFrame:
    """Only the columns asked for, so that nothing is computed for nothing."""
    ignored = [name for name in ("amount", "discount_amount") if name not in columns]
    matrix, _ = featuretools.dfs(
        entityset=shop, target_dataframe_name="users", agg_primitives=primitives, trans_primitives=[], max_depth=1,
        cutoff_time=snapshot, training_window=window, include_cutoff_time=False, ignore_columns={"orders": ignored},
    )  # fmt: skip
    return matrix


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), *sys.argv[3:])
