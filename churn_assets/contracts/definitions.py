"""The churn definitions: the only list of them. Each is a macro of dbt_project/macros/churn_definitions.sql."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Literal, get_args

Definition = Literal["inactivity", "own_rhythm", "reduced", "no_activity"]
DEFINITIONS: Final[tuple[str, ...]] = get_args(Definition)
# What each counts as churn, for people: English, Chinese.
DEFINITION_NAMES: Final[Mapping[str, tuple[str, str]]] = {
    "inactivity": ("no order in the window", "窗口内无订单"),
    "own_rhythm": ("silent for longer than the own rhythm", "沉默超过自身节奏"),
    "reduced": ("buys much less than before", "购买明显减少"),
    "no_activity": ("neither order nor visit", "既无订单也无访问"),
}
