"""The sections of the settings, one class each: every field with unit and reason. How they are read: load.py."""

from __future__ import annotations

import re
from datetime import date
from typing import Literal, Self

from pydantic import Field, SecretStr, field_validator, model_validator

from churn_assets.contracts.definitions import Definition
from churn_assets.settings.extra import ExtraColumn, repeated_names
from churn_assets.settings.receivers import signing_key
from churn_assets.settings.section import Days, Section, Share

SHORTEST_MONTH_DAYS = 28
HOST = re.compile(r"(\[[0-9a-fA-F:.]+\]|[0-9a-zA-Z_-]+(\.[0-9a-zA-Z_-]+)*)(:[0-9]{1,5})?")
HEADER = re.compile(r"[A-Za-z0-9-]{1,64}")
SHORTEST_SECRET = 32


class CalendarSection(Section):
    start: date | None = Field(
        None,
        description="First snapshot; a weekly calendar falls on its weekday. Default: derived from the oldest order "
        "at the first run and kept in the home.",
    )
    cadence: Literal["daily", "weekly", "monthly"] = Field("weekly", description="Distance between snapshots.")

    @model_validator(mode="after")
    def _every_month_has_it(self) -> Self:
        if self.cadence == "monthly" and self.start is not None and self.start.day > SHORTEST_MONTH_DAYS:
            raise ValueError(f"a monthly calendar starts on a day that every month has (1 to 28), got {self.start}")
        return self


class Churn(Section):
    definition: Definition = Field(
        "inactivity", description="Which of the labels counts; all are made, so another choice makes nothing again."
    )
    horizon_days: Days = Field(28, description="Length of the label window in days.")
    gap_days: int = Field(0, ge=0, le=3650, description="Days between the snapshot and the label window.")
    active_within_days: Days | None = Field(
        180, description="Eligible: a purchase within so many days before the snapshot; null: any purchase ever."
    )
    rhythm_quantile: Share = Field(0.9, description="own_rhythm: quantile of the user's own gaps that is still usual.")
    rhythm_min_gaps: int = Field(3, ge=1, description="With fewer gaps a user is held against the gaps of everybody.")
    rhythm_floor_days: Days = Field(14, description="No silence up to this counts as churn, in days.")
    rhythm_cap_days: Days = Field(182, description="Any silence beyond this does, in days.")
    reduced_measure: Literal["orders", "spent_amount"] = Field("orders", description="reduced: what has to fall.")
    reduced_share: Share = Field(0.5, description="By how much, against the user's own rate before the snapshot.")
    reduced_reference_days: Days = Field(182, description="Days before the snapshot over which that rate is taken.")

    @model_validator(mode="after")
    def _floor_below_cap(self) -> Self:
        if self.rhythm_floor_days > self.rhythm_cap_days:
            raise ValueError(f"rhythm_floor_days {self.rhythm_floor_days} is above rhythm_cap_days")
        return self

    def of_the_labels(self) -> dict[str, int | float | str | None]:
        """What the rows of churn_labels are made with: everything but the choice among them."""
        return self.model_dump(mode="json", exclude={"definition"})


class Features(Section):
    windows_days: tuple[Days, ...] = Field((7, 28, 91, 182), min_length=2, description="Windows, ascending, in days.")
    max_missing_column_share: Share = Field(
        0.98, description="A feature unknown in more training rows than this is left out of the model, and named."
    )
    max_missing_user_share: Share = Field(
        0.9, description="Users with more unknown features than this are scored like all others, but counted."
    )
    max_sparse_users_share: Share = Field(0.1, description="A check warns when more of the eligible users are such.")
    max_outlier_share: Share = Field(
        0.22,
        description="A check warns when more of a feature's known values lie beyond 1.5 interquartile ranges. On one "
        "side a quarter is the most that can; skewed features of a sane shop reach 0.2.",
    )
    extra: tuple[ExtraColumn, ...] = Field(
        (),
        description="Columns extra_... of users and orders that the raw contract does not know, to be made features of "
        "(docs/engineer.md). A change rebuilds the warehouse, and the next model learns from them.",
    )

    @model_validator(mode="after")
    def _ascending(self) -> Self:
        if list(self.windows_days) != sorted(set(self.windows_days)):
            raise ValueError(f"windows_days must ascend without repeats, got {list(self.windows_days)}")
        return self

    @model_validator(mode="after")
    def _extra_names_are_unique(self) -> Self:
        repeated = repeated_names(self.extra)
        if repeated:
            raise ValueError(f"extra: {repeated[0]} is declared twice; declare it once, or rename the column or value")
        return self


class Scoring(Section):
    alarm_share: Share = Field(
        0.3,
        description="Workload: the share of users whose expected loss is worth an alarm (tiers urgent and watch), "
        "among those of the newest labels. The sum of money that this gives holds for the snapshot.",
    )
    stake_amount: float | None = Field(
        None, gt=0, le=1e9, description="Expected loss that is worth an alarm; null: what alarm_share gives."
    )
    rise_ratio: float = Field(
        2.0,
        ge=1,
        le=100,
        description="Tier urgent: the odds of churn are so many times those usual for a user of this rhythm.",
    )
    value_days: Days = Field(91, description="Days whose spend churn puts at risk.")
    least_reason_log_odds: float = Field(
        0.1,
        gt=0,
        le=2,
        description="What a group of features has to add to a user's risk to be a reason: 0.1 moves one of 50 % to "
        "52.5 %.",
    )
    min_stable_reasons_share: Share = Field(
        0.8, description="A check warns when fewer users keep their first reason under a little noise."
    )


class Monitoring(Section):
    rerun_snapshots: int = Field(
        4,
        ge=0,
        le=520,
        description="Made snapshots that landing_sensor runs again at most when a file with earlier rows arrives or "
        "changes, the newest ones. 0 where whole tables are delivered anew each day: all their files change.",
    )
    psi_warn: float = Field(
        0.1,
        gt=0,
        allow_inf_nan=False,
        description="Population stability index (PSI, no unit) of a feature or the score from which it has drifted, if "
        "it is significant as well: below it a model seldom notices.",
    )
    psi_alarm: float = Field(
        0.25, gt=0, allow_inf_nan=False, description="The same from which the model should learn the users anew."
    )
    max_drifted_share: Share = Field(
        0.05,
        description="Share of features that may drift to alarm, if the score does not, before a new model is asked "
        "for.",
    )
    false_alarm_share: float = Field(
        0.01, gt=0, lt=1, description="Share of snapshots at which anything is significant though nothing changed."
    )
    max_model_age_days: Days = Field(
        91,
        description="Days from when the newest labels a model learned from had matured to the snapshot it scores. A "
        "season: what is learned from one need not hold in the next.",
    )
    max_ece: Share = Field(
        0.05,
        description="Expected calibration error of scores whose labels matured: by so much a probability, and the "
        "value at risk made of it, may be off on average.",
    )

    risk_jump: Share = Field(
        0.1,
        description="By how much the churn probability of a user with an alarm has to rise from one snapshot to the "
        "next to be named in monitoring.risk_alerts; 14 of 2,418 in a week at the grocer of 2017.",
    )
    max_group_gap_share: Share = Field(
        0.1,
        description="A check warns when a group by age, gender, region or a protected extra column is treated, or "
        "erred about, more or less often than all others by more than this and significant.",
    )

    @model_validator(mode="after")
    def _warn_below_alarm(self) -> Self:
        if self.psi_warn > self.psi_alarm:
            raise ValueError(f"psi_warn {self.psi_warn} is above psi_alarm {self.psi_alarm}")
        return self


class Ui(Section):
    allowed_hosts: tuple[str, ...] = Field(
        (),
        description="Further names that churn ui answers to, as they stand in the browser's address, port included: "
        "localhost:8080 (a forwarded port), churn.example.org (a proxy with a login). By itself: 127.0.0.1, localhost "
        "and [::1] with the port it serves on.",
    )

    @field_validator("allowed_hosts")
    @classmethod
    def _are_names(cls, hosts: tuple[str, ...]) -> tuple[str, ...]:
        return server_names(hosts)


def server_names(hosts: tuple[str, ...]) -> tuple[str, ...]:
    """The hosts, if each is a name of a server. Raises ValueError."""
    wrong = [host for host in hosts if not HOST.fullmatch(host)]
    if wrong:
        raise ValueError(f"{wrong[0]!r} is no name of a server, such as localhost:8080 or churn.example.org")
    return hosts


class Report(Section):
    currency: str | None = Field(
        None,
        description="Currency of orders.amount as an ISO 4217 code such as EUR or CNY; null: sums have no sign.",
    )

    @field_validator("currency")
    @classmethod
    def _is_a_code(cls, code: str | None) -> str | None:
        if code is not None and not re.fullmatch("[A-Z]{3}", code):
            raise ValueError(f"{code!r} is no ISO 4217 code: three capital letters, such as EUR or CNY")
        return code


class Console(Section):
    allowed_hosts: tuple[str, ...] = Field(
        (), description="Further names that churn console answers to, as ui.allowed_hosts: those of a proxy before it."
    )
    is_https: bool = Field(
        False, description="A proxy before the console speaks HTTPS: cookies are sent over nothing else then."
    )
    session_hours: float = Field(12.0, gt=0, le=168, description="After so many hours somebody has to log in again.")
    receipts_secret: SecretStr | None = Field(
        None,
        description="whsec_..., by which POST /receipts is signed; null: none are taken; best by "
        "CHURN__CONSOLE__RECEIPTS_SECRET.",
    )
    two_person_amount: float | None = Field(
        None,
        ge=0,
        description="A plan that is expected to cost more needs two accounts to approve it; null: one.",
    )
    user_header: str | None = Field(
        None,
        description="Header in which a proxy that logs people in names their account, such as X-Forwarded-User; null: "
        "people log in here by password.",
    )
    proxy_secret: SecretStr | None = Field(
        None,
        description="What that proxy sends as X-Churn-Proxy-Secret, 32 letters or more; best by "
        "CHURN__CONSOLE__PROXY_SECRET.",
    )

    @field_validator("receipts_secret")
    @classmethod
    def _is_a_key(cls, secret: SecretStr | None) -> SecretStr | None:
        if secret is not None:
            signing_key(secret.get_secret_value())
        return secret

    @field_validator("allowed_hosts")
    @classmethod
    def _are_names(cls, hosts: tuple[str, ...]) -> tuple[str, ...]:
        return server_names(hosts)

    @model_validator(mode="after")
    def _the_proxy_is_known(self) -> Self:
        if self.user_header is not None and not HEADER.fullmatch(self.user_header):
            raise ValueError(f"user_header: {self.user_header!r} is no name of a header, such as X-Forwarded-User")
        secret = self.proxy_secret.get_secret_value() if self.proxy_secret else ""
        if self.user_header is not None and not (len(secret) >= SHORTEST_SECRET and secret.isascii()):
            raise ValueError(
                f"user_header needs proxy_secret, {SHORTEST_SECRET} letters of ASCII or more: any program on this "
                "machine could name an account otherwise"
            )
        return self
