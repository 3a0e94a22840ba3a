"""What a dbt run is told: the landing, the calendar of this run, and the settings that SQL needs."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import date
from typing import Any

import duckdb

from churn_assets.defs.dbt.features import features_version
from churn_assets.defs.workplace import Workplace

FINGERPRINT_FACT = "warehouse.settings"


def variables(workplace: Workplace, snapshots: Sequence[date], *, is_rebuild: bool = False) -> dict[str, Any]:
    """Variables of a run that builds `snapshots`, ascending; a rebuild starts from an empty warehouse."""
    settings = workplace.settings
    consumed = None if is_rebuild else consumed_until(workplace)
    window_start = workplace.calendar.previous(snapshots[0])
    behind = min(window_start.date(), consumed) if consumed else None
    return {
        "warehouse": str(workplace.home.warehouse),
        "landing": {name: table.as_variable() for name, table in workplace.landing().items()},
        "calendar": {
            "cadence": settings.calendar.cadence,
            "start": workplace.calendar.start.isoformat(),
            "snapshots": [snapshot.isoformat() for snapshot in snapshots],
            "consume_from": behind.isoformat() if behind else None,
            "known_until": max(snapshots[-1], consumed or snapshots[-1]).isoformat(),
        },
        "churn": settings.churn.model_dump(mode="json"),
        "windows_days": list(settings.features.windows_days),
        "cancelled_statuses": [status.lower() for status in settings.landing.cancelled_statuses],
    }


def consumed_until(workplace: Workplace) -> date | None:
    """The newest boundary that every mart has consumed; None for an empty warehouse."""
    if not workplace.warehouse.has("marts", "dim_snapshots"):
        return None
    found: date | None = workplace.warehouse.query("select max(snapshot_date) from marts.dim_snapshots").item()
    return found


def built_snapshots(workplace: Workplace) -> list[date]:
    """Snapshots that the feature mart holds, ascending."""
    if not workplace.warehouse.has("features", "churn_labels"):
        return []
    sql = "select distinct snapshot_date from features.churn_labels order by 1"
    return workplace.warehouse.query(sql)["snapshot_date"].to_list()


def fingerprint(workplace: Workplace) -> str:
    """Settings and SQL that are baked into the warehouse's rows. If they change, it has to be made again."""
    settings = workplace.settings
    baked = {
        "calendar": [workplace.calendar.start.isoformat(), settings.calendar.cadence],
        "churn": settings.churn.model_dump(mode="json"),
        "code": features_version(settings.features.windows_days),
        "cancelled_statuses": settings.landing.cancelled_statuses,
        "engine": duckdb.__version__,  # narrow keys are its hashes
        "landing": settings.landing.uri,  # not the resolved path: a home may be moved
    }
    return json.dumps(baked, sort_keys=True)
