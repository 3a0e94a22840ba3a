from __future__ import annotations

from datetime import datetime
from typing import Any

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from churn_assets.contracts.feature import Feature
from churn_assets.contracts.scored_users import REASON_COLUMNS, RISK_COLUMNS, ScoredUsers
from churn_assets.contracts.user_reasons import UserReasons
from churn_assets.model.artifact import ChurnModel
from churn_assets.model.reasons import grouped_contributions, top_reasons
from churn_assets.model.scoring import score
from churn_assets.model.spend import SpendModel
from churn_assets.model.training import TrainedModel
from churn_assets.settings import Scoring

SPEND = SpendModel(91, users_kept=0)
STATED: dict[str, Any] = {"horizon_days": 28, "stake": 40.0, "features_version": "f1"}
Scored = tuple[pl.DataFrame, pl.DataFrame]


@pytest.fixture(scope="module")
def model(trained: TrainedModel) -> ChurnModel:
    assert trained.model is not None
    return trained.model


@pytest.fixture(scope="module")
def scored(scoring_frame: pl.DataFrame, model: ChurnModel, features: list[Feature]) -> Scored:
    return score(scoring_frame, model, SPEND, features, Scoring(), **STATED)


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


def test_tiers_are_of_loss_and_of_usual_risk(scored: Scored) -> None:
    users = scored[0].filter(pl.col("status") == "eligible")
    p, usual, loss = (users[name] for name in ("churn_probability", "usual_probability", "value_at_risk_amount"))
    is_above = (p / (1 - p)) >= Scoring().rise_ratio * (usual / (1 - usual))
    expected = [
        "small" if lost < STATED["stake"] else "urgent" if above else "watch"
        for lost, above in zip(loss, is_above, strict=True)
    ]
    assert users["risk_tier"].to_list() == expected
    assert set(expected) == {"urgent", "watch", "small"}
    assert users.sort("risk_rank")["churn_probability"].is_sorted(descending=True)


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
    users, _ = score(twins, model, SPEND, features, Scoring(), **STATED)
    assert users.sort("risk_rank")["user_id"].to_list() == ["a", "b", "c"]


def test_the_order_of_rows_changes_nothing(
    scored: Scored, scoring_frame: pl.DataFrame, model: ChurnModel, features: list[Feature]
) -> None:
    again = score(scoring_frame.reverse(), model, SPEND, features, Scoring(), **STATED)
    assert_frame_equal(again[0], scored[0])
    assert_frame_equal(again[1], scored[1])


def test_the_three_reasons_are_those_stated_for_the_eligible(
    scored: Scored, scoring_frame: pl.DataFrame, model: ChurnModel, features: list[Feature]
) -> None:
    """How they are found is tested in test_model_reasons.py."""
    eligible = scoring_frame.filter(status="eligible").sort("user_id")
    least = Scoring().least_reason_log_odds
    expected = top_reasons(eligible, grouped_contributions(eligible, model, features, least=least))
    users = scored[0].filter(status="eligible").select("user_id", "reason_1", "reason_2", "reason_3")
    assert_frame_equal(users, expected)
    assert expected["reason_1"].n_unique() > 2


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
        score(frame, model, SPEND, features, Scoring(), **STATED)

    snapshot = scoring_frame["snapshot_date"][0]
    with pytest.raises(ValueError, match=f"scored_users at {snapshot}: there is no model"):
        attempt(scoring_frame, model=None)
    with pytest.raises(ValueError, match=r"one snapshot is scored at a time, got \[\]"):
        attempt(scoring_frame.clear())
    with pytest.raises(ValueError, match=f"status: none of 300 users is eligible at {snapshot}"):
        attempt(scoring_frame.with_columns(status=pl.lit("lapsed")))
    with pytest.raises(ValueError, match=r"features \['recency_days'\] that are not described"):
        attempt(scoring_frame, features=features[1:])
