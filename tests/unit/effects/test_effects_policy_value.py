"""Off-policy evaluation: right on average, covered by its interval, and silent where it knows too little."""

from __future__ import annotations

from datetime import date

import numpy as np
import polars as pl
import pytest

from churn_assets.effects.policy_value import policy_value

TODAY = date(2026, 3, 2)


def world(seed: int, users: int = 1_500) -> tuple[pl.DataFrame, dict[str, float]]:
    """A random side of which `value` gives coupons to those they help, `rules` to those they harm, and `learned` nobody
    anything; and what each policy is truly worth in margin to the users of the side.
    """
    rng = np.random.default_rng(seed)
    before = rng.gamma(2.0, 20.0, users)
    is_open = rng.random(users) < 0.7  # the coupon; the reminder is open to all
    effect = np.where(before > 40, 8.0, -3.0)  # of the coupon; the reminder brings 1
    choices = {
        "value": np.where((effect > 0) & is_open, "coupon", "none"),
        "rules": np.where((effect < 0) & is_open, "coupon", "none"),
        "learned": np.full(users, "none"),
    }
    chance = 1 / (2 + is_open)
    number = (rng.random(users) / chance).astype(int)
    treatment = np.array(["none", "reminder", "coupon"])[number]
    base = 0.2 * before
    gained = {"none": np.zeros(users), "reminder": np.ones(users), "coupon": effect}
    margin = base + rng.normal(0, 8, users) + np.choose(number, list(gained.values()))
    truth = {name: float(np.where(choice == "coupon", base + effect, base).mean()) for name, choice in choices.items()}
    drawn = pl.DataFrame(
        {
            "user_id": [f"u{n % 1_000}" for n in range(users)],  # some in two weeks
            "snapshot_date": [date(2026, 1, 5) if n < 1_000 else date(2026, 1, 12) for n in range(users)],
            "treatments": [["coupon", "reminder"] if is_it else ["reminder"] for is_it in is_open],
            "treatment": treatment,
            "propensity": chance,
            **choices,
            "margin_amount": margin,
            "retained": margin > 8,
            "spent_before_amount": before,
            "orders_before_count": np.ones(users, dtype=np.int64),
        }
    )
    return drawn, truth


def margins(drawn: pl.DataFrame, used: str = "learned") -> dict[str, dict[str, float | str | None]]:
    rows = policy_value(drawn, used=used, snapshot=TODAY).filter(pl.col("metric") == "margin_amount")
    return {row["policy"]: row for row in rows.iter_rows(named=True)}


def test_values_are_right_on_average_and_their_intervals_hold_them() -> None:
    names, worlds = ("value", "rules", "learned"), 200
    truth = world(1_000, users=400_000)[1]  # of all users such as these
    errors, held = {name: [] for name in names}, dict.fromkeys(names, 0)
    for seed in range(worlds):
        rows = margins(world(seed)[0])
        for name in names:
            row = rows[name]
            errors[name].append(row["value"] - truth[name])
            held[name] += row["value_low"] <= truth[name] <= row["value_high"]
    for name in names:
        bias, error = np.mean(errors[name]), np.std(errors[name]) / np.sqrt(worlds)
        assert abs(bias) < 3.5 * error, f"{name} is off by {bias:.3f} on average"
        assert 0.90 <= held[name] / worlds <= 0.99, f"{name}: {held[name]} of {worlds} intervals hold the truth"


def test_a_policy_that_helps_is_better_and_one_that_harms_is_worse() -> None:
    rows = margins(world(1, users=20_000)[0])
    assert rows["value"]["verdict"] == "better"
    assert rows["rules"]["verdict"] == "worse"
    assert rows["learned"]["verdict"] == "in use"
    assert rows["learned"]["beyond_used"] == 0
    assert rows["all:reminder"]["effect"] == pytest.approx(1.0, abs=0.5)
    assert set(rows) == {"value", "rules", "learned", "none", "all:coupon", "all:reminder"}


def test_better_than_the_policy_in_use_is_not_enough_where_one_arm_for_all_is_as_good() -> None:
    rows = margins(world(1, users=20_000)[0], used="rules")
    assert rows["none"]["beyond_used_low"] > 0
    assert rows["none"]["verdict"] == "not proven"  # a reminder to everybody earns more


def test_few_users_say_nothing() -> None:
    rows = margins(world(1, users=150)[0])
    assert {row["verdict"] for row in rows.values()} == {"too few users"}
    assert all(row["value"] is None and row["effect"] is None for row in rows.values())


def test_the_doubly_robust_value_is_more_precise_than_weighting() -> None:
    spread = {"value": [], "weighted_value": []}
    for seed in range(60):
        drawn, truth = world(seed)
        row = margins(drawn)["value"]
        for name, errors in spread.items():
            errors.append(row[name] - truth["value"])
    assert np.std(spread["value"]) < 0.8 * np.std(spread["weighted_value"])


def test_without_a_random_side_there_are_no_rows() -> None:
    drawn, _ = world(1)
    assert policy_value(drawn.clear(), used="rules", snapshot=TODAY).is_empty()
