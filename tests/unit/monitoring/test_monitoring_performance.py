from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import polars as pl
import pytest
from polars.testing import assert_frame_equal
from sklearn.metrics import average_precision_score, brier_score_loss, log_loss, roc_auc_score

from churn_assets.contracts.model_performance import ModelPerformance
from churn_assets.monitoring.performance import empty_performance, performance

SCORED_ON = date(2025, 5, 5)
MATURE = date(2025, 6, 2)
USERS = 400


def scored_users(day: date = SCORED_ON) -> pl.DataFrame:
    probability = np.random.default_rng(day.toordinal()).uniform(0.05, 0.95, USERS)
    eligible = pl.DataFrame(
        {
            "user_id": [f"u{number:03d}" for number in range(USERS)],
            "status": ["eligible"] * USERS,
            "churn_probability": probability,
        }
    )
    lapsed = pl.DataFrame(
        {"user_id": ["gone"], "status": ["lapsed"], "churn_probability": [None]}, schema=eligible.schema
    )
    return pl.concat([eligible, lapsed]).with_columns(snapshot_date=pl.lit(day), model_version=pl.lit("m1"))


def churn_labels(scored: pl.DataFrame) -> pl.DataFrame:
    """Labels drawn with the stated probabilities, matured 28 days after the snapshot."""
    drawn = np.random.default_rng(1).uniform(size=scored.height)
    return scored.select(
        "user_id",
        "snapshot_date",
        is_churned=pl.Series(drawn) < pl.col("churn_probability").fill_null(1),
        matures_at=pl.col("snapshot_date").cast(pl.Datetime("us")) + timedelta(days=28),
    )


def decision_ledger(scored: pl.DataFrame) -> pl.DataFrame:
    arm = pl.when(pl.col("churn_probability") > 0.7).then(pl.lit("coupon")).otherwise(pl.lit("none"))
    return scored.filter(pl.col("status") == "eligible").select("user_id", "snapshot_date", arm=arm)


def test_metrics_are_those_of_the_eligible_users() -> None:
    scored = scored_users()
    labels = churn_labels(scored)

    row = performance(scored, labels, snapshot=MATURE, seed=7).row(0, named=True)

    y, p = labels.head(USERS).get_column("is_churned").to_numpy(), scored.head(USERS).get_column("churn_probability")
    assert (row["users"], row["churners"], row["population"], row["model_version"]) == (USERS, y.sum(), "all", "m1")
    assert (row["snapshot_date"], row["measured_at"].date(), row["matures_at"].date()) == (SCORED_ON, MATURE, MATURE)
    assert row["auc"] == pytest.approx(roc_auc_score(y, p))
    assert row["average_precision"] == pytest.approx(average_precision_score(y, p))
    assert row["log_loss"] == pytest.approx(log_loss(y, p))
    assert row["brier"] == pytest.approx(brier_score_loss(y, p))
    assert 0 < row["ece"] < 0.1
    assert 1 < row["lift_10"] <= USERS / y.sum()


def test_users_acted_upon_are_left_out_of_the_second_population() -> None:
    scored = scored_users()
    ledger = decision_ledger(scored)

    rows = performance(scored, churn_labels(scored), snapshot=MATURE, seed=7, ledger=ledger)

    untreated = ledger.filter(pl.col("arm") == "none").height
    assert rows.select("population", "users").rows() == [("all", USERS), ("untreated", untreated)]
    assert rows.item(0, "auc") > rows.item(
        1, "auc"
    )  # the riskiest were treated, which narrows the range of what is left


def test_several_snapshots_are_measured_apart_in_any_order_of_rows() -> None:
    scored = pl.concat([scored_users(), scored_users(date(2025, 4, 28))])
    labels = churn_labels(scored)

    rows = performance(scored, labels, snapshot=MATURE, seed=7, ledger=decision_ledger(scored))

    assert rows.select("snapshot_date", "population").rows() == [
        (day, population) for day in (date(2025, 4, 28), SCORED_ON) for population in ("all", "untreated")
    ]
    assert set(rows.filter(pl.col("population") == "all").get_column("users")) == {USERS}
    shuffled = (frame.sample(fraction=1, shuffle=True, seed=3) for frame in (scored, labels))
    again = performance(*shuffled, snapshot=MATURE, seed=7, ledger=decision_ledger(scored).reverse())
    assert_frame_equal(again, rows)


def test_one_outcome_only_gives_counts_without_metrics() -> None:
    scored = scored_users()
    everyone = churn_labels(scored).with_columns(is_churned=pl.lit(value=True))

    row = performance(scored, everyone, snapshot=MATURE, seed=7).row(0, named=True)

    assert (row["users"], row["churners"]) == (USERS, USERS)
    assert {row[metric] for metric in ("auc", "average_precision", "log_loss", "brier", "ece", "lift_10")} == {None}


def test_nobody_left_untreated_is_a_row_of_zero_users() -> None:
    scored = scored_users()
    ledger = decision_ledger(scored).with_columns(arm=pl.lit("coupon"))

    rows = performance(scored, churn_labels(scored), snapshot=MATURE, seed=7, ledger=ledger)

    assert rows.select("population", "users", "churners", "auc").row(1) == ("untreated", 0, 0, None)


def test_labels_that_have_not_matured_are_refused() -> None:
    scored = scored_users()

    with pytest.raises(
        ValueError, match=r"churn_labels: 400 labels of snapshot_date 2025-05-05 are not matured at 2025-06-01"
    ):
        performance(scored, churn_labels(scored), snapshot=date(2025, 6, 1), seed=7)


def test_a_null_label_is_refused() -> None:
    scored = scored_users()
    labels = churn_labels(scored).with_columns(
        is_churned=pl.when(pl.col("user_id") == "u001").then(None).otherwise("is_churned")
    )

    with pytest.raises(ValueError, match="churn_labels: 1 labels of snapshot_date 2025-05-05 are not matured"):
        performance(scored, labels, snapshot=MATURE, seed=7)


def test_a_missing_label_is_refused() -> None:
    scored = scored_users()

    with pytest.raises(
        ValueError, match="churn_labels: no row for 3 eligible users scored at snapshot_date 2025-05-05"
    ):
        performance(scored, churn_labels(scored).slice(3), snapshot=MATURE, seed=7)


def test_labels_of_two_definitions_are_refused() -> None:
    scored = scored_users()
    labels = churn_labels(scored)

    with pytest.raises(ValueError, match="churn_labels: 802 rows share user_id and snapshot_date"):
        performance(scored, pl.concat([labels, labels]), snapshot=MATURE, seed=7)


def test_a_scored_user_without_decision_is_refused() -> None:
    scored = scored_users()

    with pytest.raises(ValueError, match="decision_ledger: no row for 1 eligible users"):
        performance(scored, churn_labels(scored), snapshot=MATURE, seed=7, ledger=decision_ledger(scored).slice(1))


def test_the_empty_table_keeps_the_contract() -> None:
    scored = scored_users()

    ModelPerformance.validate(empty_performance(), lazy=True)
    assert empty_performance().schema == performance(scored, churn_labels(scored), snapshot=MATURE, seed=7).schema


def test_nothing_scored_is_refused() -> None:
    scored = scored_users()

    with pytest.raises(ValueError, match="scored_users: no eligible user to measure at snapshot 2025-06-02"):
        performance(scored.filter(pl.col("status") == "lapsed"), churn_labels(scored), snapshot=MATURE, seed=7)
