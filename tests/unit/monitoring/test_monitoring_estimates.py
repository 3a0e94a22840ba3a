"""An estimate without labels is right where probabilities are, as often as its interval says, and wrong where not."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime

import numpy as np
import pandera.errors
import polars as pl
import pytest
from scipy.special import expit, logit
from sklearn.metrics import brier_score_loss, log_loss, roc_auc_score

from churn_assets.contracts.performance_estimates import METRICS, PerformanceEstimates
from churn_assets.model.levels import LevelUncertainty
from churn_assets.monitoring.estimates import performance_estimates

DAY = date(2026, 11, 16)
NONE = LevelUncertainty(0.0, 0.0, 4, season_is_known=True)
LEVEL, SLOPE = (LevelUncertainty(*both, 4, season_is_known=True) for both in ((0.25, 0.0), (0.0, 0.3)))


def scored(number: int, seed: int) -> tuple[pl.DataFrame, np.random.Generator]:
    random = np.random.default_rng(seed)
    p = expit(random.normal(0, 1.2, number))
    return pl.DataFrame(
        {
            "user_id": [f"u{i:06}" for i in range(number)],
            "model_version": ["0123456789ab"] * number,
            "churn_probability": p,
            "risk_tier": np.where(p > np.quantile(p, 0.9), "urgent", "small"),
        }
    ), random


def table(users: pl.DataFrame, uncertainty: LevelUncertainty = NONE) -> pl.DataFrame:
    return performance_estimates(users, snapshot=DAY, window_days=28, uncertainty=uncertainty, seed=1)


def estimated(users: pl.DataFrame, uncertainty: LevelUncertainty = NONE) -> dict[str, tuple[float, float, float]]:
    frame = PerformanceEstimates.validate(table(users, uncertainty))
    assert frame["matures_at"].to_list() == [datetime(2026, 12, 14)] * len(METRICS)
    rows = frame.select("metric", "estimate", "estimate_low", "estimate_high").rows()
    return {metric: (estimate, low, high) for metric, estimate, low, high in rows}


def found(users: pl.DataFrame, y: np.ndarray) -> dict[str, float]:
    p, urgent = users["churn_probability"].to_numpy(), (users["risk_tier"] == "urgent").to_numpy()
    return {
        "auc": roc_auc_score(y, p), "brier": brier_score_loss(y, p), "log_loss": log_loss(y, p),
        "churned_share": y.mean(), "urgent_tier_precision": y[urgent].mean(),
    }  # fmt: skip


def test_the_truth_is_inside_as_often_as_the_interval_says() -> None:
    inside = dict.fromkeys(METRICS, 0)
    for seed in range(60):
        users, random = scored(1_500, seed)
        truth = found(users, random.random(users.height) < users["churn_probability"].to_numpy())
        for metric, (_, low, high) in estimated(users).items():
            inside[metric] += low <= truth[metric] <= high
    assert all(52 <= count <= 60 for count in inside.values()), inside


def churned_shares(users: pl.DataFrame, random: np.random.Generator, times: int) -> np.ndarray:
    """Shares that churn where the level of all users has moved by chance since the newest labels."""
    p = users["churn_probability"].to_numpy()
    levels = random.standard_t(LEVEL.degrees_of_freedom, times) * LEVEL.level_sd
    q = expit(logit(p) + levels[:, None])
    return (random.random(q.shape) < q).mean(axis=1)


def test_a_level_that_may_have_moved_is_in_the_interval_as_often_as_that_says() -> None:
    """1,000 moves of the level, and 95 % of the shares that churned lie inside; a fifth do where nothing may move."""
    users, random = scored(4_000, 7)
    truth = churned_shares(users, random, 1_000)
    estimate, low, high = estimated(users, LEVEL)["churned_share"]
    assert ((low <= truth) & (truth <= high)).mean() == pytest.approx(0.95, abs=0.02)
    assert (truth < low).mean() == pytest.approx((truth > high).mean(), abs=0.02)
    _, calm_low, calm_high = estimated(users)["churned_share"]
    assert ((calm_low <= truth) & (truth <= calm_high)).mean() < 0.35
    assert estimate == pytest.approx(truth.mean(), abs=0.01)


@pytest.mark.parametrize("uncertainty", [LEVEL, SLOPE])
def test_what_may_have_moved_widens_intervals_and_leaves_the_estimate_alone(uncertainty: LevelUncertainty) -> None:
    users = scored(4_000, 7)[0]
    calm, moved = estimated(users), estimated(users, uncertainty)
    assert {metric: moved[metric][0] for metric in METRICS} == {metric: calm[metric][0] for metric in METRICS}
    wider = {metric: (moved[metric][2] - moved[metric][1]) / (calm[metric][2] - calm[metric][1]) for metric in METRICS}
    of_level, of_slope = ("churned_share", "urgent_tier_precision"), ("auc", "log_loss", "brier")
    assert min(wider[metric] for metric in (of_level if uncertainty is LEVEL else of_slope)) > 1.5, wider
    assert min(wider.values()) > 0.85, wider


@pytest.mark.parametrize("is_known", [True, False])
def test_whether_the_season_was_seen_is_in_every_row(is_known: bool) -> None:
    frame = table(scored(300, 5)[0], replace(LEVEL, season_is_known=is_known))
    assert frame["season_is_known"].to_list() == [is_known] * len(METRICS)


def test_wrong_probabilities_give_a_wrong_estimate() -> None:
    users, random = scored(5_000, 3)
    moved = expit(logit(users["churn_probability"].to_numpy()) - 1)
    truth = found(users, random.random(users.height) < moved)
    _, low, _ = estimated(users)["churned_share"]
    assert truth["churned_share"] < low - 0.1


def test_the_same_for_any_order_of_rows() -> None:
    users, _ = scored(500, 5)
    assert estimated(users.reverse()) == estimated(users)


def test_without_a_urgent_tier_its_precision_is_not_estimated() -> None:
    users = scored(500, 5)[0].with_columns(risk_tier=pl.lit("small"))
    frame = table(users)
    assert frame["metric"].to_list() == list(METRICS[:-1])


@pytest.mark.parametrize(
    ("column", "value", "rule"),
    [
        ("model_version", "x", "str_matches"),
        ("method", "guess", "equal_to"),
        ("metric", "lift", "isin"),
        ("metric", "brier", "multiple_fields_uniqueness"),
        ("users", 0, "greater_than_or_equal_to(1)"),
        ("estimate", float("inf"), "in_range(0"),
        ("estimate_low", -0.1, "in_range(0"),
        ("estimate_high", float("inf"), "in_range(0"),
        ("estimate_high", 0.1, "intervals_are_ordered"),
        ("matures_at", datetime(2026, 11, 16), "matures_after_the_snapshot"),
    ],
)
def test_a_bad_value_is_refused_by_its_rule(column: str, value: object, rule: str) -> None:
    good = table(scored(500, 5)[0])
    values = [value, *good[column][1:]]
    with pytest.raises(pandera.errors.SchemaErrors) as told:
        PerformanceEstimates.validate(
            good.with_columns(pl.Series(column, values, dtype=good.schema[column])), lazy=True
        )
    assert any(check.startswith(rule) for check in told.value.failure_cases["check"])
