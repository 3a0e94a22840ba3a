"""The landing as weekly deliveries: rows wait until the week of their known time, and are delivered with it."""

from __future__ import annotations

from datetime import datetime

import polars as pl

from churn_assets.shop.arrays import stream
from churn_assets.shop.noise import broken, duplicated
from churn_assets.shop.settings import ShopSettings
from churn_assets.shop.tables import SCHEMAS, Batch


class LandingQueue:
    """Rows on their way into the warehouse, by table."""

    def __init__(self, settings: ShopSettings) -> None:
        self.settings = settings
        self.waiting = {table: [pl.DataFrame(schema=schema)] for table, schema in SCHEMAS.items()}

    def add(self, week: int, table: str, frame: pl.DataFrame) -> None:
        """Add rows made in `week`; some of them become duplicated or broken."""
        rng = stream(self.settings.seed, week, f"noise {table} {len(self.waiting[table])}")
        frame = frame.select(list(SCHEMAS[table])).cast(pl.Schema(SCHEMAS[table]))
        frame = broken(rng, table, duplicated(rng, frame, self.settings.duplicate_share), self.settings.broken_share)
        self.waiting[table].append(frame)

    def deliver(self, week: int) -> list[Batch]:
        """One batch per table: the rows that became known in `week`; the others wait on."""
        end = datetime.combine(self.settings.boundary(week + 1), datetime.min.time())
        name = f"week={self.settings.boundary(week).isoformat()}"
        batches = []
        for table, frames in self.waiting.items():
            rows = pl.concat(frames)
            is_known = rows["ingested_at"] < end
            self.waiting[table] = [rows.filter(~is_known)]
            batches.append(
                Batch("landing", table, name, rows.filter(is_known).sort("ingested_at", maintain_order=True))
            )
        return batches
