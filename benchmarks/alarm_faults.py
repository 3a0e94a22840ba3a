"""Faults of a shop's raw tables from one day on: a unit that changed, feeds that stopped, campaigns and channels that
are new. Each makes a home of its own: the landing of a quiet one with one table damaged.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import polars as pl

from churn_assets.contracts.raw import raw_contract

EVENT_TIME = {table.name: table.event_time for table in raw_contract()}


@dataclass(frozen=True)
class Fault:
    """`damaged` makes all rows of `table` anew: rows, which of them became known since the fault, when it began, and
    the ids of all who ever bought.
    """

    name: str
    table: str
    damaged: Callable[[pl.DataFrame, pl.Expr, datetime, pl.Series], pl.DataFrame]


def plant(home: Path, damaged_home: Path, fault: Fault, since: datetime) -> None:
    """Copies landing, settings and mart of `home`, which was built before the fault. Files that stay as they are become
    hard links.
    """
    shutil.copytree(home / "landing", damaged_home / "landing", copy_function=os.link)
    for file in ("churn.yaml", "warehouse.duckdb"):
        shutil.copy(home / file, damaged_home)
    folder = damaged_home / "landing" / fault.table
    rows = pl.read_parquet(folder / "*.parquet")
    buyers = pl.scan_parquet(home / "landing" / "orders" / "*.parquet").select("user_id").unique().collect()
    time = "ingested_at" if "ingested_at" in rows.columns else EVENT_TIME[fault.table]
    damaged = fault.damaged(rows, pl.col(str(time)) >= since, since, buyers["user_id"].sort())
    shutil.rmtree(folder)
    folder.mkdir()
    damaged.write_parquet(folder / "damaged.parquet")


def _in_cents(rows: pl.DataFrame, is_new: pl.Expr, _since: datetime, _buyers: pl.Series) -> pl.DataFrame:
    return rows.with_columns(pl.when(is_new).then(pl.col("amount") * 100).otherwise("amount").alias("amount"))


def _stopped(rows: pl.DataFrame, is_new: pl.Expr, _since: datetime, _buyers: pl.Series) -> pl.DataFrame:
    return rows.filter(~is_new)


def _app_stopped(rows: pl.DataFrame, is_new: pl.Expr, _since: datetime, _buyers: pl.Series) -> pl.DataFrame:
    return rows.filter(~is_new | (pl.col("platform") != "app").fill_null(value=True))


def _new_channel(rows: pl.DataFrame, is_new: pl.Expr, _since: datetime, _buyers: pl.Series) -> pl.DataFrame:
    is_moved = is_new & (pl.col("order_id").hash(7) % 5 < 2)
    return rows.with_columns(pl.when(is_moved).then(pl.lit("kiosk")).otherwise("platform").alias("platform"))


def _campaign(rows: pl.DataFrame, _is_new: pl.Expr, since: datetime, buyers: pl.Series) -> pl.DataFrame:
    """Two mailings to everybody within the first week."""
    sent = [since + timedelta(days=day) for day in (1, 4)]
    mailings = [
        pl.DataFrame({"user_id": buyers}).with_columns(
            contact_id=pl.format("new-{}-{}", pl.lit(number), pl.int_range(pl.len())),
            sent_at=pl.lit(at),
            ingested_at=pl.lit(at + timedelta(hours=2)),
            campaign_id=pl.lit(f"new-{number}"),
            channel=pl.lit("email"),
            arm=pl.lit("newsletter"),
            is_randomised=pl.lit(value=False),
        )
        for number, at in enumerate(sent)
    ]
    return pl.concat(
        [rows, *(mailing.select(pl.selectors.by_name(rows.columns, require_all=False)) for mailing in mailings)],
        how="diagonal_relaxed",
    )


CENTS = Fault("amounts in cents", "orders", _in_cents)
CAMPAIGN = Fault("two mailings to all", "contacts", _campaign)
SIMULATED = (
    CENTS,
    Fault("events stop", "events", _stopped),
    Fault("support tickets stop", "support_tickets", _stopped),
    Fault("contacts stop", "contacts", _stopped),
    Fault("orders of the app stop", "orders", _app_stopped),
    CAMPAIGN,
    Fault("40 % of orders by a new channel", "orders", _new_channel),
)
NO_ORDERS = Fault("orders stop", "orders", _stopped)
COMPLETE_JOURNEY = (CENTS, NO_ORDERS, CAMPAIGN)
CDNOW = (CENTS, NO_ORDERS)
