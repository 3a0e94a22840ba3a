"""The section of the settings about alerts: who gets which, and when not."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import Field, SecretStr, field_validator, model_validator

from churn_assets.settings.landing import existing_zone
from churn_assets.settings.section import Section

AlertKind = Literal[
    "run_failed", "feed_broken", "check_failed", "retraining_due", "effect_below_zero", "limit_reached",
    "plan_waiting", "risk_digest",
]  # fmt: skip
HOURS = 24


class AlertReceiver(Section):
    name: str = Field(pattern=r"^[a-z0-9][a-z0-9_.-]{0,63}$", description="What it is called in lists and messages.")
    url: SecretStr = Field(
        description="Address as apprise has it, such as mailtos://user:password@example.org?to=team@example.org or "
        "slack://...; never shown."
    )
    kinds: tuple[AlertKind, ...] = Field((), description="What it gets; empty: everything.")


class Alerts(Section):
    receivers: tuple[AlertReceiver, ...] = Field(
        (),
        description="Who gets alerts; empty: nobody. Best by CHURN__ALERTS__RECEIVERS, as JSON: addresses are secrets.",
    )
    repeat_after_hours: float = Field(
        160.0,
        ge=0,
        description="The same thing is said again after so long at the earliest; 160: at the next weekly run.",
    )
    quiet_hours: tuple[int, int] | None = Field(
        None,
        description="From which hour to which only run_failed is sent, such as [22, 7]; the rest waits. null: none.",
    )
    time_zone: str = Field("UTC", description="Time zone of quiet_hours, such as Europe/Berlin or Asia/Shanghai.")

    @field_validator("quiet_hours")
    @classmethod
    def _are_hours(cls, hours: tuple[int, int] | None) -> tuple[int, int] | None:
        if hours is not None and not all(0 <= hour < HOURS for hour in hours):
            raise ValueError(f"quiet_hours are two hours from 0 to 23, such as [22, 7]; got {list(hours)}")
        return hours

    @field_validator("time_zone")
    @classmethod
    def _is_a_zone(cls, name: str) -> str:
        return existing_zone(name)

    @model_validator(mode="after")
    def _names_are_unique(self) -> Self:
        names = [receiver.name for receiver in self.receivers]
        if len(set(names)) < len(names):
            raise ValueError(f"names of alerts.receivers must be unique, got {names}")
        return self
