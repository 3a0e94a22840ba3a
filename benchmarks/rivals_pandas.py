"""The features in straightforward pandas: `rivals_pandas.py ORDERS FOLDER SNAPSHOT ...`."""

from __future__ import annotations

import json
import sys
import time
from itertools import pairwise
from pathlib import Path

import duckdb
import pandas as pd

WINDOWS = (7, 28, 91, 182)
DAY = pd.Timedelta(days=1)


def main(file: Path, folder: Path, *snapshots: str) -> None:
    orders = duckdb.sql(f"select user_id, ordered_at, amount, discount_amount from '{file}'").df()
    started = time.perf_counter()
    made = [features_at(orders, pd.Timestamp(day)) for day in snapshots]
    seconds = time.perf_counter() - started
    features = pd.concat(made)
    duckdb.from_df(features).write_parquet(str(folder / "features.parquet"))
    (folder / "told.json").write_text(json.dumps({"feature_seconds": seconds}))


def features_at(orders: pd.DataFrame, snapshot: pd.Timestamp) -> pd.DataFrame:
    """One row per user with an order before `snapshot`."""
    past = orders[orders["ordered_at"] < snapshot]
    users = past.groupby("user_id").agg(
        first=("ordered_at", "min"),
        last=("ordered_at", "max"),
        orders_count=("amount", "size"),
        spent_amount=("amount", "sum"),
        order_mean_amount=("amount", "mean"),
        order_max_amount=("amount", "max"),
    )
    users["recency_days"] = (snapshot - users.pop("last")) / DAY
    users["tenure_days"] = (snapshot - users.pop("first")) / DAY
    for days in WINDOWS:
        inside = past[past["ordered_at"] >= snapshot - days * DAY].groupby("user_id")
        users[f"orders_{days}d"] = inside.size()
        users[f"spent_amount_{days}d"] = inside["amount"].sum()
        discount = inside["discount_amount"].sum().reindex(users.index)
        users[[f"orders_{days}d", f"spent_amount_{days}d"]] = users[
            [f"orders_{days}d", f"spent_amount_{days}d"]
        ].fillna(0)
        users[f"discount_share_{days}d"] = discount / (users[f"spent_amount_{days}d"] + discount)
    return add_rhythm(users, past, snapshot).reset_index().assign(snapshot_date=snapshot.date())


def add_rhythm(users: pd.DataFrame, past: pd.DataFrame, snapshot: pd.Timestamp) -> pd.DataFrame:
    days = past.assign(day=past["ordered_at"].dt.normalize())[["user_id", "day"]].drop_duplicates()
    days = days.sort_values(["user_id", "day"])
    days["gap"] = days.groupby("user_id")["day"].diff() / DAY
    gaps = days.groupby("user_id")["gap"]
    users["gap_mean_days"] = gaps.mean()
    users["gap_spread_days"] = gaps.std(ddof=0).where(gaps.count() > 1)
    users["gap_max_days"] = gaps.max()
    users["recency_to_gap_ratio"] = (snapshot - days.groupby("user_id")["day"].max()) / DAY / users["gap_mean_days"]
    users["spent_per_day_amount"] = users["spent_amount_182d"] / users["tenure_days"].clip(1, 182)
    for name, column in {"orders": "orders", "spent": "spent_amount"}.items():
        for days_short, days_long in pairwise(WINDOWS):
            longer = (users[f"{column}_{days_long}d"] / days_long).replace(0, float("nan"))
            users[f"{name}_trend_{days_short}d"] = users[f"{column}_{days_short}d"] / days_short / longer
    return users


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), *sys.argv[3:])
