from __future__ import annotations

from collections.abc import Collection

import numpy as np
import polars as pl
import pytest

from churn_assets.effects.arm_effects import arm_effects
from churn_assets.effects.assignments import TRAITS
from churn_assets.effects.compared_users import compared_users
from churn_assets.effects.known_users import known_users
from churn_assets.effects.metrics import METRICS
from churn_assets.effects.sentences import effect_sentence
from tests.unit.effects.weeks import SNAPSHOT, WINDOW_DAYS, campaign, outcomes, week

ARMS = {"coupon": 0.45, "reminder": 0.45, "none": 0.1}
TABLES = frozenset(metric.table for metric in METRICS.values())


def effects(
    assignments: pl.DataFrame,
    gain: dict[str, float],
    *,
    recorded: Collection[str] = TABLES,
    traits: pl.DataFrame | None = None,
    seed: int = 2,
) -> pl.DataFrame:
    known = known_users(
        compared_users(assignments, SNAPSHOT, WINDOW_DAYS).rows,
        outcomes(np.random.default_rng(seed), assignments, gain),
        margin_share=0.3,
        traits=pl.DataFrame(schema=TRAITS) if traits is None else traits,
    )
    return arm_effects(known, snapshot=SNAPSHOT, window_days=WINDOW_DAYS, recorded=recorded)


def weeks(count: int, users: int = 1_500, arms: dict[str, float] = ARMS) -> pl.DataFrame:
    random = np.random.default_rng(1)
    return pl.concat(campaign(random, f"c{n}", week(n), users, arms, n * users) for n in range(count))


def test_one_week_is_noise_and_twelve_tell() -> None:
    result = effects(weeks(12), {"coupon": 0.06, "reminder": 0.0}).filter(metric="retained")

    pooled = result.filter(dimension="all", treatment="coupon").row(0, named=True)
    alone = result.filter(dimension="week", treatment="coupon")
    assert (pooled["campaigns"], pooled["weeks"], pooled["verdict"]) == (12, 12, "better")
    assert pooled["effect_low"] < 0.06 < pooled["effect_high"]
    assert alone.height == 12
    widths = alone.select(pl.col("effect_high") - pl.col("effect_low")).to_series()
    assert widths.min() > 2.5 * (pooled["effect_high"] - pooled["effect_low"])  # type: ignore[operator]
    assert result.filter(dimension="all", treatment="reminder").item(0, "verdict") == "not proven"
    assert effect_sentence(pooled).startswith("coupon: retained +")
    assert effect_sentence(pooled).endswith(" left alone in 12 weeks: better")


def test_what_nobody_recorded_is_no_effect_of_zero() -> None:
    result = effects(weeks(2), {}, recorded=["orders"])
    assert set(result["metric"]) == {"retained", "orders_count", "spent_amount", "margin_amount"}


def test_what_never_happens_is_unknown_and_says_why() -> None:
    result = effects(weeks(2), {}).filter(dimension="all", metric="asked_support")
    assert set(result["verdict"]) == {"unknown"}
    assert set(result["note"]) == {"no interval: all users of each side have the same outcome"}


def test_an_arm_that_harms_is_called_worse_and_a_return_more_too() -> None:
    result = effects(weeks(12), {"coupon": -0.08}).filter(dimension="all", treatment="coupon", metric="retained")
    assert result.item(0, "verdict") == "worse"


def test_by_reason_and_tier_where_a_plan_has_decided() -> None:
    assignments = weeks(4)
    half = (pl.int_range(pl.len()) % 2).cast(pl.Boolean)
    traits = assignments.select(
        "campaign",
        "user_id",
        reason=pl.when(half).then(pl.lit("price")).otherwise(pl.lit("service")),
        risk_tier=pl.lit("urgent"),
        churn_probability=pl.lit(0.5),
        value_at_risk_amount=pl.lit(10.0),
    )
    result = effects(assignments, {}, traits=traits).filter(metric="retained", treatment="coupon")
    assert result.filter(dimension="reason")["segment"].to_list() == ["price", "service"]
    assert result.filter(dimension="reason")["users"].sum() == result.filter(dimension="all")["users"].sum()
    assert result.filter(dimension="risk_tier")["segment"].to_list() == ["urgent"]


def test_among_many_effects_that_are_none_few_are_called_proven() -> None:
    assignments = weeks(16, users=600)
    result = pl.concat(effects(assignments, {}, recorded=["orders"], seed=seed) for seed in (2, 3, 4))
    weekly = result.filter(dimension="week")
    assert weekly.filter(pl.col("p_value") < 0.05).height > 2  # by chance, of some 380
    assert weekly.filter(pl.col("verdict") != "not proven").height == 0


def test_a_broken_split_gives_no_figure() -> None:
    """Of the control every second user is missing, as if a part had been treated all the same."""
    right, broken = weeks(3), weeks(3).filter(pl.col("arm").ne("none") | (pl.int_range(pl.len()) % 2 == 0))
    left_out = compared_users(broken, SNAPSHOT, WINDOW_DAYS)
    assert compared_users(right, SNAPSHOT, WINDOW_DAYS).left_out == {}
    assert set(left_out.left_out) == {"c0", "c1", "c2"}
    assert all(why.startswith("sides do not have the sizes") for why in left_out.left_out.values())
    assert left_out.rows.is_empty()


@pytest.mark.parametrize(
    ("assignments", "why"),
    [
        (campaign(np.random.default_rng(1), "c0", week(19), 100, ARMS), "no window has closed"),
        (weeks(1, arms={"none": 1.0}), "nobody was treated, or nobody left alone"),
        (weeks(1, arms={"coupon": 1.0}), "nobody was treated, or nobody left alone"),
        (weeks(1).with_columns(propensity=pl.lit(0.0)), "nobody has a propensity above 0"),
    ],
)
def test_what_cannot_be_compared_says_why(assignments: pl.DataFrame, why: str) -> None:
    result = compared_users(assignments, SNAPSHOT, WINDOW_DAYS)
    assert (result.rows.height, result.left_out) == (0, {"c0": why})
    assert effects(assignments, {}).is_empty()


def test_probability_of_the_treatment_given_that_or_nothing() -> None:
    result = compared_users(weeks(1), SNAPSHOT, WINDOW_DAYS).rows
    assert result["propensity"].unique().to_list() == pytest.approx([0.45 / 0.55])


def test_propensities_of_ones_own_are_kept() -> None:
    random = np.random.default_rng(5)
    own = random.uniform(0.2, 0.8, 2_000)
    is_treated = random.random(2_000) < own
    assignments = pl.DataFrame(
        {
            "campaign": "c0",
            "user_id": [f"u{number:04}" for number in range(2_000)],
            "arm": np.where(is_treated, "coupon", "none"),
            "propensity": np.where(is_treated, own, 1 - own),
            "assigned_at": week(0),
        },
        schema_overrides={"assigned_at": pl.Datetime("us")},
    )
    result = compared_users(assignments, SNAPSHOT, WINDOW_DAYS)
    assert result.left_out == {}
    assert result.rows.sort("user_id")["propensity"].to_list() == pytest.approx(list(own))


def test_a_coupon_costs_its_face_less_what_the_price_no_longer_shows() -> None:
    """Goods of 100 at a margin of 0.3, paid with a coupon of 10, and a mail of 0.02: 30 - 10 - 0.02."""
    user = pl.DataFrame(
        {
            "margin_share": [0.3],
            "spent_amount": [90.0],
            "redeemed_amount": [10.0],
            "returned_amount": [0.0],
            "contact_cost_amount": [0.02],
        }
    )
    assert user.select(METRICS["margin_amount"].value).item() == pytest.approx(19.98)
