"""A landing of a few rows with every trap of time in it, and the warehouses that the real dbt project makes of it.

Weekly snapshots; the labels have a gap of 7 days and a horizon of 7 days, so those of D1 mature at D3.

    D1 = 2026-01-05   D2 = 2026-01-12   D3 = 2026-01-19   D4 = 2026-01-26

`whole`: the landing in several files and formats, all four snapshots in one range, dbt tests included.
`stepwise`: the same rows in one CSV file per table, in reverse order, one snapshot after another, D2 once more at the end.
`orders_only`: nothing but orders, with whole numbers for ids.
All three are built at the same time, each by one process, once per session.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import duckdb
import polars as pl
import pytest

from churn_assets.defs.duck import duck
from churn_assets.defs.home import Home

D1, D2, D3, D4 = "2026-01-05", "2026-01-12", "2026-01-19", "2026-01-26"
SETTINGS = """
calendar: {start: 2025-12-29}
churn: {gap_days: 7, horizon_days: 7, active_within_days: 40}
"""
Row = Mapping[str, object]
Query = Callable[..., list[tuple[object, ...]]]


def order(order_id: int, user: int, ordered: str, amount: object, known: str, **more: object) -> Row:
    return {"order_id": order_id, "user_id": user, "ordered_at": ordered, "amount": amount, "ingested_at": known, **more}


# Whole numbers for ids.
ORDERS_OF_USER_1 = [
    order(101, 1, "2025-12-01 12:00:00", 100, "2025-12-01 13:00:00",
          promised_at="2025-12-03 00:00:00", delivered_at="2025-12-05 09:00:00"),
    # Known a microsecond before D1: counts at D1.
    order(102, 1, "2026-01-04 12:00:00", 50, "2026-01-04 23:59:59.999999", discount_amount=50, coupon_id="c1"),
    # Known exactly at D1: counts from D2 on.
    order(103, 1, "2026-01-04 13:00:00", 70, "2026-01-05 00:00:00"),
    # Late by three weeks: changes D2, never D1.
    order(104, 1, "2025-12-20 12:00:00", 30, "2026-01-08 12:00:00"),
    # On the first microsecond of D1's label window.
    order(105, 1, "2026-01-12 00:00:00", 20, "2026-01-12 01:00:00"),
]  # fmt: skip

# In a Parquet file whose times have a zone.
ORDERS_OF_USER_2 = [
    order(201, 2, "2026-01-02 10:00:00", 40, "2026-01-02 11:00:00"),
    order(201, 2, "2026-01-02 10:00:00", 40, "2026-01-02 11:00:00"),  # delivered twice
    order(201, 2, "2026-01-02 10:00:00", 44, "2026-01-07 11:00:00"),  # amount corrected
    order(202, 2, "2026-01-03 00:00:00", 60, "2026-01-03 01:00:00"),
    order(202, 2, "2026-01-03 00:00:00", 60, "2026-01-06 01:00:00", status=" Cancelled"),
    order(203, 2, "2026-01-19 00:00:00", 9, "2026-01-19 01:00:00"),  # a moment after D1's label window
]

# In a CSV file; times with offsets, broken rows.
ORDERS_IN_TEXT = [
    order(501, 5, "2026-01-05T01:30:00+02:00", 15, "2026-01-05 00:30:00+01:00"),  # both 23:30 before D1
    order(901, 9, "2025-12-31 10:00:00Z", 8, "2025-12-31T10:00:00"),
    order(11, 1, "2026-01-01 10:00:00", -5, "2026-01-01 11:00:00"),
    order(12, 1, "soon", 5, "2026-01-01 11:00:00"),
    order(13, 1, "2026-01-01 10:00:00", "NaN", "2026-01-01 11:00:00"),
    {**order(0, 1, "2026-01-01 10:00:00", 5, "2026-01-01 11:00:00"), "order_id": " "},
]

ORDERS = [
    # Same id and known time, different content: one of them, whatever the order of the files.
    order(301, 3, "2025-12-30 09:00:00", 10, "2025-12-30 10:00:00"),
    order(301, 3, "2025-12-30 09:00:00", 20, "2025-12-30 10:00:00"),
    # In D1's label window, but known after it closed.
    order(302, 3, "2026-01-18 09:00:00", 10, "2026-01-20 10:00:00"),
    # Known before D1, said to happen after it.
    order(401, 4, "2026-01-06 10:00:00", 25, "2026-01-04 10:00:00"),
    order(402, 4, "2025-12-30 10:00:00", 5, "2025-12-30 11:00:00"),
    # In the gap before D1's label window.
    order(403, 4, "2026-01-08 10:00:00", 5, "2026-01-08 11:00:00"),
    # In D1's label window, cancelled before it closed.
    order(502, 5, "2026-01-14 10:00:00", 15, "2026-01-14 11:00:00"),
    order(502, 5, "2026-01-14 10:00:00", 15, "2026-01-18 11:00:00", status="void"),
    order(601, 6, "2026-01-02 10:00:00", 15, "2026-01-02 11:00:00", status="CANCELLED"),
    order(701, 7, "2025-10-01 10:00:00", 15, "2025-10-01 11:00:00"),
    order(702, 7, "2026-01-13 10:00:00", 15, "2026-01-13 11:00:00"),
    order(801, 8, "2026-01-01 10:00:00", 15, "2026-01-01 11:00:00"),
    order(1001, 10, "2025-12-31 10:00:00", 7, "2025-12-31 11:00:00"),
    # In D1's label window, cancelled after it closed.
    order(1002, 10, "2026-01-15 10:00:00", 7, "2026-01-15 11:00:00"),
    order(1002, 10, "2026-01-15 10:00:00", 7, "2026-01-21 11:00:00", status="cancelled"),
    # Not known yet at the end of what is consumed here.
    order(1003, 10, "2026-01-20 10:00:00", 7, "2026-01-26 00:00:00"),
]


def item(order_id: int, product: str, category: str, quantity: int, paid: float, listed: float, known: str) -> Row:
    return {"order_id": order_id, "product_id": product, "category": category, "quantity": quantity,
            "unit_price": paid, "list_price": listed, "ingested_at": known}  # fmt: skip


ITEMS = [
    # Two lines of one product: both count, until the order is delivered again with one.
    item(101, "p1", "c1", 1, 10, 10, "2025-12-01 13:00:00"),
    item(101, "p1", "c1", 2, 9, 10, "2025-12-01 13:00:00"),
    item(101, "p1", "c1", 2, 9, 10, "2025-12-01 13:00:00"),  # delivered twice
    item(101, "p1", "c1", 1, 8, 10, "2026-01-06 13:00:00"),
    item(102, "p2", "c2", 1, 50, 50, "2026-01-04 13:00:00"),
]


def event(user: int, occurred: str, kind: str, known: str, **more: object) -> Row:
    return {"user_id": user, "occurred_at": occurred, "event_type": kind, "ingested_at": known, **more}


EVENTS = [
    # A visit over midnight belongs to the day it began on.
    event(1, "2026-01-03 23:50:00", "view", "2026-01-04 01:00:00", event_id="e11", session_id="s1", dwell_seconds=30),
    event(1, "2026-01-04 00:10:00", "add_to_cart", "2026-01-04 01:00:00", event_id="e12", session_id="s1",
          dwell_seconds=10),
    # Neither ids nor sessions: a pause of 40 minutes starts a new visit, an exact repeat is a duplicate.
    event(2, "2026-01-02 10:00:00", "view", "2026-01-02 12:00:00"),
    event(2, "2026-01-02 10:20:00", "view", "2026-01-02 12:00:00"),
    event(2, "2026-01-02 11:00:00", "search", "2026-01-02 12:00:00", search_query="tea"),
    event(2, "2026-01-02 11:00:00", "search", "2026-01-02 12:00:00", search_query="tea"),
    # A correction changes type and day, backwards.
    event(3, "2026-01-02 10:00:00", "view", "2026-01-02 12:00:00", event_id="e31", session_id="s3"),
    event(3, "2025-12-30 10:00:00", "favorite", "2026-01-07 12:00:00", event_id="e31", session_id="s3"),
    # A correction moves the visit forward.
    event(4, "2025-12-30 10:00:00", "view", "2025-12-30 12:00:00", event_id="e41", session_id="s4"),
    event(4, "2026-01-02 10:00:00", "view", "2026-01-07 12:00:00", event_id="e41", session_id="s4"),
    # Known exactly at D1.
    event(5, "2026-01-04 10:00:00", "view", "2026-01-05 00:00:00", event_id="e51", session_id="s5"),
    {**event(5, "2026-01-04 10:00:00", "view", "2026-01-04 12:00:00"), "event_type": ""},
]  # fmt: skip

RETURNS = [
    {"return_id": "r1", "order_id": 101, "user_id": 1, "returned_at": "2026-01-06 10:00:00", "amount": 20,
     "ingested_at": "2026-01-08 10:00:00"},
]  # fmt: skip


def consent(user: int, channel: str, granted: str, changed: str, known: str, purpose: str = "direct_marketing") -> Row:
    return {"user_id": user, "channel": channel, "purpose": purpose, "is_granted": granted, "changed_at": changed,
            "ingested_at": known}  # fmt: skip


CONSENTS = [
    consent(8, "all", "false", "2026-01-03 10:00:00", "2026-01-03 10:00:00"),
    consent(9, "email", "false", "2026-01-02 10:00:00", "2026-01-02 10:00:00"),
    consent(9, "sms", "true", "2026-01-03 10:00:00", "2026-01-03 10:00:00"),
    consent(9, "all", "false", "2026-01-06 10:00:00", "2026-01-06 10:00:00"),
    consent(10, "email", "false", "2026-01-02 10:00:00", "2026-01-02 10:00:00"),
    consent(10, "email", "true", "2026-01-02 12:00:00", "2026-01-02 12:00:00"),
    # Withdrawn before D1, but the shop learned of it after.
    consent(10, "email", "false", "2026-01-03 10:00:00", "2026-01-06 10:00:00"),
    # Another purpose says nothing about direct marketing.
    consent(1, "email", "false", "2026-01-02 10:00:00", "2026-01-02 10:00:00", purpose="profiling"),
]


def user(user_id: int, registered: str | None, known: str | None, **more: object) -> Row:
    return {"user_id": user_id, "registered_at": registered, "ingested_at": known, **more}


# User 5 is only seen in orders.
USERS = [
    user(1, "2025-11-06 00:00:00", "2025-11-06 01:00:00", region="north", email="one@example.org"),
    user(1, "2025-11-06 00:00:00", "2026-01-07 01:00:00", region="south", email="one@example.org"),
    user(2, "2025-12-01 00:00:00", "2025-12-01 01:00:00"),
    user(3, "2025-12-01 00:00:00", "2025-12-01 01:00:00"),
    user(4, "2025-12-01 00:00:00", "2025-12-01 01:00:00"),
    user(6, "2025-12-01 00:00:00", "2025-12-01 01:00:00"),
    user(7, "2025-09-01 00:00:00", "2025-09-01 01:00:00"),
    user(8, "2025-12-01 00:00:00", "2025-12-01 01:00:00"),
    user(9, "2025-12-01 00:00:00", "2025-12-01 01:00:00"),
    user(10, "2025-12-01 00:00:00", "2025-12-01 01:00:00"),
    user(11, "2026-01-08 00:00:00", "2026-01-08 01:00:00"),
    user(12, None, None),
    user(13, "2025-12-01 00:00:00", "2025-12-01 01:00:00", birth_year=1800),
]

RAW: dict[str, Sequence[Row]] = {
    "users": USERS,
    "orders": [*ORDERS_OF_USER_1, *ORDERS_OF_USER_2, *ORDERS_IN_TEXT, *ORDERS],
    "order_items": ITEMS,
    "events": EVENTS,
    "returns": RETURNS,
    "consents": CONSENTS,
}


def as_text(rows: Sequence[Row]) -> pl.DataFrame:
    """Every value as a CSV file would hold it."""
    names = list(dict.fromkeys(name for row in rows for name in row))
    texts = [{name: None if row.get(name) is None else str(row[name]) for name in names} for row in rows]
    return pl.DataFrame(texts, schema=dict.fromkeys(names, pl.String))


def as_typed(rows: Sequence[Row], *, whole_ids: bool = False, zone: str | None = None) -> pl.DataFrame:
    """Times as timestamps, amounts as numbers; ids as text, or as whole numbers."""
    frame = as_text(rows)
    times = [name for name in frame.columns if name.endswith("_at")]
    numbers = [name for name in frame.columns if name.endswith("amount")]
    ids = ["order_id", "user_id"] if whole_ids else []
    return frame.with_columns(
        pl.col(times).str.to_datetime("%Y-%m-%d %H:%M:%S%.f", time_unit="us", time_zone=zone),
        pl.col(numbers).cast(pl.Float64),
        pl.col(ids).cast(pl.Int64),
    )


def land(landing: Path, table: str, name: str, frame: pl.DataFrame) -> None:
    file = landing / table / name
    file.parent.mkdir(parents=True, exist_ok=True)
    if file.suffix == ".csv":
        frame.write_csv(file)
    else:
        frame.write_parquet(file)


def land_whole(landing: Path) -> None:
    land(landing, "orders", "2026/ints.parquet", as_typed(ORDERS_OF_USER_1, whole_ids=True))
    land(landing, "orders", "zoned.parquet", as_typed(ORDERS_OF_USER_2, zone="UTC"))
    land(landing, "orders", "text.csv", as_text(ORDERS_IN_TEXT))
    land(landing, "orders", "typed.parquet", as_typed(ORDERS))
    for table in set(RAW) - {"orders"}:
        land(landing, table, "rows.parquet", as_text(RAW[table]))


def land_reversed(landing: Path) -> None:
    for table, rows in RAW.items():
        land(landing, table, "rows.csv", as_text(rows)[::-1])


def land_orders_only(landing: Path) -> None:
    land(landing, "orders", "rows.parquet", as_typed(ORDERS_OF_USER_1, whole_ids=True).drop("discount_amount"))


LANDINGS = {"whole": land_whole, "stepwise": land_reversed, "orders_only": land_orders_only}
COMMANDS = {
    "whole": ("build", f"{D1}:{D4}"),
    "stepwise": ("run", f"{D1}:{D1}", f"{D2}:{D2}", f"{D3}:{D3}", f"{D4}:{D4}", f"{D2}:{D2}"),
    "orders_only": ("run", f"{D1}:{D2}"),
}


@pytest.fixture(scope="session")
def warehouses(
    tmp_path_factory: pytest.TempPathFactory, environment_of: Callable[..., Mapping[str, str]]
) -> Mapping[str, Home]:
    """The homes by name, built."""
    homes = {name: Home(tmp_path_factory.mktemp(name)).prepare() for name in LANDINGS}
    script = Path(__file__).with_name("build_warehouse.py")
    running = {}
    for name, home in homes.items():
        home.settings_file.write_text(SETTINGS)
        LANDINGS[name](Path(home.landing))
        running[name] = subprocess.Popen(
            [sys.executable, str(script), *COMMANDS[name]],
            env=environment_of(home.root), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        )  # fmt: skip
    told = {name: process.communicate()[0] for name, process in running.items()}
    failed = [name for name, process in running.items() if process.returncode]
    assert not failed, "\n".join(f"--- {name}\n{told[name]}" for name in failed)
    return homes


@contextmanager
def querying(file: Path) -> Iterator[Query]:
    with duck(file, read_only=True) as connection:

        def query(sql: str, *parameters: object) -> list[tuple[object, ...]]:
            try:
                return connection.execute(sql, parameters).fetchall()
            except duckdb.Error as error:
                raise AssertionError(f"{error}\n{sql}") from error

        yield query


@pytest.fixture(scope="session")
def whole(warehouses: Mapping[str, Home]) -> Iterator[Query]:
    with querying(warehouses["whole"].warehouse) as query:
        yield query


@pytest.fixture(scope="session")
def orders_only(warehouses: Mapping[str, Home]) -> Iterator[Query]:
    with querying(warehouses["orders_only"].warehouse) as query:
        yield query


@pytest.fixture(scope="session")
def after_step(warehouses: Mapping[str, Home]) -> Callable[[int], Path]:
    """The stepwise warehouse as it was after its first, second, ... invocation (from 0)."""
    return lambda step: warehouses["stepwise"].root / f"after-{step}.duckdb"
