"""The list of settings: value, where that comes from, default, unit and reason."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import BaseModel
from pydantic_settings import EnvSettingsSource

from churn_assets.settings.load import Settings, load_settings, values_of
from churn_assets.settings.names import variable_that_sets
from churn_assets.settings.wrong import is_secret

UNITS = {
    "_days": "days", "_hours": "hours", "_seconds": "seconds", "_minutes": "minutes", "_share": "share of 1",
    "_amount": "money, as orders.amount", "_auc": "AUC", "_users": "users", "_rows": "rows",
}  # fmt: skip
DEFAULT, HIDDEN = "default", '"(set, not shown)"'


@dataclass(frozen=True)
class ListedSetting:
    """`value` and `default` as JSON; what may hold a password is hidden. `source`: default, the file, a variable."""

    name: str
    value: str
    default: str
    source: str
    unit: str
    reason: str

    @property
    def section(self) -> str:
        return self.name.split(".", 1)[0]


def listed_settings(file: Path) -> Iterator[ListedSetting]:
    """All settings of the home whose churn.yaml is `file`, section by section. Raises SettingsError."""
    settings, in_file = load_settings(file), values_of(file)
    variables = {name.upper(): text or "" for name, text in EnvSettingsSource(Settings).env_vars.items()}
    for section, outer in Settings.model_fields.items():
        for field, inner in type(outer.default).model_fields.items():
            name = f"{section}.{field}"
            value, default = getattr(getattr(settings, section), field), getattr(outer.default, field)
            yield ListedSetting(
                name,
                HIDDEN if is_secret(field) and value is not None else as_json(value),
                as_json(default),
                variable_that_sets(section, field, variables)
                or (file.name if field in (in_file.get(section) or {}) else DEFAULT),
                next((unit for ending, unit in UNITS.items() if field.endswith(ending)), ""),
                inner.description or "",
            )


def as_json(value: Any) -> str:
    """On one line; sections and arms as what differs from their defaults."""
    return json.dumps(_plain(value), ensure_ascii=False, default=str)


def _plain(value: Any) -> Any:
    if isinstance(value, BaseModel):
        return value.model_dump(mode="json", exclude_defaults=True)
    if isinstance(value, tuple | list | set | frozenset):
        return [_plain(each) for each in value]
    if isinstance(value, dict):
        return {str(key): _plain(each) for key, each in value.items()}
    return value
