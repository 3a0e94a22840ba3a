from __future__ import annotations

from datetime import datetime

import numpy as np
import polars as pl
import pytest
from polars.testing import assert_frame_equal

from churn_assets.contracts.feature import NOTHING_SHOWN, Feature
from churn_assets.contracts.scored_users import REASON_COLUMNS, RISK_COLUMNS, ScoredUsers
from churn_assets.contracts.user_reasons import UserReasons
from churn_assets.model.artifact import ChurnModel
from churn_assets.model.profit import break_even, cautious_acceptance
from churn_assets.model.scoring import score
from churn_assets.model.spend import SpendModel
from churn_assets.model.training import TrainedModel
from churn_assets.settings import Profit, Scoring
from tests.unit.model.stated import stated_in_a_plain_loop

LEAST = Scoring().least_reason_log_odds
SPEND = SpendModel(91, users_kept=0)
Scored = tuple[pl.DataFrame, pl.DataFrame]


@pytest.fixture(scope="module")
def model(trained: TrainedModel) -> ChurnModel:
    assert trained.model is not None
    return trained.model


@pytest.fixture(scope="module")
def scored(scoring_frame: pl.DataFrame, model: ChurnModel, features: list[Feature]) -> Scored:
    return score(scoring_frame, model, SPEND, features, Scoring(), Profit(), features_version="f1")


def test_both_tables_keep_their_contracts(scored: Scored) -> None:
    users, reasons = scored
    ScoredUsers.validate(users, lazy=True)
    UserReasons.validate(reasons, lazy=True)
    assert users.height == 300


def test_only_eligible_users_are_judged(scored: Scored) -> None:
    users, reasons = scored
    others = users.filter(pl.col("status") != "eligible")
    assert others.height == 30
    judged = [*RISK_COLUMNS, *REASON_COLUMNS]
    assert others.select(judged).null_count().row(0) == (30,) * len(judged)
    assert set(reasons["user_id"]).isdisjoint(others["user_id"])


def test_tiers_take_their_shares_from_the_top(scored: Scored) -> None:
    users = scored[0].filter(pl.col("status") == "eligible").sort("risk_rank")
    assert users["risk_tier"].to_list() == ["high"] * 27 + ["medium"] * 54 + ["low"] * 189
    assert users["churn_probability"].is_sorted(descending=True)


def test_value_at_risk_is_probability_times_expected_spend(scored: Scored) -> None:
    users = scored[0].filter(pl.col("status") == "eligible")
    expected = users["churn_probability"] * users["expected_spend_amount"]
    assert users["value_at_risk_amount"].to_list() == pytest.approx(expected.to_list())
    assert users["value_at_risk_amount"].min() > 0  # type: ignore[operator]


def test_logical_time_and_versions_are_stamped(scored: Scored, model: ChurnModel, scoring_frame: pl.DataFrame) -> None:
    stamps = scored[0].select("model_version", "features_version", "scored_at").unique()
    midnight = datetime.combine(scoring_frame["snapshot_date"][0], datetime.min.time())
    assert stamps.rows() == [(model.version, "f1", midnight)]


def test_equal_risks_rank_by_user(scoring_frame: pl.DataFrame, model: ChurnModel, features: list[Feature]) -> None:
    twins = pl.concat([scoring_frame.head(1)] * 3).with_columns(user_id=pl.Series(["c", "a", "b"]))
    users, _ = score(twins, model, SPEND, features, Scoring(), Profit(), features_version="f1")
    assert users.sort("risk_rank")["user_id"].to_list() == ["a", "b", "c"]


def test_the_order_of_rows_changes_nothing(
    scored: Scored, scoring_frame: pl.DataFrame, model: ChurnModel, features: list[Feature]
) -> None:
    again = score(scoring_frame.reverse(), model, SPEND, features, Scoring(), Profit(), features_version="f1")
    assert_frame_equal(again[0], scored[0])
    assert_frame_equal(again[1], scored[1])


def test_the_three_reasons_agree_with_a_plain_loop(
    scored: Scored, scoring_frame: pl.DataFrame, model: ChurnModel, features: list[Feature]
) -> None:
    described = {feature.name: feature for feature in features}
    eligible = scoring_frame.head(270)
    stated = stated_in_a_plain_loop(model.contributions(eligible), eligible, model.columns)
    users = {user["user_id"]: user for user in scored[0].iter_rows(named=True)}
    without = 0
    for i, user_id in enumerate(eligible["user_id"]):
        by_kind: dict[tuple[str, bool], float] = {}
        for name, value in zip(model.columns, stated[i], strict=True):
            key = (described[name].reason_group, described[name].is_actionable)
            by_kind[key] = by_kind.get(key, 0.0) + value
        sums: dict[str, float] = {}
        for group in {group for (group, _), value in by_kind.items() if value >= LEAST}:
            sums[group] = sum(value for (of, _), value in by_kind.items() if of == group)
        expected = sorted((name for name in sums if sums[name] >= LEAST), key=lambda name: -sums[name])[:3]
        without += not expected
        assert [users[user_id][f"reason_{r}"] for r in (1, 2, 3)] == ((expected or [NOTHING_SHOWN]) + [None] * 3)[:3]
    assert 0 < without < 135, "some have no reason, most have"


def test_bad_service_is_the_reason_where_it_was_bad(scored: Scored, scoring_frame: pl.DataFrame) -> None:
    users = scored[0].join(scoring_frame, on="user_id").filter(pl.col("status") == "eligible")
    first = users.with_columns(is_late=pl.col("late_deliveries_91d") >= 2)
    share = (
        first.group_by("is_late").agg((pl.col("reason_1") == "service").fill_null(value=False).mean()).sort("is_late")
    )
    on_time, late = share["reason_1"]
    assert late > 0.5
    assert on_time < 0.1
    kinds = dict(scored[1].select("reason_group", "kind").unique().iter_rows())
    assert kinds["service"] == "actionable"
    assert kinds["profile"] == "explanatory"


def test_what_cannot_be_scored_is_said(scoring_frame: pl.DataFrame, model: ChurnModel, features: list[Feature]) -> None:
    def attempt(frame: pl.DataFrame, model: ChurnModel | None = model, features: list[Feature] = features) -> None:
        score(frame, model, SPEND, features, Scoring(), Profit(), features_version="f1")

    snapshot = scoring_frame["snapshot_date"][0]
    with pytest.raises(ValueError, match=f"scored_users at {snapshot}: there is no model"):
        attempt(scoring_frame, model=None)
    with pytest.raises(ValueError, match=r"one snapshot is scored at a time, got \[\]"):
        attempt(scoring_frame.clear())
    with pytest.raises(ValueError, match=f"status: none of 300 users is eligible at {snapshot}"):
        attempt(scoring_frame.with_columns(status=pl.lit("lapsed")))
    with pytest.raises(ValueError, match=r"features \['recency_days'\] that are not described"):
        attempt(scoring_frame, features=features[1:])


def test_shares_of_tiers_round_up_without_float_noise(
    scoring_frame: pl.DataFrame, model: ChurnModel, features: list[Feature]
) -> None:
    users, _ = score(scoring_frame.head(10), model, SPEND, features, Scoring(), Profit(), features_version="f1")
    tiers = users["risk_tier"].value_counts(name="users").sort("risk_tier")
    assert tiers.rows() == [("high", 1), ("low", 7), ("medium", 2)]
    assert np.isfinite(users["churn_probability"].to_numpy()).all()


def test_nobody_is_high_whom_to_treat_does_not_pay(
    scoring_frame: pl.DataFrame, model: ChurnModel, features: list[Feature]
) -> None:
    everyone = Scoring(high_share=0.5, medium_share=0.5)
    dear = Profit(user_value_amount=100.0, offer_cost_amount=30.0)
    users, _ = score(scoring_frame, model, SPEND, features, everyone, dear, features_version="f1")
    pays, surely = break_even(dear), break_even(dear, cautious_acceptance(dear))
    assert 0.5 < pays < surely < 1
    lowest = users.filter(status="eligible").group_by("risk_tier").agg(pl.col("churn_probability").min())
    found = dict(lowest.iter_rows())
    assert found["low"] < pays <= found["medium"] < surely <= found["high"]
