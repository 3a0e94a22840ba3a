"""Files, bytes and freshness of the landing, as observations of the raw tables."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime
from typing import Any

import dagster as dg

from churn_assets.defs.plain import plain
from churn_assets.stages import Stage
from churn_assets.warehouse.arrivals import newest_known
from churn_assets.workplace import Workplace

# Read by Dagster's own checks of freshness (build_last_update_freshness_checks).
UPDATED = "dagster/last_updated_timestamp"


def observations(workplace: Workplace, snapshot: date) -> Iterator[dg.AssetObservation]:
    """Files, bytes and freshness of each raw table that has files.

    Freshness is measured by the rows (`newest_known_at`: ingested_at, else event time, of the rows known before
    `snapshot`). Files may be copied and old events delivered late: neither shows how far a feed has come.
    """
    newest = newest_known(workplace, snapshot)
    for table in workplace.landing().values():
        yield dg.AssetObservation(
            asset_key=[Stage.RAW, table.name],
            metadata=plain(
                {
                    "snapshot_date": snapshot.isoformat(),
                    "files": len(table.files),
                    "size (bytes)": table.bytes,
                    "newest_file_at": dg.MetadataValue.timestamp(table.newest_at),
                    **_freshness(newest.get(table.name), snapshot),
                    "unknown_columns": ", ".join(table.unknown_columns) or "none",
                }
            ),
        )


def _freshness(known_at: datetime | None, snapshot: date) -> dict[str, Any]:
    """When the newest row became known and how long before the snapshot; unknown for rows without any time."""
    if known_at is None:
        return {"newest_known_at": "unknown: no row says when it became known"}
    behind = datetime.combine(snapshot, datetime.min.time()) - known_at
    moment = dg.MetadataValue.timestamp(known_at.replace(tzinfo=UTC))
    return {
        "newest_known_at": moment,
        "age at the snapshot (hours)": round(behind.total_seconds() / 3600, 1),
        UPDATED: moment,
    }
