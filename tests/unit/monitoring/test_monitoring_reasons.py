"""Reasons added up: worked out again by a plain loop, and drawn."""

from __future__ import annotations

from datetime import date

import numpy as np
import polars as pl
import pytest
from polars.testing import assert_frame_equal

from churn_assets.contracts.feature import REASON_GROUPS
from churn_assets.contracts.reason_summaries import ReasonSummaries
from churn_assets.contracts.user_reasons import KINDS
from churn_assets.monitoring.reason_plots import reasons_png
from churn_assets.monitoring.reasons import reason_summaries

DAY = date(2026, 11, 16)
USERS = 300
RANDOM = np.random.default_rng(9)
IDS = [f"u{i:03d}" for i in range(USERS)]
SCORED = pl.DataFrame(
    {
        "user_id": [*IDS, "gone"],
        "status": ["eligible"] * USERS + ["lapsed"],
        "risk_tier": [("urgent", "watch", "small")[i % 3] for i in range(USERS)] + [None],
        "value_at_risk_amount": [*RANDOM.exponential(50, USERS), None],
    }
)
SEGMENTS = pl.DataFrame(
    {
        "user_id": [*IDS[:-1], "gone"],
        "tenure_days": [float(90 + i) if i else None for i in range(USERS - 1)] + [5.0],
        "city_tier": [(1, 2, None)[i % 3] for i in range(USERS - 1)] + [1],
    }
)
REASONS = pl.DataFrame(
    [
        (user, kind, group, float(RANDOM.exponential()))
        for user in IDS
        for kind in KINDS
        for group in RANDOM.choice(REASON_GROUPS, 3, replace=False)
    ],
    schema=["user_id", "kind", "reason_group", "contribution"],
    orient="row",
)


@pytest.fixture(scope="module")
def summaries() -> pl.DataFrame:
    return reason_summaries(REASONS, SCORED, SEGMENTS, snapshot=DAY)


def segment_of(user: str, dimension: str) -> str:
    number = int(user[1:])
    if dimension == "risk_tier":
        return ("urgent", "watch", "small")[number % 3]
    if dimension == "tenure":
        if number in (0, USERS - 1):
            return "unknown"
        days = 90 + number
        return "under 91 days" if days < 91 else "91 to 364 days" if days < 365 else "365 days and more"
    if dimension == "city_tier":
        return "unknown" if number == USERS - 1 else ("1", "2", "unknown")[number % 3]
    return "all"


def test_sums_are_those_of_a_plain_loop(summaries: pl.DataFrame) -> None:
    ReasonSummaries.validate(summaries, lazy=True)
    value = dict(SCORED.select("user_id", "value_at_risk_amount").iter_rows())
    for row in summaries.iter_rows(named=True):
        inside = {user for user in IDS if segment_of(user, row["dimension"]) == row["segment"]}
        mine = [
            (user, contribution)
            for user, kind, group, contribution in REASONS.iter_rows()
            if user in inside and (kind, group) == (row["kind"], row["reason_group"])
        ]
        assert (row["users"], row["segment_users"]) == (len(mine), len(inside)), row
        assert row["share"] == len(mine) / len(inside)
        assert row["contribution"] == pytest.approx(sum(contribution for _, contribution in mine), abs=1e-6)
        assert row["value_at_risk_amount"] == pytest.approx(sum(value[user] for user, _ in mine), abs=1e-6)


def test_every_segment_of_a_user_is_told(summaries: pl.DataFrame) -> None:
    found = {key: set(rows["segment"]) for (key,), rows in summaries.group_by("dimension")}
    assert found == {
        "all": {"all"},
        "risk_tier": {"urgent", "watch", "small"},
        "tenure": {"91 to 364 days", "365 days and more", "unknown"},
        "city_tier": {"1", "2", "unknown"},
    }
    assert set(summaries["snapshot_date"]) == {DAY}


def test_a_new_user_is_in_the_first_segment() -> None:
    new = SEGMENTS.with_columns(tenure_days=pl.lit(90.9))
    found = reason_summaries(REASONS, SCORED, new, snapshot=DAY).filter(dimension="tenure")
    assert set(found["segment"]) == {"under 91 days", "unknown"}


def test_the_order_of_rows_changes_nothing(summaries: pl.DataFrame) -> None:
    shuffled = (frame.sample(fraction=1, shuffle=True, seed=3) for frame in (REASONS, SCORED, SEGMENTS))
    assert_frame_equal(reason_summaries(*shuffled, snapshot=DAY), summaries, check_exact=True)


def test_without_reasons_there_is_nothing_to_add_up() -> None:
    empty = reason_summaries(REASONS.clear(), SCORED, SEGMENTS, snapshot=DAY)
    assert empty.is_empty()
    ReasonSummaries.validate(empty, lazy=True)


def test_the_picture_shows_how_common_and_how_heavy_reasons_are(summaries: pl.DataFrame) -> None:
    picture = reasons_png(summaries)
    assert picture.startswith(b"\x89PNG")
    assert picture == reasons_png(summaries)
    for shown in ("share", "contribution"):
        is_service = pl.col("reason_group") == "service"
        smaller = pl.when(is_service).then(pl.col(shown) / 2).otherwise(pl.col(shown))
        assert picture != reasons_png(summaries.with_columns(smaller.alias(shown)))
    assert picture == reasons_png(summaries.filter(dimension="all")), "segments are not in it"
