"""Variables of a dbt run: the landing, the calendar of this run, and the settings that SQL needs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from churn_assets.contracts.channels import SENDING_CHANNELS
from churn_assets.contracts.definitions import DEFINITIONS
from churn_assets.duck import duck
from churn_assets.landing.complete import complete_columns
from churn_assets.landing.contents import LandedTable
from churn_assets.settings import ExtraColumn, Settings
from churn_assets.warehouse.built import consumed_until
from churn_assets.workplace import Workplace

LISTS = {"channels": list(SENDING_CHANNELS), "definitions": list(DEFINITIONS)}
EVENT_IDS = ("event_id", "session_id")  # without them an event is its own id, and visits are separated by pauses


def variables(
    workplace: Workplace, raw_tables: Mapping[str, LandedTable], snapshots: Sequence[date], *, is_rebuild: bool = False
) -> dict[str, Any]:
    """Variables of a run that builds `snapshots`, ascending; a rebuild starts from an empty warehouse."""
    settings = workplace.settings
    consumed = None if is_rebuild else consumed_until(workplace)
    window_start = workplace.calendar.previous(snapshots[0])
    behind = min(window_start.date(), consumed) if consumed else None
    return {
        "warehouse": str(workplace.home.warehouse),
        "landing": landing_variable(raw_tables),
        "calendar": {
            "cadence": settings.calendar.cadence,
            "start": workplace.calendar.start.isoformat(),
            "snapshots": [snapshot.isoformat() for snapshot in snapshots],
            "consume_from": behind.isoformat() if behind else None,
            "known_until": max(snapshots[-1], consumed or snapshots[-1]).isoformat(),
        },
        "rebuild": is_rebuild,
        **baked_variables(settings),
    }


def baked_variables(settings: Settings) -> dict[str, Any]:
    """The settings and lists that SQL needs, equal for all runs."""
    return {
        **LISTS,
        "churn": settings.churn.of_the_labels(),
        "windows_days": list(settings.features.windows_days),
        "restated": settings.landing.restated,
        "extra": extra_variable(settings.features.extra),
    }


def extra_variable(extra: Sequence[ExtraColumn]) -> list[dict[str, Any]]:
    """The declared columns with their features, as macros/extra.sql takes them."""
    return [
        {
            "table": column.table,
            "name": column.name,
            "features": [
                {"name": each.feature.name, "aggregate": each.aggregate, "word": each.word} for each in column.features
            ],
        }
        for column in extra
    ]


def landing_variable(raw_tables: Mapping[str, LandedTable]) -> dict[str, dict[str, list[str]]]:
    """The columns of the raw tables; of events also the ids that every row has."""
    with duck() as connection:
        return {
            name: {
                "columns": list(table.columns),
                "complete_columns": complete_columns(connection, table, EVENT_IDS) if name == "events" else [],
            }
            for name, table in raw_tables.items()
        }
