from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import polars as pl
import pytest
from scipy import stats

from churn_assets.effects.pooled import PooledEffect, pooled_effect

Random = np.random.Generator


def week(
    random: Random,
    *,
    stratum: int,
    users: npt.NDArray[np.int64],
    share: float,
    draw: Callable[..., npt.NDArray[np.float64]],
) -> pl.DataFrame:
    is_treated = random.random(len(users)) < share
    before = random.normal(0, 1, len(users))
    return pl.DataFrame(
        {
            "stratum": stratum,
            "user_id": [str(user) for user in users],
            "is_treated": is_treated,
            "propensity": share,
            "value": draw(is_treated, before),
            "before": before,
        }
    )


def one_week(treated: list[float], control: list[float]) -> pl.DataFrame:
    sides = [True] * len(treated) + [False] * len(control)
    return pl.DataFrame(
        {
            "stratum": 0,
            "user_id": [str(number) for number in range(len(sides))],
            "is_treated": sides,
            "propensity": 0.5,
            "value": [*treated, *control],
        },
        schema_overrides={"value": pl.Float64},
    )


@pytest.mark.parametrize(("treated", "control", "seed"), [(5, 7, 1), (200, 30, 2), (2, 2, 3)])
def test_one_week_is_welchs_test(treated: int, control: int, seed: int) -> None:
    random = np.random.default_rng(seed)
    one, other = random.lognormal(1, 1, treated), random.lognormal(0.5, 2, control)

    result = pooled_effect(one_week(list(one), list(other)), "value")

    test = stats.ttest_ind(one, other, equal_var=False)
    interval = test.confidence_interval(0.95)
    assert result.mean == pytest.approx(one.mean())
    assert result.control_mean == pytest.approx(other.mean())
    assert (result.low, result.high, result.p_value) == pytest.approx((interval.low, interval.high, test.pvalue))


def test_weeks_with_another_level_and_another_share_do_not_become_an_effect() -> None:
    """Simpson: in the good week most are treated, in the bad one few; nothing has an effect."""
    random = np.random.default_rng(3)
    good = week(
        random, stratum=1, users=np.arange(4_000), share=0.9, draw=lambda t, _: 10 + random.normal(0, 1, len(t))
    )
    bad = week(
        random, stratum=2, users=np.arange(4_000, 8_000), share=0.1, draw=lambda t, _: random.normal(0, 1, len(t))
    )

    result = pooled_effect(pl.concat([good, bad]), "value")

    assert result.low is not None
    assert result.high is not None
    assert result.low < 0 < result.high
    assert result.high - result.low < 0.3


def test_propensities_that_differ_from_user_to_user_do_not_become_an_effect() -> None:
    """Big spenders were treated more often: by the plain means they would gain 4."""
    random = np.random.default_rng(4)
    users = 20_000
    is_big = random.random(users) < 0.5
    propensity = np.where(is_big, 0.8, 0.2)
    is_treated = random.random(users) < propensity
    rows = pl.DataFrame(
        {
            "stratum": 0,
            "user_id": [str(number) for number in range(users)],
            "is_treated": is_treated,
            "propensity": propensity,
            "value": is_big * 10.0 + is_treated * 1.0 + random.normal(0, 1, users),
        }
    )

    result = pooled_effect(rows, "value")

    assert result.effect == pytest.approx(1.0, abs=0.25)
    assert result.low is not None
    assert result.high is not None
    assert result.low < 1.0 < result.high


def coverage(effect: float, worlds: int, world: Callable[[Random], pl.DataFrame], *covariates: str) -> float:
    random = np.random.default_rng(11)
    result = [pooled_effect(world(random), "value", covariates) for _ in range(worlds)]
    return float(np.mean([(each.low or 0.0) <= effect <= (each.high or 0.0) for each in result]))


def test_the_same_users_left_alone_every_week_do_not_make_the_interval_narrow() -> None:
    """Twelve weeks of the same users, each as likely to buy in one week as in the other: without the users' own errors
    the interval would hold the truth 40 times in 100.
    """

    def world(random: Random) -> pl.DataFrame:
        level, is_treated = random.normal(0, 1, 300), random.random(300) < 0.8
        return pl.concat(
            pl.DataFrame(
                {
                    "stratum": number,
                    "user_id": [str(user) for user in range(300)],
                    "is_treated": is_treated,
                    "propensity": 0.8,
                    "value": level + random.normal(0, 0.3, 300),
                }
            )
            for number in range(12)
        )

    assert 0.92 <= coverage(0.0, 400, world) <= 0.98


def test_values_from_before_cut_the_variance_and_not_the_coverage() -> None:
    def world(random: Random) -> pl.DataFrame:
        return pl.concat(
            week(
                random,
                stratum=number,
                users=np.arange(150 * number, 150 * number + 150),
                share=0.7,
                draw=lambda t, b: 2 * b + 0.5 * t + random.normal(0, 1, len(t)),
            )
            for number in range(4)
        )

    assert 0.92 <= coverage(0.5, 400, world, "before") <= 0.98
    saved = pooled_effect(world(np.random.default_rng(1)), "value", ["before"]).variance_saved_share
    assert saved == pytest.approx(0.8, abs=0.05)  # 4 of 5 parts of the variance were there before


def test_a_covariate_that_is_constant_or_unknown_changes_nothing() -> None:
    rows = one_week([1.0, 2.0, 4.0], [0.0, 1.0, 1.0])
    plain = pooled_effect(rows, "value")
    with_them = pooled_effect(
        rows.with_columns(constant=pl.lit(3.0), unknown=pl.lit(None, pl.Float64)), "value", ["constant", "unknown"]
    )
    assert (with_them.effect, with_them.low) == (plain.effect, plain.low)


@pytest.mark.parametrize(
    ("treated", "control", "note"),
    [
        ([1.0], [1.0, 2.0], "no interval: 1 treated and 2 control users, 2 of each needed in one week"),
        ([1.0, 2.0], [], "no interval: 2 treated and 0 control users, 2 of each needed in one week"),
        ([3.0, 3.0], [1.0, 1.0], "no interval: all users of each side have the same outcome"),
    ],
)
def test_what_can_not_be_told_is_said(treated: list[float], control: list[float], note: str) -> None:
    result = pooled_effect(one_week(treated, control), "value")
    assert (result.low, result.p_value, result.notes[0]) == (None, None, note)


def test_a_value_nobody_measured_is_no_zero() -> None:
    rows = one_week([1.0, 3.0, 9.0], [1.0, 2.0]).with_columns(
        value=pl.when(pl.col("value") == 9.0).then(None).otherwise("value")
    )
    result = pooled_effect(rows, "value")
    assert (result.users, result.mean, result.notes) == (
        2, 2.0, ("1 users of weeks without both sides, or without the value, left out",),
    )  # fmt: skip


def test_one_order_of_a_thousand_times_the_mean_is_said() -> None:
    ordinary = [1.0, 2.0, 1.5] * 10
    assert pooled_effect(one_week(ordinary, ordinary), "value").notes == ()
    result = pooled_effect(one_week([*ordinary, 2_000.0], ordinary), "value")
    assert result.notes[0].startswith("one user makes")
    assert isinstance(result, PooledEffect)
