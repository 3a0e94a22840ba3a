"""What Python reads of the marts at a snapshot, besides features: it must not see the future either."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, datetime, time
from types import SimpleNamespace
from typing import Any

import duckdb
import polars as pl

from churn_assets.contracts.send_slots import SLOTS
from churn_assets.delivery.codes import pool_at
from churn_assets.settings import Settings
from churn_assets.warehouse.early import early_outcomes
from churn_assets.warehouse.levels import EVER_DAYS, HISTORIES, SHOP
from churn_assets.warehouse.model_inputs import with_model_inputs
from churn_assets.warehouse.moments import moments_before
from churn_assets.warehouse.no_products import no_products_at
from churn_assets.warehouse.outcomes import outcomes_of, outcomes_since, recorded_tables
from churn_assets.warehouse.reads import (
    campaign_contacts,
    consents_at,
    contacts_before,
    eligible_features_at,
    groups_at,
    segments_at,
)
from churn_assets.warehouse.recommendations import recommendations_at
from churn_assets.warehouse.slot_outcomes import slot_outcomes
from churn_assets.warehouse.spend import spent_after

Reads = Mapping[str, Callable[[], Any]]


def python_reads(
    connection: duckdb.DuckDBPyConnection, snapshot: date, past: date, settings: Settings
) -> dict[str, str]:
    """Name of each read -> what it found, as text. `past`: a snapshot whose labels have matured."""

    def query(sql: str, parameters: Any = None, frames: Mapping[str, pl.DataFrame] | None = None) -> pl.DataFrame:
        for name, frame in (frames or {}).items():
            connection.register(name, frame)
        return connection.sql(sql, params=parameters).pl()

    workplace: Any = SimpleNamespace(warehouse=SimpleNamespace(query=query), settings=settings)
    known = "select user_id from features.user_statuses where snapshot_date = $snapshot order by 1"
    users = query(known, {"snapshot": snapshot})["user_id"]
    # All users, assigned long ago: purchases of a window that has not ended are where a look ahead would show.
    assigned = pl.DataFrame({"user_id": users}).with_columns(
        campaign=pl.lit("c"), assigned_at=pl.lit(datetime.combine(past, time()))
    )

    def planned() -> pl.DataFrame:
        """Contacts as messages of plans, so that some are opened and answered by a visit."""
        sent = campaign_contacts(workplace, snapshot).unique(["campaign", "user_id"], maintain_order=True)
        return sent.select("campaign", "user_id", send_after="sent_at", slot=pl.lit(SLOTS[0]))

    # Levels of churn need more users than a small shop has; here is what they are made of.
    histories = {
        "snapshot": snapshot, "dates": [past], "share": 1.0, "gap": 0, "horizon": (snapshot - past).days,
        "active_within": EVER_DAYS,
    }  # fmt: skip
    reads: Reads = {
        "eligible_features": lambda: eligible_features_at(workplace, snapshot),
        "segments": lambda: segments_at(workplace, snapshot),
        "groups": lambda: groups_at(workplace, snapshot),
        "consents": lambda: consents_at(workplace, snapshot),
        "contacts": lambda: contacts_before(workplace, snapshot, 90),
        "moments": lambda: moments_before(workplace, snapshot, users, "Asia/Shanghai"),
        "campaigns": lambda: campaign_contacts(workplace, snapshot),
        "outcomes": lambda: _with_anything(outcomes_of(workplace, assigned, snapshot, 90)),
        "early_outcomes": lambda: early_outcomes(workplace, assigned, snapshot, 90).filter(
            pl.col("visited") + pl.col("clicked") > 0
        ),
        "slot_outcomes": lambda: _with_anything(slot_outcomes(workplace, planned(), snapshot, "Asia/Shanghai")),
        "outcomes_since": lambda: _with_anything(outcomes_since(workplace, assigned, snapshot, 90)),
        "recorded": lambda: ", ".join(sorted(recorded_tables(workplace, snapshot))),
        "recommendations": lambda: recommendations_at(workplace, snapshot, users),
        "no_products": lambda: no_products_at(workplace, snapshot, ["gift card"]),
        "codes": lambda: pool_at(workplace, snapshot),
        "spent": lambda: spent_after(workplace, snapshot, [past], (snapshot - past).days),
        "shop": lambda: query(SHOP, {"snapshot": snapshot}),
        "histories": lambda: query(HISTORIES, histories),
        "model_inputs": lambda: with_model_inputs(workplace, snapshot, eligible_features_at(workplace, snapshot)),
    }
    return {name: _text(read()) for name, read in reads.items()}


def _with_anything(outcomes: pl.DataFrame) -> pl.DataFrame:
    """Users of whom anything is known, whoever else there is."""
    return outcomes.filter(pl.any_horizontal(pl.col(pl.Int64, pl.Float64) > 0))


def _text(found: Any) -> str:
    return str(found.rows()) if isinstance(found, pl.DataFrame) else repr(found)
