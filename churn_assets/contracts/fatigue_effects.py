"""Contract of interventions.fatigue_effects: one row, what a message loses on a user who had one lately."""

from __future__ import annotations

import pandera.polars as pa
import polars as pl

FINITE = {"min_value": float("-inf"), "max_value": float("inf"), "include_min": False, "include_max": False}


class FatigueEffects(pa.DataFrameModel):
    """Currency of orders.amount per message and window, after coupons and sending.

    `loss`: effect on users without a message in the `rest_days` before, less that on users with one, within each
    treatment, weighted by what each can tell; null where nothing can be compared. `loss_amount`: what plans reckon
    with: the loss shrunk to none by its error, its lower end (9 of 10 are above), and never below 0.
    """

    snapshot_date: pl.Date
    rest_days: int = pa.Field(ge=1)
    treatments: int = pa.Field(ge=0)
    users_recent: int = pa.Field(ge=0)
    users_rested: int = pa.Field(ge=0)
    loss: float = pa.Field(in_range=FINITE, nullable=True)
    loss_error: float = pa.Field(gt=0, lt=float("inf"), nullable=True)
    loss_amount: float = pa.Field(ge=0, lt=float("inf"))

    class Config:
        strict = True
        ordered = True
