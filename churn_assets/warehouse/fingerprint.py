"""The fingerprint of settings and SQL that the warehouse was made with: if it changes, the warehouse is rebuilt."""

from __future__ import annotations

import json

import duckdb

from churn_assets.landing.file_cache import reader_version
from churn_assets.warehouse.features import features_version
from churn_assets.warehouse.variables import LISTS
from churn_assets.workplace import Workplace

FINGERPRINT_FACT = "warehouse.settings"


def fingerprint(workplace: Workplace) -> str:
    """Settings and SQL that are baked into the warehouse's rows. If they change, it has to be rebuilt."""
    settings = workplace.settings
    baked = {
        "calendar": [workplace.calendar.start.isoformat(), settings.calendar.cadence],
        "churn": settings.churn.of_the_labels(),  # labels of all definitions are made: the choice is made when reading
        "code": features_version(settings.features.windows_days, settings.features.extra),
        "engine": duckdb.__version__,  # narrow keys are its hashes
        "lists": LISTS,
        "landing": settings.landing.model_dump(mode="json"),  # how rows are read; not the resolved path: homes move
        "reader": reader_version(),
    }
    return json.dumps(baked, sort_keys=True)
