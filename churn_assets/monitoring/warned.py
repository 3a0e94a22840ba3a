"""How much of what churn took was with users who had an alarm, and how early they had it, in words."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

import polars as pl

from churn_assets.contracts.scored_users import ALARMS

if TYPE_CHECKING:
    from collections.abc import Sequence


@dataclass(frozen=True)
class ScoredPast:
    """Scores whose labels have matured, one per user and snapshot. `snapshots`: ascending."""

    snapshots: Sequence[date]
    scores: int
    alarms: int


def warned_sentence(warned: pl.DataFrame) -> str:
    """The table training.warned_churners of one snapshot in words."""
    if warned.is_empty():
        return "not known: nothing could be tested out of time"
    alarms = warned.filter(pl.col("risk_tier").is_in(ALARMS))
    return (
        f"{alarms['lost_share'].sum():.0%} of the expected spend of the churners at {warned['slice_date'][0]} was with "
        f"users in urgent or watch: {alarms['users'].sum():,} alarms for {warned['users'].sum():,} users, with "
        f"{alarms['churners'].sum():,} of {warned['churners'].sum():,} churners"
    )


def lead_sentence(definitions: pl.DataFrame, definition: str, past: ScoredPast) -> str:
    """How early the churners of the scored past had their first alarm, from monitoring.churn_definitions."""
    if not past.snapshots:
        return "not known yet: no snapshot that was scored has matured"
    first, number = past.snapshots[0], len(past.snapshots)
    plural = "s" if number > 1 else ""
    seen = f"{number} scored snapshot{plural} from {first} on, {past.alarms:,} alarms in {past.scores:,} scores"
    churners, share = _measure(definitions, definition, "warned_share")
    if not churners or share is None:
        return f"not known yet: nobody churned after having stayed at an earlier one ({seen})"
    warned, days = _measure(definitions, definition, "lead_median_days")
    lead = "" if days is None else f", half of them {days:.0f} days or more before it"
    return f"{warned:,} of {churners:,} churners ({share:.0%}) had an alarm before their label window{lead} ({seen})"


def _measure(definitions: pl.DataFrame, definition: str, measure: str) -> tuple[int, float | None]:
    """(users, value)."""
    rows = definitions.filter(definition=definition, measure=measure).select("users", "value").rows()
    return rows[0] if rows else (0, None)
