"""Groups add up, differences beyond chance and tolerance are found, and chance alone seldom is one."""

from __future__ import annotations

from datetime import date

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from churn_assets.contracts.group_fairness import GroupFairness
from churn_assets.monitoring.fairness import FEWEST, group_fairness
from churn_assets.monitoring.fairness_plots import fairness_png
from churn_assets.monitoring.fairness_users import attributes_of, with_errors, with_groups, with_treatment
from churn_assets.settings import ExtraColumn

DAY, LATER = date(2026, 10, 19), date(2026, 11, 16)


def people(number: int = 4_000, *, unfair: float = 0.0, seed: int = 1) -> pl.DataFrame:
    random = np.random.default_rng(seed)
    gender = random.choice(["female", "not female"], number)
    chance = 0.2 + unfair * (gender == "female")
    return pl.DataFrame(
        {
            "user_id": [f"u{i}" for i in range(number)],
            "age": random.choice(["25 to 34", "35 to 44"], number),
            "gender": gender,
            "region": pl.Series([None if drawn else "north" for drawn in random.random(number) < 0.3]),
            "treated": random.random(number) < chance,
        }
    )


def compared(users: pl.DataFrame) -> pl.DataFrame:
    return GroupFairness.validate(group_fairness(users, scored=DAY, snapshot=LATER, tolerance=0.1), lazy=True)


def test_a_group_treated_more_often_is_found_and_drawn() -> None:
    found = compared(people(unfair=0.3))
    unequal = found.filter("is_unequal").select("attribute", "group")
    assert set(unequal.rows()) == {("gender", "female"), ("gender", "not female")}
    row = found.filter(attribute="gender", group="female").row(0, named=True)
    assert row["value_low"] < 0.5 < row["value_high"]
    assert row["rest_value"] == pytest.approx(0.2, abs=0.03)
    assert fairness_png(found).startswith(b"\x89PNG")


def test_a_difference_within_the_tolerance_is_none_however_sure() -> None:
    assert not compared(people(40_000, unfair=0.05))["is_unequal"].any()


def test_chance_alone_is_seldom_beyond_chance() -> None:
    assert sum((compared(people(600, seed=seed))["p_value"] < 0.05 / 6).any() for seed in range(200)) <= 20


def test_the_same_bytes_for_any_order_of_rows() -> None:
    users = people(2_000).with_columns(overstated=pl.Series(np.random.default_rng(2).normal(0, 0.3, 2_000)))
    once = compared(users)
    for seed in range(20):
        assert compared(users.sample(fraction=1, shuffle=True, seed=seed)).equals(once)


def test_few_users_are_shown_and_not_judged() -> None:
    users = people(FEWEST + 50).with_columns(gender=pl.when(pl.int_range(pl.len()) < 40).then(pl.lit("female")))
    rows = compared(users).filter(attribute="gender")
    assert rows["group"].to_list() == ["female", "unknown"]
    assert rows["p_value"].null_count() == 2


@given(st.lists(st.tuples(st.sampled_from(["a", "b", None]), st.sampled_from([0.0, 1.0, None])), min_size=1))
def test_groups_add_up_to_who_counts(drawn: list[tuple[str | None, float | None]]) -> None:
    users = pl.DataFrame(
        {"region": [region for region, _ in drawn], "missed": [value for _, value in drawn]},
        schema={"region": pl.String, "missed": pl.Float64},
    ).with_columns(age=pl.lit("x"), gender=pl.lit(None, pl.String))
    found = compared(users)
    counted = sum(value is not None for _, value in drawn)
    for rows in found.partition_by("attribute"):
        assert rows["users"].sum() == counted
        assert (rows["users"] + rows["rest_users"] == counted).all()
        assert (rows["users"] * rows["value"]).sum() == pytest.approx(sum(value or 0 for _, value in drawn))


def test_what_counts_of_each_user() -> None:
    scored = pl.DataFrame(
        {"user_id": ["a", "b", "c"], "risk_tier": ["urgent", "small", "small"], "churn_probability": [0.9, 0.4, 0.2]}
    )
    ledger = pl.DataFrame(
        {"user_id": ["a", "b", "c"], "arm": ["coupon", "none", "none"], "is_holdout": [False, True, False]}
    )
    labels = pl.DataFrame({"user_id": ["a", "b", "c"], "is_churned": [True, True, False]})
    assert with_treatment(scored, ledger)["treated"].to_list() == [True, None, False]
    assert with_treatment(scored, ledger)["urgent_tier"].to_list() == [True, False, False]
    assert "treated" not in with_treatment(scored, None).columns
    errors = with_errors(scored, labels, ledger).select("user_id", "false_alarm", "missed", "overstated")
    assert errors.rows() == [("b", None, True, pytest.approx(-0.6)), ("c", False, None, pytest.approx(0.2))]
    assert with_errors(scored, labels, None).height == 3


def test_unknown_stays_unknown() -> None:
    users = pl.DataFrame(
        {"user_id": ["a", "b", "c"], "age_years": [24, 55, None], "is_female": [1, 0, None], "region": ["x", None, "y"]}
    )
    found = with_groups(users).select("age", "gender", "region").rows()
    assert found == [("under 25", "female", "x"), ("55 and more", "not female", None), (None, None, "y")]


def test_users_are_compared_by_protected_extra_columns_too() -> None:
    extra = [
        ExtraColumn(name="extra_club", table="users", kind="category", values=("Gold", "tin"), protected=True),
        ExtraColumn(name="extra_income", table="users", kind="number", protected=True),
        ExtraColumn(name="extra_store", table="orders", kind="category", values=("a", "b"), aggregates=("share",),
                    protected=True),
        ExtraColumn(name="extra_seen", table="users", kind="number"),
    ]  # fmt: skip
    known = people(6).select("user_id", "region", "treated").with_columns(
        age_years=30, is_female=1, extra_seen=1.0,
        extra_club_gold=pl.Series([1, 0, 0, None, 1, 0]), extra_club_tin=pl.Series([0, 1, 0, None, 0, 1]),
        extra_income=pl.Series([1.0, 2.0, 3.0, None, 4.0, 5.0]),
        extra_store_a_share=pl.Series([1.0, 0.2, 0.0, None, 0.5, 0.0]),
        extra_store_b_share=pl.Series([0.0, 0.8, 0.0, None, 0.5, 1.0]),
    )  # fmt: skip
    assert attributes_of(extra) == ("age", "gender", "region", "extra_club", "extra_income", "extra_store")
    grouped = with_groups(known, extra)
    assert grouped["extra_club"].to_list() == ["Gold", "tin", "other", None, "Gold", "tin"]
    assert grouped["extra_store"].to_list() == ["a", "b", "other", None, "a", "b"]
    low, middle, high = "lowest third", "middle third", "highest third"
    assert grouped["extra_income"].to_list() == [low, low, middle, None, high, high]
    found = GroupFairness.validate(
        group_fairness(grouped, scored=DAY, snapshot=LATER, tolerance=0.1, attributes=attributes_of(extra))
    )
    assert set(found.filter(attribute="extra_club")["group"]) == {"Gold", "tin", "other", "unknown"}
