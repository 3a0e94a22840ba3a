"""When to train again: each reason alone, with its figures, and the bounds that hold chance off."""

from __future__ import annotations

from datetime import date, datetime

import numpy as np
import polars as pl
import pytest

from churn_assets.contracts.feature_drift import FeatureDrift
from churn_assets.contracts.retrain_conditions import CONDITIONS
from churn_assets.model.calibration import ece
from churn_assets.model.comparison import COMPARISON_SCHEMA
from churn_assets.monitoring.drift import SCHEMA as DRIFT_SCHEMA
from churn_assets.monitoring.performance import SCHEMA as PERFORMANCE_SCHEMA
from churn_assets.monitoring.performance import empty_performance
from churn_assets.monitoring.retrain import retrain_reasons
from churn_assets.settings import Monitoring

SCORED, DAY = date(2026, 10, 19), date(2026, 11, 16)
LIMITS = Monitoring()


def drift(**psi: float) -> pl.DataFrame:
    about = {
        "snapshot_date": DAY, "family": "orders", "model_version": "0123456789ab", "reference_date": SCORED,
        "reference_users": 900, "users": 900, "bins": 10, "psi_critical": 0.07, "nearest_psi": 0.3,
        "usual_psi": 0.02,
        "reference_missing_share": 0.0, "missing_share": 0.0,
    }  # fmt: skip
    rows = [
        about
        | {
            "feature": name,
            "family": "score" if name == "churn_probability" else "orders",
            "psi": value,
            "is_significant": value > 0.07,
        }
        | {"level": "alarm" if value >= 0.25 else "warn" if value >= 0.1 else "none"}
        for name, value in psi.items()
    ]
    return FeatureDrift.validate(pl.DataFrame(rows, schema_overrides=DRIFT_SCHEMA).select(list(DRIFT_SCHEMA)))


def performance(*, auc: float | None = 0.78, users: int = 1_000, **ece_of: float) -> pl.DataFrame:
    about = dict.fromkeys(PERFORMANCE_SCHEMA, 0.5) | {
        "snapshot_date": SCORED, "matures_at": datetime(2026, 11, 16), "measured_at": datetime(2026, 11, 16),
        "model_version": "ba9876543210", "users": users, "churners": 300, "auc": auc, "ece": 0.01,
    }  # fmt: skip
    rows = [about | {"population": name, "ece": ece_of.get(name, 0.01)} for name in ("all", "untreated")]
    return pl.DataFrame(rows, schema=PERFORMANCE_SCHEMA)


def comparisons(rows: int = 1_000) -> pl.DataFrame:
    about = dict.fromkeys(COMPARISON_SCHEMA, 0.5) | {"snapshot_date": SCORED, "slice_date": SCORED, "churners": 300}
    shipped = about | {"rows": rows, "model": "catboost", "auc": 0.78, "auc_low": 0.76, "auc_high": 0.8}
    other = about | {"rows": rows, "model": "recency", "auc": 0.99, "auc_low": 0.98, "auc_high": 1.0}
    both = [shipped | {"is_shipped": True}, other | {"is_shipped": False}]
    return pl.DataFrame(both, schema=COMPARISON_SCHEMA)


CALM = drift(recency_days=0.2, churn_probability_before=0.01)


def reasons(
    age_days: int = 0,
    drifted: pl.DataFrame = CALM,
    measured: pl.DataFrame | None = None,
    promised: pl.DataFrame | None = None,
) -> list[str]:
    found = retrain_reasons(
        age_days,
        drifted,
        performance() if measured is None else measured,
        comparisons() if promised is None else promised,
        LIMITS,
    )
    names = [condition for condition, _ in found]
    assert names == sorted(names, key=CONDITIONS.index)
    return [reason for _, reason in found]


def test_a_fresh_model_of_calm_users_whose_scores_held_needs_none() -> None:
    assert reasons(age_days=LIMITS.max_model_age_days) == []
    assert reasons(measured=empty_performance(), promised=comparisons().clear()) == []


def test_an_old_model() -> None:
    (reason,) = reasons(age_days=92)
    assert reason == (
        "The newest labels the model learned from had matured 92 days before the snapshot, more than 91 "
        "(monitoring.max_model_age_days)."
    )


def test_drift_to_alarm_names_the_worst() -> None:
    far = {f"feature_{number}": 0.25 + number / 10 for number in range(6)}
    (reason,) = reasons(drifted=drift(recency_days=0.2, **far))
    assert reason == (
        "6 of 7 features and scores have a population stability index of 0.25 or more (monitoring.psi_alarm), where "
        "5% may (max_drifted_share): feature_5 0.75, feature_4 0.65, feature_3 0.55, feature_2 0.45, feature_1 0.35 "
        "and 1 more."
    )


def test_a_few_features_may_always_move_and_the_score_may_not() -> None:
    calm = {f"feature_{number}": 0.0 for number in range(38)}
    assert reasons(drifted=drift(first_purchase_days=9.8, days_since_contact=1.3, **calm)) == []
    assert len(reasons(drifted=drift(first_purchase_days=9.8, days_since_contact=1.3, spent=0.3, **calm))) == 1
    assert len(reasons(drifted=drift(churn_probability=0.3, **calm))) == 1


def test_scores_that_ranked_worse_than_promised() -> None:
    """0.78 less sqrt(2) times the 0.02 to the lower end: 0.752, since the matured figure varies as well."""
    assert reasons(measured=performance(auc=0.753)) == []
    (reason,) = reasons(measured=performance(auc=0.751))
    assert reason == (
        "The scores of 2026-10-19 ranked with an AUC of 0.751 over 1,000 users, below 0.752: the comparison gave 0.780 "
        "[0.760, 0.800] over 1,000."
    )


def test_many_matured_users_leave_less_room_and_few_leave_more() -> None:
    assert len(reasons(measured=performance(auc=0.755, users=1_000_000))) == 1
    assert reasons(measured=performance(auc=0.755, users=100)) == []
    assert reasons(measured=performance(auc=0.5), promised=comparisons().clear()) == []
    assert reasons(measured=performance(auc=None)) == []


def test_probabilities_that_were_off_among_users_left_alone() -> None:
    assert reasons(measured=performance(all=0.3)) == [], "an arm that works makes right probabilities look too high"
    assert reasons(measured=performance(untreated=0.08)) == []
    (reason,) = reasons(measured=performance(untreated=0.1))
    assert reason == (
        "The probabilities of 2026-10-19 were off by 0.100 on average (ECE) over 1,000 users left alone, more than "
        "0.05 (monitoring.max_ece) and the 0.040 that chance gives."
    )
    only_all = performance(all=0.1).filter(population="all")
    assert "over 1,000 users, more than" in reasons(measured=only_all)[0]


@pytest.mark.parametrize("users", [100, 1_000, 10_000])
def test_right_probabilities_stay_below_what_is_granted_to_chance(users: int) -> None:
    random = np.random.default_rng(users)
    found = []
    for _ in range(200):
        probability = random.uniform(0, 1, users)
        found.append(ece(random.random(users) < probability, probability))
    assert np.mean(found) < 0.4 * np.sqrt(10 / users)
    assert np.mean(np.array(found) > LIMITS.max_ece + 0.4 * np.sqrt(10 / users)) <= 0.01


def test_all_reasons_are_told() -> None:
    assert len(reasons(100, drift(a=0.3), performance(auc=0.6, untreated=0.2))) == 4
