"""Which arm the rules intend for each user, looked at alone. Who gets it under a shared budget is decided elsewhere."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

if TYPE_CHECKING:
    from churn_assets.decisions.arms import Arm
    from churn_assets.settings import Decisions


def intentions(candidates: pl.DataFrame, settings: Decisions) -> pl.DataFrame:
    """Add to each candidate the first arm that answers a reason, pays and is consented to.

    One row per candidate, in the order given. Added columns: intended_arm, channel, reason, gain_amount, cost_amount
    (all null when no arm is intended) and refusal: `low_risk` (tier not treated), `no_consent` (an arm would pay but
    its channel is closed), `no_gain` (no arm that answers the user's reasons pays), or null with an intended arm.
    The main reason goes first, arms for any reason last; within a reason the order of the catalogue counts.
    """
    options = _options(settings.arms)
    pays = [_answers(arm, slot) & _pays(arm) for arm, slot in options]
    open_channels = [
        pl.col(f"consent_{arm.channel}").fill_null(settings.unknown_consent == "allow") for arm, _ in options
    ]
    is_treatable = pl.col("risk_tier").is_in(settings.max_risk_tiers)
    first = [
        pl.when(is_treatable & option_pays & is_open).then(pl.lit(number, pl.UInt32))
        for number, (option_pays, is_open) in enumerate(zip(pays, open_channels, strict=True))
    ]
    catalogue = pl.DataFrame(
        [(number, arm.arm, arm.channel, arm.assumed_lift, arm.cost_amount) for number, (arm, _) in enumerate(options)],
        schema={"option": pl.UInt32, "intended_arm": pl.String, "channel": pl.String, "lift": pl.Float64,
                "cost_amount": pl.Float64},
        orient="row",
    )  # fmt: skip
    chosen = [pl.when(pl.col("option") == number).then(pl.col(slot)) for number, (_, slot) in enumerate(options)]
    return (
        candidates.with_columns(
            option=pl.coalesce(*first, pl.lit(None, pl.UInt32)),
            would_pay=pl.any_horizontal(*pays, pl.lit(value=False)),
        )
        .join(catalogue, on="option", how="left", maintain_order="left")
        .with_columns(
            reason=pl.coalesce(*chosen, pl.lit(None, pl.String)),
            gain_amount=pl.col("value_at_risk_amount") * pl.col("lift"),
            refusal=pl.when(~is_treatable).then(pl.lit("low_risk"))
            .when(pl.col("option").is_not_null()).then(None)
            .when("would_pay").then(pl.lit("no_consent"))
            .otherwise(pl.lit("no_gain")),
        )
        .drop("option", "would_pay", "lift")
    )  # fmt: skip


def _options(arms: tuple[Arm, ...]) -> list[tuple[Arm, str]]:
    """Every (arm, reason column it would answer), best first; an arm for any reason is taken to answer the main one."""
    slots = ("reason_1", "reason_2", "reason_3")
    return [(arm, slot) for slot in slots for arm in arms if arm.answers] + [
        (arm, "reason_1") for arm in arms if not arm.answers
    ]


def _answers(arm: Arm, slot: str) -> pl.Expr:
    return pl.col(slot).is_in(arm.answers).fill_null(value=False) if arm.answers else pl.lit(value=True)


def _pays(arm: Arm) -> pl.Expr:
    value = pl.col("value_at_risk_amount")
    return (value >= arm.min_value_amount) & (value * arm.assumed_lift > arm.cost_amount)
