"""The churn definitions: the only list of them. Each is a macro of dbt_project/macros/churn_definitions.sql."""

from __future__ import annotations

from typing import Final, Literal, get_args

Definition = Literal["inactivity", "own_rhythm", "reduced", "no_activity"]
DEFINITIONS: Final[tuple[str, ...]] = get_args(Definition)
