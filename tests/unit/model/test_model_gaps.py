from __future__ import annotations

import polars as pl
import pytest

from churn_assets.contracts.feature import Feature
from churn_assets.model.gaps import feature_report, user_missing_shares

FRAME = pl.DataFrame(
    {
        "spread": [*(float(n) for n in range(18)), 1000.0, None],
        "mostly_none": [0] * 16 + [1] * 4,
        "never": pl.Series([None] * 20, dtype=pl.Float64),
    }
)
FEATURES = [Feature(name, "orders", "days", None, "rhythm", True, False, name, name) for name in FRAME.columns]


def test_both_measures_of_outliers_and_the_gaps_of_each_feature_are_told() -> None:
    rows = {row.pop("feature"): row for row in feature_report(FRAME, FEATURES).to_dicts()}
    assert rows["spread"] == {
        "family": "orders",
        "missing_share": 1 / 20,
        "beyond_iqr_share": pytest.approx(1 / 19),
        "beyond_z_share": pytest.approx(1 / 19),
        "is_spread": True,
    }
    assert rows["never"]["missing_share"] == 1
    assert rows["never"]["beyond_iqr_share"] is rows["never"]["beyond_z_share"] is None


def test_where_the_middle_half_is_one_value_the_fences_tell_nothing() -> None:
    row = feature_report(FRAME, FEATURES).filter(feature="mostly_none").to_dicts()[0]
    assert (row["is_spread"], row["beyond_iqr_share"], row["beyond_z_share"]) == (False, 0.2, 0)


def test_what_nobody_has_says_nothing_about_a_user() -> None:
    shares = user_missing_shares(FRAME, FEATURES)
    assert shares.to_list() == [0] * 19 + [0.5]
    assert user_missing_shares(FRAME.select("never"), FEATURES[2:]).to_list() == [1] * 20


def test_without_users_there_is_nothing_to_tell() -> None:
    report = feature_report(FRAME.clear(), FEATURES)
    assert report["feature"].to_list() == FRAME.columns
    assert report["beyond_iqr_share"].null_count() == 3
    assert user_missing_shares(FRAME.clear(), FEATURES).is_empty()
