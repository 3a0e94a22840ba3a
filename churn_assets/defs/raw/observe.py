"""What a run found in the landing, as observations of the raw tables."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date

import dagster as dg

from churn_assets.landing.inspect import LandedTable
from churn_assets.stages import Stage


def observations(landing: Mapping[str, LandedTable], snapshot: date) -> Iterator[dg.AssetObservation]:
    """Files, bytes and freshness of each raw table that has files."""
    for table in landing.values():
        yield dg.AssetObservation(
            asset_key=[Stage.RAW, table.name],
            metadata={
                "snapshot_date": snapshot.isoformat(),
                "files": len(table.files),
                "bytes": table.bytes,
                "newest_file_at": dg.MetadataValue.timestamp(table.newest_at),
                "unknown_columns": ", ".join(table.unknown_columns) or "none",
            },
        )
