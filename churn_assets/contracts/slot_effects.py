"""Contract of effects.slot_effects: one row per dimension, part of the week and metric, read at one snapshot."""

from __future__ import annotations

import pandera.polars as pa

from churn_assets.contracts.arm_effects import ArmEffects
from churn_assets.contracts.group_effects import ANY
from churn_assets.contracts.send_slots import PARTS, WEEKDAYS

CHOICE, OWN_BEST = "choice", "own_best"
DIMENSIONS = {CHOICE: (OWN_BEST,), "day": WEEKDAYS, "part": PARTS}


class SlotEffects(ArmEffects):
    """As arm_effects, but of messages sent then against messages that could have been and were sent at another time.

    `dimension`: day of the week, part of the day, or choice (the user's own best slot against the others). `users`:
    messages of that time, `control_users`: of other times; of users who could have had either, by the chances in
    interventions.send_slots. `metric`: in_slot (sent in the slot that was drawn: dispatch has to come by), opened
    (within 3 days of sending), visited (within 7 days from the beginning of the slot), and retained and margin_amount
    from the snapshot on, so that a late slot has less time left.
    """

    treatment: str = pa.Field(eq=ANY)
    dimension: str = pa.Field(isin=list(DIMENSIONS))
