"""What was brought per spent holds the truth as often as it says, also where who redeems is who buys."""

from __future__ import annotations

from datetime import date, datetime

import numpy as np
import polars as pl
import pytest

from churn_assets.effects.return_on_spend import NOTHING_SPENT, return_on_spend

DAY = date(2026, 11, 16)


def users(rng: np.random.Generator, count: int, *, kept: float, coupon: float = 4.0, sent: float = 0.1) -> pl.DataFrame:
    """Half treated: 30 % buy for some 40 of margin anyway, `kept` more of the treated; each treated buyer redeems."""
    is_treated = rng.random(count) < 0.5
    buys = rng.random(count) < 0.3 + kept * is_treated
    margin_before = buys * rng.gamma(2, 20, count)
    redeemed = np.where(is_treated & buys, coupon, 0.0)
    contacts = np.where(is_treated, sent, 0.0)
    return pl.DataFrame({
        "user_id": [f"u{n}" for n in range(count)], "campaign": "a", "stratum": "a", "treatment": "coupon_10",
        "is_treated": is_treated, "propensity": 0.5, "assigned_at": datetime(2026, 9, 1),
        "contact_cost_amount": contacts, "redeemed_amount": redeemed,
        "margin_amount": margin_before - redeemed - contacts,
        "spent_before_amount": rng.gamma(2, 20, count), "orders_before_count": rng.poisson(2, count).astype(float),
        "churn_probability": rng.random(count), "value_at_risk_amount": rng.gamma(2, 20, count),
    })  # fmt: skip


def test_the_interval_holds_the_truth_19_times_of_20() -> None:
    """The truth: `kept` x 40 brought, (0.3 + kept) x 4 + 0.1 spent."""
    rng, kept = np.random.default_rng(3), 0.08
    truth = kept * 40 / ((0.3 + kept) * 4 + 0.1)
    rows = [return_on_spend(users(rng, 3_000, kept=kept), snapshot=DAY).row(0, named=True) for _ in range(300)]
    holds = sum(row["return_low"] <= truth <= row["return_high"] for row in rows)
    assert 275 <= holds <= 297
    assert np.mean([row["return_ratio"] for row in rows]) == pytest.approx(truth, rel=0.1)


def test_each_campaign_has_a_row_and_all_together_one() -> None:
    rng = np.random.default_rng(4)
    both = pl.concat(
        [users(rng, 500, kept=0.1).with_columns(campaign=pl.lit(name), stratum=pl.lit(name)) for name in "ab"]
    )
    result = return_on_spend(both, snapshot=DAY)
    assert result["campaign"].to_list() == ["a", "all", "b"]
    whole = result.filter(pl.col("campaign") == "all").row(0, named=True)
    assert whole["users"] == result.filter(pl.col("campaign") != "all")["users"].sum()
    spent = both.filter("is_treated").select(pl.col("contact_cost_amount") + pl.col("redeemed_amount")).sum().item()
    assert whole["spend_amount"] == pytest.approx(spent, rel=0.05)


def test_where_nothing_was_spent_there_is_no_return() -> None:
    row = return_on_spend(users(np.random.default_rng(5), 400, kept=0.1, coupon=0, sent=0), snapshot=DAY).row(
        0, named=True
    )
    assert (row["return_ratio"], row["note"]) == (None, NOTHING_SPENT)
    alone = users(np.random.default_rng(6), 400, kept=0.1).filter("is_treated")
    row = return_on_spend(alone, snapshot=DAY).row(0, named=True)
    assert row["return_ratio"] is None
    assert "no interval" in row["note"]
    assert return_on_spend(alone.clear(), snapshot=DAY).is_empty()
