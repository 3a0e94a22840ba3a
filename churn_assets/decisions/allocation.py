"""Who gets the intended arm when money and places are short. Which arm is intended, and who is held out, comes in."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

import polars as pl

if TYPE_CHECKING:
    from churn_assets.settings import Decisions


def allocate(intended: pl.DataFrame, settings: Decisions) -> pl.DataFrame:
    """Walk the users by return on cost and say who does not fit: columns user_id, shortage.

    `intended`: one row per user with an intended arm: user_id, intended_arm, gain_amount, cost_amount, is_left_alone.
    shortage: `capacity` (the arm has no place left), `budget` (the money left does not cover the arm), null: fits.
    Order: (gain - cost) / cost falling, free arms first; then gain falling; then user_id. A user who does not fit is
    skipped and the walk goes on, so a cheaper arm further down may still fit. A user left alone meets the same limits
    and uses none of them: what a user is intended never depends on that user's own draw, which keeps the recorded
    propensity exact.
    """
    gain, cost = pl.col("gain_amount"), pl.col("cost_amount")
    earned = pl.when(cost == 0).then(float("inf")).otherwise((gain - cost) / cost)
    walk = intended.sort(earned, gain, "user_id", descending=[True, True, False])
    # Decimals of the amounts as written: floats drift, and a budget may not be exceeded by a cent.
    money = Decimal(str(settings.budget_amount))
    costs = {arm.arm: Decimal(str(arm.cost_amount)) for arm in settings.arms}
    places = {arm.arm: float("inf") if arm.capacity is None else arm.capacity for arm in settings.arms}
    shortages: list[str | None] = []
    for arm, is_left_alone in walk.select("intended_arm", "is_left_alone").iter_rows():
        if places[arm] < 1:
            shortages.append("capacity")
        elif costs[arm] > money:
            shortages.append("budget")
        else:
            shortages.append(None)
            if not is_left_alone:
                money -= costs[arm]
                places[arm] -= 1
    return walk.select("user_id", pl.Series("shortage", shortages, dtype=pl.String))
