"""The least a company can bring: the export of a till, which `churn map` understands. And what changes when more tables
arrive in the landing.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import numpy as np
import polars as pl
import pytest

if TYPE_CHECKING:
    from tests.pipeline.conftest import Instance

END = datetime(2026, 11, 16)
USERS, WEEKS = 300, 30
UNKNOWN = ("sessions_28d", "views_28d", "days_since_visit", "returns_count", "returns_28d", "items_per_order")


def orders() -> pl.DataFrame:
    """Each user buys at a rhythm of their own, and two in five stop somewhere on the way."""
    random = np.random.default_rng(7)
    rows = []
    for user in range(1, USERS + 1):
        day = random.uniform(0, 60)
        last = random.uniform(60, 7 * WEEKS) if random.random() < 0.4 else 7 * WEEKS
        rhythm = random.uniform(4, 25)
        while day < last:
            rows.append((len(rows) + 1, user, END - timedelta(days=7 * WEEKS - day), round(random.gamma(4, 10), 2)))
            day += random.exponential(rhythm)
    return pl.DataFrame(rows, schema=["order_id", "user_id", "ordered_at", "amount"], orient="row")


def till(rows: pl.DataFrame) -> pl.DataFrame:
    """As a German till writes them: day and time apart, a comma in amounts."""
    return rows.select(
        pl.col("order_id").alias("Bon-Nr"),
        pl.col("ordered_at").dt.strftime("%d.%m.%Y").alias("Datum"),
        pl.col("ordered_at").dt.strftime("%H:%M:%S").alias("Uhrzeit"),
        pl.col("user_id").alias("Kundennummer"),
        pl.col("amount").cast(pl.String).str.replace(".", ",", literal=True).alias("Betrag"),
    )


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory, new_instance: Callable[..., Instance]) -> Instance:
    """With the default size of training: 500 users are needed, 300 are there."""
    training = {"slices": 2, "slice_step_days": 14}
    instance = new_instance(tmp_path_factory.mktemp("orders_only") / "home", training=training)
    instance.landing.mkdir()
    exports = tmp_path_factory.mktemp("exports")
    till(orders()).write_csv(exports / "kasse_2026.csv", separator=";")
    assert "orders, of kasse:" in instance.succeed("map", str(exports), "--yes")
    instance.succeed("run")
    return instance


def test_the_newest_snapshot_is_the_first_that_has_seen_all_orders(shop: Instance) -> None:
    assert shop.query("select distinct snapshot_date from scoring.scored_users").rows() == [(END.date(),)]


def test_no_row_is_refused_and_ids_are_text(shop: Instance) -> None:
    assert shop.query("select count(*) from staging.quarantine").item() == 0
    assert shop.query("select count(*) from scoring.scored_users").item() == USERS
    assert set(shop.query("select user_id from scoring.scored_users")["user_id"]) == {
        str(n) for n in range(1, USERS + 1)
    }


def test_too_few_users_for_trees_are_scored_by_the_baseline(shop: Instance) -> None:
    compared = shop.query("select model, is_shipped from training.model_comparison order by model").rows()
    assert compared == [("bg_nbd", False), ("logistic_rfm", True), ("recency", False)]
    scored = shop.query("select status, churn_probability from scoring.scored_users").filter(status="eligible")
    assert scored["churn_probability"].null_count() == 0
    assert scored["churn_probability"].n_unique() > len(scored) / 2


def test_features_of_missing_tables_are_unknown_not_zero(shop: Instance) -> None:
    features = shop.query(f"select {', '.join(UNKNOWN)} from features.user_features")
    assert set(features.null_count().row(0)) == {len(features)}


def test_without_a_word_of_consent_nobody_is_written_to(shop: Instance) -> None:
    constraints = shop.query("select distinct arm, binding_constraint from interventions.decision_ledger").rows()
    assert {arm for arm, _ in constraints} == {"none"}
    assert "no_consent" in {constraint for _, constraint in constraints}
    assert shop.query("select count(*) from interventions.outbox").item() == 0


def test_tables_that_arrive_later_do_not_reach_back(shop: Instance) -> None:
    """Visits and returns from before the snapshot, known from it on, or told a day before they happen."""
    before = {table: shop.values_of(table, END.date()) for table in ("features.user_features", "scoring.scored_users")}
    bought = orders()
    late = bought.select(pl.col("user_id").cast(pl.String), pl.lit(END).alias("ingested_at"))
    happened = bought["ordered_at"].dt.cast_time_unit("us")
    events = late.with_columns(
        event_id="e-" + bought["order_id"].cast(pl.String), occurred_at=happened, event_type=pl.lit("view")
    )
    returns = late.with_columns(
        return_id="r-" + bought["order_id"].cast(pl.String),
        order_id=bought["order_id"].cast(pl.String),
        returned_at=happened,
    )
    early = timedelta(days=1)
    for table, rows, event_time, key in (
        ("events", events, "occurred_at", "event_id"),
        ("returns", returns, "returned_at", "return_id"),
    ):
        told_in_advance = rows.with_columns(
            pl.lit(END).alias(event_time), ingested_at=pl.col("ingested_at") - early, **{key: "a-" + pl.col(key)}
        )
        (shop.landing / table).mkdir()
        pl.concat([rows, told_in_advance]).write_parquet(shop.landing / table / "new.parquet")
    shop.succeed("run", "--snapshot", str(END.date()))
    assert shop.query("select count(*) from staging.stg_events").item() == 2 * len(bought)
    assert {table: shop.values_of(table, END.date()) for table in before} == before
