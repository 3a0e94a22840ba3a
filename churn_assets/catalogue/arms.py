"""The arms catalogue: arms with levels, channel, cost, expected lift and texts."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import time
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, field_validator, model_validator

from churn_assets.catalogue.promises import broken_promises
from churn_assets.catalogue.texts import Text
from churn_assets.contracts.channels import Channel
from churn_assets.contracts.feature import ReasonGroup

Offer = Literal["recommendation", "coupon", "spend_and_save", "reward", "care_message", "loyalty"]
Language = Literal["en", "zh"]
RiskTier = Literal["urgent", "watch", "small"]
Amount = Annotated[float, Field(ge=0, allow_inf_nan=False)]
RESERVED_ARMS = ("none", "control")  # names of the side left alone, in the ledger and in campaigns
NAME = r"^[a-z0-9_]+$"


def _listed(value: Any) -> Any:
    """One text is a list of one."""
    return (value,) if isinstance(value, Text | Mapping) else value


Versions = Annotated[tuple[Text, ...], BeforeValidator(_listed), Field(min_length=1)]


class _Entry(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Level(_Entry):
    """One strength of an arm. Amounts are in the currency of orders.amount."""

    level: str | None = Field(None, pattern=NAME, description="Id within the arm, such as 10 for a coupon of 10 %.")
    cost_amount: Amount = Field(description="Drawn from the budget for one user: sending and incentive.")
    margin_loss_share: float = Field(
        0.0, ge=0, le=1, description="Share of what the user goes on to spend that the offer gives away on top of that."
    )
    assumed_lift: float = Field(
        ge=0, le=1, description="Share of the churn probability it removes. An assumption until effects are measured."
    )
    assumed_lift_low: float | None = Field(
        None,
        ge=0,
        le=1,
        description="The lower end of what is thought possible; choices are made by it. Default: lift.",
    )

    @property
    def cautious_lift(self) -> float:
        """The lift that decisions use."""
        return self.assumed_lift if self.assumed_lift_low is None else self.assumed_lift_low

    @model_validator(mode="after")
    def _low_is_below(self) -> Self:
        if self.cautious_lift > self.assumed_lift:
            raise ValueError(f"assumed_lift_low {self.assumed_lift_low} is above assumed_lift {self.assumed_lift}")
        return self


class Arm(_Entry):
    """One action. Without `levels` it has one strength, given by its own cost_amount and assumed_lift."""

    arm: str = Field(min_length=1, pattern=NAME, description="Id; `none` and `control` are reserved.")
    channel: Channel = Field(description="none: nothing is sent, such as points credited silently; needs no consent.")
    offer: Offer = "care_message"
    template: str = Field(min_length=1, description="Id of the texts at the side that sends.")
    texts: dict[Language, Versions] = Field(
        {},
        description="Words per language, or several versions of them, of which a user gets the first all of whose "
        "slots have a value; empty: the sending side has its own.",
    )
    code: Literal["pool", "receiver"] | None = Field(
        None,
        description="Where {code} comes from. pool: raw.coupon_codes, each given once; receiver: the webhook's "
        "receiver makes one and puts it in; null: the texts have none.",
    )
    answers: tuple[ReasonGroup, ...] = Field((), description="Reason groups this arm answers; empty: any reason.")
    levels: tuple[Level, ...] = Field((), description="Strengths, of which a user gets one; empty: only one.")
    cost_amount: Amount | None = Field(None, description="Of an arm without levels.")
    assumed_lift: float | None = Field(None, ge=0, le=1, description="Of an arm without levels.")
    capacity: int | None = Field(None, ge=0, description="Users per snapshot at most; null: no limit.")
    min_value_amount: Amount = Field(0.0, description="Only for users with at least so much value at risk.")
    risk_tiers: tuple[RiskTier, ...] | None = Field(None, description="Default: decisions.max_risk_tiers.")
    cool_down_days: int = Field(0, ge=0, le=3650, description="Days without this arm after a user has had it.")
    quiet_hours: tuple[time, time] | None = Field(
        (time(21), time(9)), description="From, until, in decisions.time_zone: nothing is sent then; null: at any time."
    )
    control_share: float = Field(
        0.0, ge=0, lt=1, description="Users meant for this arm who never get it, for ever the same: its own control."
    )

    @field_validator("arm")
    @classmethod
    def _not_reserved(cls, arm: str) -> str:
        if arm in RESERVED_ARMS:
            raise ValueError(f"arm {arm!r} is reserved for users left alone; choose another id")
        return arm

    @model_validator(mode="after")
    def _one_way_to_say_strength(self) -> Self:
        own = [self.cost_amount, self.assumed_lift]
        if self.levels and any(value is not None for value in own):
            raise ValueError(f"arm {self.arm!r} has levels, so cost_amount and assumed_lift belong to each of them")
        if not self.levels and None in own:
            raise ValueError(f"arm {self.arm!r} needs cost_amount and assumed_lift, or levels that have them")
        names = [level.level for level in self.levels]
        if len(set(names)) != len(names) or None in names:
            raise ValueError(f"arm {self.arm!r}: every level needs a name of its own, got {names}")
        return self

    @model_validator(mode="after")
    def _texts_keep_their_word(self) -> Self:
        broken = list(broken_promises(self))
        if broken:
            raise ValueError("; ".join(broken))
        return self

    def strengths(self) -> tuple[Level, ...]:
        """The levels; an arm without any has one, unnamed."""
        if self.levels:
            return self.levels
        return (Level(level=None, cost_amount=self.cost_amount or 0.0, assumed_lift=self.assumed_lift or 0.0),)


def treatment_of(arm: str, level: str | None) -> str:
    """Arm and level as one name: `coupon_10` for level 10 of the arm coupon."""
    return arm if level is None else f"{arm}_{level}"
