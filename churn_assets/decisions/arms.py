"""The arms catalogue: what can be done for a user, through which channel, at what cost. No choice is made here."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator

from churn_assets.contracts.feature import ReasonGroup

Channel = Literal["email", "sms", "push", "call"]
RESERVED_ARMS = ("none", "control")  # names of the side left alone, in the ledger and in campaigns


class Arm(BaseModel):
    """One action. Amounts are in the currency of orders.amount."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    arm: str = Field(min_length=1, pattern=r"^[a-z0-9_]+$", description="Id; `none` and `control` are reserved.")
    channel: Channel
    template: str = Field(min_length=1)
    answers: tuple[ReasonGroup, ...] = Field((), description="Reason groups this arm answers; empty: any reason.")
    cost_amount: float = Field(ge=0, allow_inf_nan=False, description="Cost of acting once on one user.")
    assumed_lift: float = Field(
        ge=0,
        le=1,
        description="Share of the churn probability the arm removes. An assumption until effects are measured.",
    )
    capacity: int | None = Field(None, ge=0, description="Users per snapshot at most; null: no limit.")
    min_value_amount: float = Field(
        0.0, ge=0, allow_inf_nan=False, description="Only for users with at least so much value at risk."
    )

    @field_validator("arm")
    @classmethod
    def _not_reserved(cls, arm: str) -> str:
        if arm in RESERVED_ARMS:
            raise ValueError(f"arm {arm!r} is reserved for users left alone; choose another id")
        return arm


def default_arms() -> tuple[Arm, ...]:
    """Give a small catalogue that a shop edits first; the lifts are cautious guesses until measured."""
    return (
        Arm(arm="care_call", channel="call", template="care_call", answers=("service", "returns", "product_quality"),
            cost_amount=4.0, assumed_lift=0.15, capacity=50, min_value_amount=100.0),
        Arm(arm="coupon_10", channel="email", template="coupon_10", answers=("price", "offers", "rhythm"),
            cost_amount=2.5, assumed_lift=0.10),
        Arm(arm="reminder_email", channel="email", template="reminder_email", cost_amount=0.02, assumed_lift=0.02),
    )  # fmt: skip
