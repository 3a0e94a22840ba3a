"""The feature catalogue as the dbt manifest states it, and the version of the SQL of the features."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from churn_assets.contracts.feature import Feature
from churn_assets.contracts.treatment import Treatment
from churn_assets.failures import Failure
from churn_assets.model.expected import EXPECTED_PURCHASES
from churn_assets.settings import ExtraColumn
from churn_assets.settings.domain import Domain
from churn_assets.settings.extra import extra_features
from churn_assets.warehouse.project import manifest

KEYS = ("user_id", "snapshot_date")
EXTRA_FAMILY = "extra"
MADE_IN_PYTHON = {EXPECTED_PURCHASES.name: EXPECTED_PURCHASES}
WINDOW = re.compile(r"_(\d+)d$")


class UndocumentedFeature(Failure, LookupError, code="dbt"):
    """A column of the mart that models/features/user_features.yml does not describe."""


def describe(columns: Sequence[str], extra: Sequence[ExtraColumn] = ()) -> list[Feature]:
    """The features among the columns, in their order: those of `user_features`, those declared in the settings
    (`extra`), and those made in Python. Raises UndocumentedFeature.
    """
    stated = MADE_IN_PYTHON | {each.feature.name: each.feature for each in extra_features(extra)}
    documented = manifest()["nodes"]["model.churn_assets.user_features"]["columns"]
    siblings = {WINDOW.sub("", name): column for name, column in documented.items() if WINDOW.search(name)}
    return [stated.get(name) or _feature(name, documented, siblings) for name in columns if name not in KEYS]


def in_words_of(feature: Feature, domain: Domain) -> Feature:
    """The feature as people of this trade call it."""
    return replace(
        feature,
        label_en=domain.in_words(feature.label_en, "en"),
        label_zh=domain.in_words(feature.label_zh, "zh"),
    )


def treatments(extra: Sequence[ExtraColumn] = ()) -> dict[str, Treatment]:
    """Family -> how its outliers and gaps are treated, as the yml states it; families that only the settings name are
    treated as `extra` is.
    """
    stated = manifest()["nodes"]["model.churn_assets.user_features"]["config"]["meta"]["families"]
    own = {column.family: stated[EXTRA_FAMILY] for column in extra}
    return {
        family: Treatment(
            family, treatment["outliers"], tuple(treatment.get("quantiles", (0, 1))), treatment["missing"]
        )
        for family, treatment in (own | stated).items()
    }


def features_version(windows_days: Sequence[int], extra: Sequence[ExtraColumn] = ()) -> str:
    """12 hex digits of a hash over the SQL of everything up to the mart, the windows, and what is declared of extra
    columns but for how they speak to people.
    """
    project = manifest()
    checksums = [
        node["checksum"]["checksum"]
        for node in project["nodes"].values()
        if node["resource_type"] == "model" and node["fqn"][1] in ("staging", "marts", "features")
    ]
    macros = [macro["macro_sql"] for macro in project["macros"].values() if macro["package_name"] == "churn_assets"]
    declared = [column.model_dump(mode="json", exclude={"label", "label_zh", "reason_when"}) for column in extra]
    parts: list[object] = [sorted(checksums), sorted(macros), list(windows_days), *([declared] if declared else [])]
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:12]


def _feature(name: str, documented: dict[str, Any], siblings: dict[str, Any]) -> Feature:
    column = documented.get(name)
    window = WINDOW.search(name)
    if column is None and window:
        column = siblings.get(WINDOW.sub("", name))
    if column is None:
        raise UndocumentedFeature(f"features.user_features.{name}: describe it in models/features/user_features.yml")
    meta = dict(column["meta"])
    days = int(window.group(1)) if window else None
    stated = meta.get("window_days")
    for label in ("label_en", "label_zh"):
        if days and stated and days != stated:
            meta[label] = meta[label].replace(str(stated), str(days), 1)
    return Feature(
        name=name,
        family=meta["family"],
        unit=meta["unit"],
        window_days=days,
        reason_group=meta["reason_group"],
        is_actionable=meta["is_actionable"],
        is_protected=meta["is_protected"],
        label_en=meta["label_en"],
        label_zh=meta["label_zh"],
        reason_when=meta["reason_when"],
        is_worded=meta.get("is_worded", True),
        measures=meta.get("measures"),
    )
