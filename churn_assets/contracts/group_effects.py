"""Contract of effects.group_effects: one row per dimension, segment, treatment and metric, read at one snapshot."""

from __future__ import annotations

import pandera.polars as pa

from churn_assets.contracts.arm_effects import ArmEffects

ANY = "any"  # all treatments together
DIMENSIONS = ("arm", "channel", "segment")


class GroupEffects(ArmEffects):
    """As arm_effects, by what several treatments have in common, and by whom they reached.

    `dimension`: arm (all its levels together), channel (all arms that use it), or segment (of the user's portrait at
    the snapshot of the decision). `treatment`: any, or of a segment also the arm with its level.
    """

    dimension: str = pa.Field(isin=DIMENSIONS)
