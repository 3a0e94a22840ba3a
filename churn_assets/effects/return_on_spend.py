"""What each campaign brought per spent: margin before messages and coupons, over what both cost, with its interval."""

from __future__ import annotations

from datetime import date
from typing import Any

import polars as pl

from churn_assets.contracts.return_on_spend import ALL, ReturnOnSpend
from churn_assets.effects.arm_effects import COVARIATES
from churn_assets.effects.pooled import pooled_effect

SCHEMA = {name: column.dtype.type for name, column in ReturnOnSpend.to_schema().columns.items()}
SPENT = pl.col("contact_cost_amount") + pl.col("redeemed_amount")
NOTHING_SPENT = "nothing was spent on these users beyond those left alone"


def return_on_spend(known: pl.DataFrame, *, snapshot: date) -> pl.DataFrame:
    """One row per treatment and campaign, and one of all campaigns (contract ReturnOnSpend). `known`: `known_users`."""
    users = known.with_columns(spent=SPENT, brought=pl.col("margin_amount") + SPENT)
    rows = [
        {"treatment": part.item(0, "treatment"), "campaign": name, "snapshot_date": snapshot} | _figures(of_campaign)
        for part in users.partition_by("treatment", maintain_order=True)
        for name, of_campaign in _campaigns(part)
    ]
    frame = pl.DataFrame(rows, schema=SCHEMA)
    return ReturnOnSpend.validate(frame.sort("treatment", "campaign"), lazy=True)


def _campaigns(users: pl.DataFrame) -> list[tuple[str, pl.DataFrame]]:
    parts = users.partition_by("campaign", maintain_order=True)
    return [(ALL, users), *((part.item(0, "campaign"), part) for part in parts)]


def _figures(users: pl.DataFrame) -> dict[str, Any]:
    spent, brought = pooled_effect(users, "spent"), pooled_effect(users, "brought", COVARIATES)
    sides = {"users": brought.users, "control_users": brought.control_users}
    if brought.effect is None or spent.effect is None or brought.error is None:
        return sides | {"note": "; ".join(brought.notes) or "no interval"}
    amounts = {"spend_amount": spent.effect * spent.users, "brought_amount": brought.effect * brought.users}
    if spent.effect <= 0:
        return sides | amounts | {"note": NOTHING_SPENT}
    ratio = brought.effect / spent.effect
    # Of a ratio of two means the error is that of `brought - ratio * spent` over what was spent (delta method): who
    # redeems a coupon also buys, so the two move together.
    rest = pooled_effect(users.with_columns(rest=pl.col("brought") - ratio * pl.col("spent")), "rest", COVARIATES)
    if rest.effect is None or rest.low is None or rest.high is None:
        return sides | amounts | {"note": "; ".join(rest.notes) or "no interval"}
    reach = (rest.high - rest.low) / 2 / spent.effect
    return sides | amounts | {
        "return_ratio": ratio, "return_low": ratio - reach, "return_high": ratio + reach,
        "note": "; ".join(brought.notes) or None,
    }  # fmt: skip
