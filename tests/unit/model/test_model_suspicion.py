"""A feature that tells the outcome is found, in either direction, by its gaps too; honest ones are left alone."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from sklearn.metrics import roc_auc_score

from churn_assets.model.suspicion import FEWEST, single_aucs, too_good

RNG = np.random.default_rng(5)
CHURNED = RNG.random(600) < 0.4
RECENCY = RNG.normal(size=600) + CHURNED


def frame(**columns: object) -> pl.DataFrame:
    return pl.DataFrame({"is_churned": CHURNED, "recency_days": RECENCY, **columns})


def test_the_auc_of_a_feature_without_gaps_is_that_of_scikit_learn() -> None:
    rounded = np.round(RECENCY)
    found = single_aucs(frame(rounded=rounded, turned=-RECENCY), ["rounded", "turned", "recency_days"])
    aucs = dict(found.iter_rows())
    assert aucs["rounded"] == pytest.approx(roc_auc_score(CHURNED, rounded))
    assert aucs["turned"] == aucs["recency_days"] == pytest.approx(roc_auc_score(CHURNED, RECENCY))


@pytest.mark.parametrize(
    "leak",
    [
        CHURNED.astype(int),
        -5.0 * CHURNED + RNG.normal(size=600) / 4,
        pl.Series([None if churned else 3 for churned in CHURNED]),
        pl.Series([value if churned else None for churned, value in zip(CHURNED, RECENCY, strict=True)]),
        CHURNED,
    ],
    ids=["label", "turned round", "gaps of churners", "gaps of stayers", "flag"],
)
def test_a_feature_that_has_seen_the_outcome_is_named(leak: object) -> None:
    leaking = frame(leak=leak)
    found = too_good(leaking, single_aucs(leaking, ["leak", "recency_days"]), 0.95)
    assert found["feature"].to_list() == ["leak"]
    assert found["auc"].item() > 0.98


def test_what_recency_tells_as_well_is_no_suspicion() -> None:
    clear = pl.DataFrame({"is_churned": CHURNED, "recency_days": 3.0 * CHURNED + RNG.normal(size=600)})
    similar = clear.with_columns(orders=pl.col("recency_days") * -1.0)
    assert single_aucs(similar, ["orders"])["auc"].item() > 0.97
    assert too_good(similar, single_aucs(similar, ["orders", "recency_days"]), 0.95).is_empty()


def test_few_rows_and_one_outcome_prove_nothing() -> None:
    few = frame(leak=CHURNED).head(FEWEST)
    for rows in (few, few.with_columns(is_churned=pl.lit(value=True))):
        assert too_good(rows, single_aucs(rows, ["leak", "recency_days"]), 0.95).is_empty()
