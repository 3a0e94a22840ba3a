"""Nothing at or after the snapshot is seen by it: neither what happens then, nor what becomes known then.

The landing of the base instance is filled with rows that would change almost every figure if any of them were seen, and
the snapshot is rebuilt: once in the same home over what is there already, and once in a new home from nothing.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import duckdb
import polars as pl
import pytest

from churn_assets.contracts.raw import raw_table

if TYPE_CHECKING:
    from tests.pipeline.conftest import Base, Instance

AT = datetime(2026, 11, 16)
KEYS = {
    "users": "user_id", "orders": "order_id", "order_items": "product_id", "events": "event_id",
    "returns": "return_id", "reviews": "review_id", "coupons": "coupon_id", "support_tickets": "ticket_id",
    "surveys": "question", "contacts": "contact_id", "consents": None, "products": "product_id",
}  # fmt: skip
EVENT_TIMES = {
    "users": "registered_at", "orders": "ordered_at", "events": "occurred_at", "returns": "returned_at",
    "reviews": "reviewed_at", "coupons": "issued_at", "support_tickets": "opened_at", "contacts": "sent_at",
    "surveys": "asked_at", "consents": "changed_at",
}  # fmt: skip
CHANGED = {
    "users": {"registered_at": pl.col("registered_at") - pl.duration(days=300), "birth_year": pl.lit(1950)},
    "orders": {"amount": pl.col("amount") * 100, "status": pl.lit("cancelled"), "coupon_id": pl.lit("c")},
    "order_items": {"quantity": pl.col("quantity") + 50, "unit_price": pl.col("unit_price") / 2},
    "events": {"event_type": pl.lit("favorite"), "dwell_seconds": pl.lit(9_999.0)},
    "returns": {"amount": pl.col("amount") * 100},
    "reviews": {"rating": pl.lit(1, pl.Int64)},
    "coupons": {"redeemed_at": pl.col("issued_at")},
    "support_tickets": {"topic": pl.lit("changed"), "closed_at": pl.lit(None, pl.Datetime("us"))},
    "surveys": {"answer": pl.lit("0")},
    "contacts": {"is_randomised": pl.lit(value=True), "propensity": pl.lit(0.9), "arm": pl.lit("changed")},
    "consents": {"is_granted": ~pl.col("is_granted")},
    "products": {"name": pl.lit("changed"), "category": pl.lit("changed")},
}

MAY_REPEAT = ("consents", "events", "order_items")


def hostile(table: str, rows: pl.DataFrame) -> pl.DataFrame:
    """Rows none of which may count at AT, made of all rows of a raw table."""
    key, event = KEYS[table], EVENT_TIMES.get(table)
    if table not in MAY_REPEAT:  # versions of one id that become known in one moment would be refused
        rows = rows.unique(raw_table(table).key, keep="last", maintain_order=True)

    def fresh(name: str) -> pl.DataFrame:
        if key is None:
            return rows
        # A user is asked the same again: at one moment it would be one row.
        moment = [pl.col("asked_at").cast(pl.String)] if table == "surveys" else []
        return rows.with_columns(pl.concat_str(pl.lit(f"{name}-"), key, *moment).alias(key))

    corrected = rows.with_columns(**CHANGED[table])
    parts = [
        corrected.with_columns(ingested_at=pl.lit(AT)),
        corrected.with_columns(ingested_at=pl.lit(AT) + timedelta(days=1)),
        fresh("late").with_columns(ingested_at=pl.lit(AT)),  # late: happened before, known from the boundary on
    ]
    if event:
        parts.append(fresh("new").with_columns(pl.lit(AT).alias(event), ingested_at=pl.lit(AT)))
        told_at = pl.lit(AT) - timedelta(days=1)
        for name, user in (("told-in-advance", pl.col("user_id")), ("stranger", pl.lit("stranger"))):
            ahead = fresh(name).with_columns(pl.lit(AT).alias(event), ingested_at=told_at, user_id=user)
            # A no counts as soon as it is known, whatever time it gives.
            parts.append(ahead.filter("is_granted") if table == "consents" else ahead)
        parts[-1] = parts[-1].head(1)
    return pl.concat([part.cast(rows.schema) for part in parts])


def add_hostile_rows(landing: Path) -> None:
    for table in KEYS:
        rows = pl.read_parquet(landing / table / "*.parquet").unique(maintain_order=True)
        hostile(table, rows).write_parquet(landing / table / "hostile.parquet")


@pytest.fixture(scope="module")
def repeated(base: Base, tmp_path_factory: pytest.TempPathFactory) -> Instance:
    """The snapshot once more in a home that has made it before, after the hostile rows have landed."""
    instance = base.final.copy(tmp_path_factory.mktemp("repeated") / "home")
    add_hostile_rows(instance.landing)
    instance.succeed("run", "--snapshot", str(AT.date()))
    return instance


@pytest.fixture(scope="module")
def from_nothing(
    base: Base, tmp_path_factory: pytest.TempPathFactory, new_instance: Callable[..., Instance]
) -> Instance:
    """The same in a new home, made from nothing, and then the week before it."""
    instance = new_instance(tmp_path_factory.mktemp("from_nothing") / "home")
    shutil.copytree(base.final.landing, instance.landing)
    add_hostile_rows(instance.landing)
    for day in sorted(base.outputs, reverse=True)[:2]:
        instance.succeed("run", "--snapshot", str(day))
    return instance


def differences(left: Instance, right: Instance, relation: str, snapshot: date) -> dict[str, int]:
    """Columns that differ, each with the number of rows; rows that only one side has count under `user_id`."""
    sql = f"select * from {relation} where snapshot_date = date '{snapshot}' order by all"
    rows, others = left.query(sql), right.query(sql)
    assert len(rows), f"{relation} has no row at {snapshot}"
    strangers = set(rows["user_id"]) ^ set(others["user_id"])
    if strangers:
        return {"user_id": len(strangers)}
    differing = {name: int((~rows[name].eq_missing(others[name])).sum()) for name in rows.columns}
    return {name: count for name, count in differing.items() if count}


def test_the_hostile_rows_keep_the_contract_and_wait_for_the_next_snapshot(base: Base, repeated: Instance) -> None:
    """Otherwise they would prove nothing."""
    for table in KEYS:
        waiting = repeated.query(f"select count(*) from staging.stg_{table} where known_at >= timestamp '{AT}'").item()
        rows = "*" if table in MAY_REPEAT else f"distinct ({', '.join(raw_table(table).key)})"
        seen_before = base.final.query(f"select count({rows}) from staging.stg_{table}").item()
        assert waiting >= 3 * 0.95 * seen_before, table


@pytest.mark.parametrize("relation", [
    "features.user_features", "features.user_statuses", "scoring.scored_users", "interventions.recommended_items",
])  # fmt: skip
def test_a_repeated_snapshot_sees_nothing_of_its_future(base: Base, repeated: Instance, relation: str) -> None:
    assert differences(base.final, repeated, relation, AT.date()) == {}


@pytest.mark.parametrize("relation", ["features.user_features", "features.user_statuses"])
@pytest.mark.parametrize("weeks_before", [0, 1])
def test_snapshots_made_late_and_backwards_see_nothing_of_their_future(
    base: Base, from_nothing: Instance, relation: str, weeks_before: int
) -> None:
    snapshot = AT.date() - timedelta(weeks=weeks_before)
    assert differences(base.final, from_nothing, relation, snapshot) == {}


@pytest.mark.parametrize("weeks_before", [0, 1])
def test_models_made_late_and_backwards_are_the_same_to_the_byte(
    base: Base, from_nothing: Instance, weeks_before: int
) -> None:
    """Scores are not compared: which model was champion is on record, and a home from nothing has another record."""
    for table in ("training_set", "churn_model"):
        made = ("training", table, str(AT.date() - timedelta(weeks=weeks_before)))
        assert from_nothing.published()[made][0] == base.final.published()[made][0], made


def test_training_sees_nothing_of_the_future(base: Base, repeated: Instance, from_nothing: Instance) -> None:
    for relation in ("training.model_comparison", "effects.experiment_readout"):
        made = base.final.values_of(relation, AT.date())
        assert repeated.values_of(relation, AT.date()) == made, relation
    compared = "training.model_comparison"
    assert from_nothing.values_of(compared, AT.date()) == base.final.values_of(compared, AT.date())


def test_a_repeated_snapshot_decides_nothing_again(base: Base, repeated: Instance) -> None:
    """The ledger is sealed, and a message that is planned is not planned twice."""
    for table in ("decision_ledger", "outbox"):
        ledger = ("interventions", table, str(AT.date()))
        assert repeated.published()[ledger][0] == base.final.published()[ledger][0]
    sealed = ("interventions", "decision_ledger", str(AT.date()))
    assert repeated.published()[sealed] == base.final.published()[sealed], "the ledger was published again"
    outbox = "select * from interventions.outbox order by message_key"
    assert repeated.query(outbox).equals(base.final.query(outbox))


def test_verify_says_whether_the_mart_is_what_its_past_gives(repeated: Instance, tmp_path: Path) -> None:
    told = repeated.succeed("verify", "--snapshot", str(AT.date()))
    assert f"Every feature and status at {AT.date()} is what the rows known before {AT.date()} give." in told
    tampered = repeated.copy(tmp_path / "home")
    with duckdb.connect(str(tampered.home / "warehouse.duckdb")) as connection:
        connection.execute("update features.user_features set orders_28d = orders_28d + 1")
    done = tampered.churn("verify")
    assert done.returncode == 1
    assert "user_features.orders_28d" in done.stdout
