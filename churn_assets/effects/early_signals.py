"""Early signals: visits, carts and clicks of the first days, used only while they predict what shows later.

Of each campaign whose window has closed, the effect on a signal is held against the effect on retention; over campaigns
the line through zero has the slope sum(w e m) / sum(w e^2), with e and m both effects and w the precision of m. Its
error is that of the line's residuals (at least that of m). Errors of e flatten the slope, which makes it cautious. A
treatment has as many points as it had campaigns, so a signal is used from FEWEST_CAMPAIGNS on, where the interval of
its slope lies above zero. What is predicted says nothing of money, and is replaced by what was measured when windows
close.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Any

import numpy as np
import polars as pl
from scipy import stats

from churn_assets.contracts.early_signals import SIGNALS, EarlySignals
from churn_assets.effects.pooled import PooledEffect, pooled_effect

FEWEST_CAMPAIGNS = 5
CONFIDENCE = 0.95
KEYS = ["treatment", "campaign", "user_id"]


def early_signals(
    young: pl.DataFrame, early: pl.DataFrame, matured: pl.DataFrame, *, early_days: int, snapshot: date
) -> pl.DataFrame:
    """One row per treatment and signal (contract EarlySignals), sorted.

    `young`: rows of `compared_users` whose first `early_days` are over; `early`: campaign, user_id and a share (0 or 1)
    per signal; `matured`: `known_users` of campaigns whose windows have closed, with `retained`.
    """
    rows = young.join(early, on=["campaign", "user_id"], how="left", maintain_order="left").join(
        matured.select(*KEYS, "retained"), on=KEYS, how="left", maintain_order="left"
    )
    lines = [row for users in rows.partition_by("treatment", maintain_order=True) for row in _of_treatment(users)]
    dated = [row | {"snapshot_date": snapshot, "early_days": early_days} for row in lines]
    empty = EarlySignals.empty()
    frame = pl.DataFrame([dict.fromkeys(empty.columns) | row for row in dated], schema=empty.schema)
    return EarlySignals.validate(frame.sort("treatment", "signal"), lazy=True)


def _of_treatment(users: pl.DataFrame) -> Iterator[dict[str, Any]]:
    is_open = pl.col("retained").is_null().all().over("campaign")
    closed, still_open = users.filter(~is_open), users.filter(is_open)
    for signal in SIGNALS:
        points = [
            (early.effect, late.effect, late.error)
            for campaign in closed.partition_by("campaign", maintain_order=True)
            if _is_known(early := pooled_effect(campaign, signal))
            and _is_known(late := pooled_effect(campaign, "retained"))
        ]
        row = {"treatment": users.item(0, "treatment"), "signal": signal, "campaigns": len(points), "users": 0}
        if len(points) < FEWEST_CAMPAIGNS or not any(early for early, _, _ in points):
            yield row | {"is_used": False, "note": f"not used: {len(points)} campaigns, {FEWEST_CAMPAIGNS} needed"}
            continue
        slope, error, reach = slope_of(np.array(points, dtype=np.float64))
        known = {"slope": slope, "slope_low": slope - reach * error, "slope_high": slope + reach * error}
        if known["slope_low"] <= 0:
            yield row | known | {"is_used": False, "note": "not used: it does not predict the effect on retention"}
            continue
        now = pooled_effect(still_open, signal) if still_open.height else None
        if now is None or not _is_known(now) or now.effect is None or now.error is None:
            yield (
                row | known | {"is_used": True, "note": "predicts the effect on retention; no campaign is young enough"}
            )
            continue
        spread = float(np.hypot(slope * now.error, now.effect * error))
        yield row | known | {
            "is_used": True, "users": now.users + now.control_users, "early_effect": now.effect,
            "predicted_effect": slope * now.effect, "predicted_low": slope * now.effect - reach * spread,
            "predicted_high": slope * now.effect + reach * spread,
            "note": "predicted by an early signal: replaced by what is measured when windows close",
        }  # fmt: skip


def slope_of(points: np.ndarray) -> tuple[float, float, float]:
    """(slope, its error, errors to either side). `points`: early effect, later effect, error of that, by campaign."""
    early, late, error = points.T
    weight = 1 / error**2
    strength = float((weight * early**2).sum())
    slope = float((weight * early * late).sum()) / strength
    freedom = len(points) - 1
    residual = float((weight * (late - slope * early) ** 2).sum()) / freedom
    return slope, float(np.sqrt(max(1.0, residual) / strength)), float(stats.t.ppf((1 + CONFIDENCE) / 2, freedom))


def _is_known(effect: PooledEffect) -> bool:
    return effect.effect is not None and bool(effect.error)
