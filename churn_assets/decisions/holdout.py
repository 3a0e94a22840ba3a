"""Who is left alone by chance: a salted stable hash, one salt per purpose. What to do is not here.

The draw depends on nothing but salt and id, so it can be repeated by anyone who knows both, and a larger share keeps
everyone a smaller share had drawn.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

if TYPE_CHECKING:
    from datetime import date

    from churn_assets.catalogue.arms import Arm
    from churn_assets.settings.decisions import Decisions


def unit_interval(ids: pl.Series, salt: str) -> pl.Series:
    """One number in [0, 1) per id: the first 53 bits of SHA-256 of `salt:id`, uniform over salts.

    polars' own hash differs between versions, so it cannot carry a holdout that has to last for years.
    Raises ValueError on a null id.
    """
    if ids.null_count():
        raise ValueError(f"user_id: {ids.null_count()} null ids cannot be drawn; drop the rows or give them an id")
    digests = [hashlib.sha256(f"{salt}:{each}".encode()).digest()[:8] for each in ids]
    bits = np.frombuffer(b"".join(digests), dtype=">u8") >> np.uint64(11)  # 53 bits: all a float holds without rounding
    return pl.Series("u", bits.astype(np.float64) * 2.0**-53, dtype=pl.Float64)


def is_holdout(ids: pl.Series, settings: Decisions) -> pl.Series:
    """Say who is in the universal holdout: the same at every snapshot, never treated."""
    return (unit_interval(ids, f"{settings.salt}:holdout") < settings.holdout_share).rename("is_holdout")


def is_control(ids: pl.Series, settings: Decisions, arm: Arm) -> pl.Series:
    """Say who is in the control of one arm: the same at every snapshot, whatever else they are given."""
    return (unit_interval(ids, f"{settings.salt}:control:{arm.arm}") < arm.control_share).rename("is_control")


def is_explored(ids: pl.Series, settings: Decisions, snapshot: date) -> pl.Series:
    """Say who is left alone at this snapshot only; drawn anew each time, or it would be a second holdout."""
    salt = f"{settings.salt}:exploration:{snapshot.isoformat()}"
    return (unit_interval(ids, salt) < settings.exploration_share).rename("is_explored")


def treated_share(arm: Arm, settings: Decisions) -> float:
    """Chance that a user meant for the arm is given it, over the draw of their own sides: its propensity."""
    return (1 - settings.holdout_share) * (1 - arm.control_share) * (1 - settings.exploration_share)
