"""Alerts: what somebody should know without having asked. Their kinds, and whom each concerns."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from types import MappingProxyType


@dataclass(frozen=True)
class Kind:
    """`owner`: team that has to act, as in the lineage; `is_urgent`: sent in quiet hours too."""

    owner: str
    means: str
    is_urgent: bool = False


KINDS: Mapping[str, Kind] = MappingProxyType({
    "run_failed": Kind("data-engineering", "a run ended without its snapshot", is_urgent=True),
    "feed_broken": Kind("data-engineering", "a raw table stays away, or changed its form"),
    "check_failed": Kind("data-engineering", "a check of a table failed or warned"),
    "retraining_due": Kind("data-science", "the model has grown old, or users changed"),
    "effect_below_zero": Kind("retention", "an arm is proven to lose money"),
    "limit_reached": Kind("retention", "budget or places are used up, and more would earn"),
    "plan_waiting": Kind("retention", "a plan waits for approval"),
    "risk_digest": Kind("retention", "whose risk rose since the snapshot before"),
})  # fmt: skip


@dataclass(frozen=True)
class Alert:
    """`subject`: what it is about; the same kind and subject is sent once in a while only. `text` names nobody."""

    kind: str
    subject: str
    text: str
    next_step: str
    snapshot: date | None = None
