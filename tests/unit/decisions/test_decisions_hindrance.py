"""Why a user cannot be reached: consent, address, suppression, frequency and cool-downs, in that order."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

import polars as pl
import pytest

from churn_assets.catalogue.arms import Arm, Level
from churn_assets.contracts.channels import SENDING_CHANNELS
from churn_assets.decisions.hindrance import with_hindrances
from churn_assets.settings import Decisions

DAY = date(2025, 6, 2)
COUPON = Arm(
    arm="coupon", channel="email", template="t", cool_down_days=28,
    levels=(Level(level="10", cost_amount=1, assumed_lift=0.1), Level(level="20", cost_amount=2, assumed_lift=0.2)),
)  # fmt: skip
CALL = Arm(arm="call", channel="call", template="t", cost_amount=1, assumed_lift=0.1, cool_down_days=7)
CONSENTS = {
    **{f"consent_{channel}": pl.Boolean for channel in SENDING_CHANNELS},
    "has_email": pl.Boolean, "has_phone": pl.Boolean, "household_id": pl.String, "device_id": pl.String,
}  # fmt: skip


def hindered(
    user: dict[str, Any], contacts: list[tuple[str, str, datetime]], **changes: Any
) -> dict[str, Any]:  # a row of the only user u1
    known = {"user_id": "u1", **dict.fromkeys(CONSENTS), "has_email": True, "has_phone": True} | user
    frame = with_hindrances(
        pl.DataFrame({"user_id": ["u1"]}),
        pl.DataFrame([known], schema_overrides=CONSENTS),
        pl.DataFrame(
            [("u1", *contact) for contact in contacts],
            schema={"user_id": pl.String, "arm": pl.String, "channel": pl.String, "sent_at": pl.Datetime("us")},
            orient="row",
        ),
        suppressed=changes.pop("suppressed", []),
        suppressed_channels=changes.pop("suppressed_channels", []),
        needs_address=changes.pop("needs_address", ["email", "call"]),
        settings=Decisions(arms=(COUPON, CALL), max_contacts=2, max_contacts_days=14, **changes),
        snapshot=DAY,
    )
    return frame.row(0, named=True)


@pytest.mark.parametrize(
    ("user", "contacts", "changes", "email"),
    [
        ({"consent_email": True}, [], {}, None),
        ({"consent_email": False}, [], {}, "no_consent"),
        ({"consent_email": None}, [], {}, "no_consent"),
        ({"consent_email": None}, [], {"unknown_consent": "allow"}, None),
        ({"consent_email": False}, [], {"unknown_consent": "allow"}, "no_consent"),
        ({"consent_email": True, "has_email": False}, [], {}, "unreachable"),
        ({"consent_email": True, "has_email": None}, [], {}, "unreachable"),
        ({"consent_email": True, "has_email": False}, [], {"needs_address": []}, None),
        ({"consent_email": True}, [], {"suppressed": ["u1"]}, "suppressed"),
        ({"consent_email": False}, [], {"suppressed": ["u1"]}, "suppressed"),
        ({"consent_email": True}, [("a", "sms", datetime(2025, 5, 30))], {}, None),
        ({"consent_email": True}, [("a", "sms", datetime(2025, 5, 30))] * 2, {}, "frequency_cap"),
        ({"consent_email": True}, [("a", "sms", datetime(2025, 5, 18))] * 2, {}, None),  # 15 days ago
        ({"consent_email": True}, [("a", "sms", datetime(2025, 5, 19))] * 2, {}, "frequency_cap"),  # 14 days ago
    ],
)
def test_what_hinders_an_email(
    user: dict[str, Any], contacts: list[tuple[str, str, datetime]], changes: dict[str, Any], email: str | None
) -> None:
    assert hindered(user, contacts, **changes)["hindrance_email"] == email


def test_a_channel_that_sends_nothing_needs_no_consent() -> None:
    assert hindered({}, [], suppressed=["u1"])["hindrance_none"] is None


def test_a_suppressed_channel_hinders_no_other() -> None:
    row = hindered({}, [], suppressed_channels=[("u1", "email"), ("u2", "sms")])
    assert row["hindrance_email"] == "suppressed"
    assert row["hindrance_sms"] != "suppressed"


def test_an_arm_cools_down_at_every_level_and_by_its_own_days() -> None:
    def cooling(*contacts: tuple[str, str, datetime]) -> list[str]:
        found: list[str] = hindered({}, list(contacts))["cooling_arms"]
        return found

    assert cooling() == []
    assert cooling(("coupon_20", "email", datetime(2025, 5, 5))) == ["coupon"]  # 28 days ago
    assert cooling(("coupon_20", "email", datetime(2025, 5, 4, 23))) == []
    assert cooling(("call", "call", datetime(2025, 5, 20)), ("coupon_10", "email", datetime(2025, 6, 1))) == ["coupon"]
    assert cooling(("newsletter", "email", datetime(2025, 6, 1))) == []


@pytest.mark.parametrize(("randomise_by", "unit"), [("user", "u1"), ("household", "household:h1"), ("device", "u1")])
def test_who_is_left_alone_together(randomise_by: str, unit: str) -> None:
    """The device is unknown, so the user stands alone."""
    assert hindered({"household_id": "h1"}, [], randomise_by=randomise_by)["unit_id"] == unit
