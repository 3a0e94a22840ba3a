"""What is said to have grown worse did, by more than chance does, and rises when a shop loses more users."""

from __future__ import annotations

from datetime import date

import numpy as np
import polars as pl
import pytest

from churn_assets.monitoring.risk_alerts import risk_alerts

DAY, BEFORE = date(2026, 11, 16), date(2026, 11, 9)
SUMMARIES = pl.DataFrame(schema={
    "kind": pl.String, "reason_group": pl.String, "dimension": pl.String, "segment": pl.String, "users": pl.Int64,
    "value_at_risk_amount": pl.Float64,
})  # fmt: skip


def scored(probabilities: np.ndarray, tier: str = "watch") -> pl.LazyFrame:
    users = [f"u{n}" for n in range(len(probabilities))]
    frame = pl.DataFrame({"user_id": users, "churn_probability": probabilities})
    return frame.with_columns(
        status=pl.lit("eligible"), risk_tier=pl.lit(tier), value_at_risk_amount=10 * pl.col("churn_probability")
    ).lazy()


def alerts(
    now: pl.LazyFrame, before: pl.LazyFrame, segment: str | None = "loyal",
    reasons: tuple[pl.DataFrame, pl.DataFrame] = (SUMMARIES, SUMMARIES),
) -> pl.DataFrame:  # fmt: skip
    users = now.select("user_id").collect()
    segments = pl.concat([users.with_columns(day=pl.lit(day), segment=pl.lit(segment)) for day in (DAY, BEFORE)])
    return risk_alerts(now, before, segments, reasons, days=(DAY, BEFORE), jump=0.3)


def reason(users: int) -> pl.DataFrame:
    row = {"kind": "actionable", "reason_group": "service", "dimension": "risk_tier", "segment": "watch",
           "users": users, "value_at_risk_amount": 5.0 * users}  # fmt: skip
    return pl.DataFrame([row], schema=SUMMARIES.schema)


def test_a_user_whose_risk_jumped_is_named_with_what_is_at_stake() -> None:
    frame = alerts(scored(np.array([0.9, 0.55, 0.3])), scored(np.array([0.3, 0.3, 0.29])))
    assert frame.select("kind", "subject", "before", "now", "users", "value_at_risk_amount").rows() == [
        ("user", "u0", 0.3, 0.9, 1, 9.0)
    ]
    assert alerts(scored(np.array([0.9]), "small"), scored(np.array([0.3]), "small")).is_empty(), "no alarm, no alert"


def test_a_segment_that_churns_more_is_named_and_noise_is_not() -> None:
    rng = np.random.default_rng(7)
    base = rng.uniform(0.1, 0.5, 2_000)
    (row,) = alerts(scored(base + 0.05), scored(base)).rows(named=True)
    assert (row["kind"], row["subject"], row["users"]) == ("segment", "loyal", 2_000)
    assert row["now"] - row["before"] == pytest.approx(0.05, abs=1e-6)
    false_alarms = sum(
        alerts(scored(rng.uniform(0.1, 0.5, 500)), scored(rng.uniform(0.1, 0.5, 500))).filter(kind="segment").height
        for _ in range(200)
    )
    assert false_alarms <= 3
    assert alerts(scored(base[:20] + 0.3), scored(base[:20])).filter(kind="segment").is_empty(), "too few to say"


def test_a_reason_that_spreads_is_named() -> None:
    same = scored(np.full(1_000, 0.4))
    (row,) = alerts(same, same, None, (reason(200), reason(120))).rows(named=True)
    assert (row["kind"], row["subject"], row["before"], row["now"], row["users"]) == (
        "reason",
        "service",
        0.12,
        0.2,
        200,
    )
    assert alerts(same, same, None, (reason(128), reason(120))).is_empty()


def test_when_a_shop_loses_more_users_there_are_more_alerts() -> None:
    """A rank could not show it: the same share would be named every week."""
    calm = scored(np.full(400, 0.3))
    counts = [
        alerts(scored(np.where(np.arange(400) < lost, 0.8, 0.3)), calm).filter(kind="user").height
        for lost in (0, 40, 200)
    ]
    assert counts == [0, 40, 200]
