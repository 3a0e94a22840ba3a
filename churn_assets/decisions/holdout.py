"""Random assignment to holdout, control and exploration: a salted stable hash, one salt per purpose.

The draw depends on salt and id only, so it can be repeated by anyone who knows both, and a larger share includes
everyone of a smaller one.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

if TYPE_CHECKING:
    from datetime import date

    from churn_assets.catalogue.arms import Arm
    from churn_assets.settings.decisions import Decisions, Draw


def unit_interval(ids: pl.Series, salt: str) -> pl.Series:
    """One number in [0, 1) per id: the first 53 bits of SHA-256 of `salt:id`, uniform over salts.

    polars' own hash differs between versions, so it cannot carry a holdout that has to last for years.
    Raises ValueError on a null id.
    """
    if ids.null_count():
        raise ValueError(f"user_id: {ids.null_count()} null ids cannot be drawn; drop the rows or give them an id")
    digests = [hashlib.sha256(f"{salt}:{user_id}".encode()).digest()[:8] for user_id in ids]
    bits = np.frombuffer(b"".join(digests), dtype=">u8") >> np.uint64(11)  # 53 bits: all a float holds without rounding
    return pl.Series("u", bits.astype(np.float64) * 2.0**-53, dtype=pl.Float64)


def is_holdout(ids: pl.Series, settings: Decisions, snapshot: date) -> pl.Series:
    """Who is in the universal holdout, never treated: the same at every snapshot, unless it is drawn anew each time."""
    salt = _salt(settings, "holdout", settings.holdout_draw, snapshot)
    return (unit_interval(ids, salt) < settings.holdout_share).rename("is_holdout")


def is_usual(ids: pl.Series, settings: Decisions, snapshot: date) -> pl.Series:
    """Who would be treated as usual, if not in the holdout."""
    salt = _salt(settings, "usual", settings.usual_draw, snapshot)
    return (unit_interval(ids, salt) < settings.usual_share).rename("is_usual")


def is_control(ids: pl.Series, settings: Decisions, arm: Arm) -> pl.Series:
    """Who is in the control of one arm: the same at every snapshot, whatever other arms the user gets."""
    return (unit_interval(ids, f"{settings.salt}:control:{arm.arm}") < arm.control_share).rename("is_control")


def is_explored(ids: pl.Series, settings: Decisions, snapshot: date) -> pl.Series:
    """Who is left alone at this snapshot only; drawn anew each time, or it would be a second holdout."""
    salt = f"{settings.salt}:exploration:{snapshot.isoformat()}"
    return (unit_interval(ids, salt) < settings.exploration_share).rename("is_explored")


def treated_share(arm: Arm, settings: Decisions) -> float:
    """Propensity: probability that a user for whom the policy intends this arm gets it by that intention, over the draw
    of the user's sides.
    """
    alone = (1 - settings.holdout_share) * (1 - arm.control_share) * (1 - settings.exploration_share)
    return alone * (1 - settings.usual_share)


def usual_share(arm: Arm, settings: Decisions) -> float:
    """The same of an arm that business as usual intends. Nothing is explored there: usual is what would have been."""
    return (1 - settings.holdout_share) * (1 - arm.control_share) * settings.usual_share


def _salt(settings: Decisions, side: str, draw: Draw, snapshot: date) -> str:
    return f"{settings.salt}:{side}" + ("" if draw == "lasting" else f":{snapshot.isoformat()}")
