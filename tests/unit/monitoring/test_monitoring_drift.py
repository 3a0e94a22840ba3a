"""The table feature_drift: users as they were and users who changed, in rows, and what the picture shows."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta

import numpy as np
import polars as pl
import pytest
from polars.testing import assert_frame_equal

from churn_assets.contracts.feature import Feature
from churn_assets.contracts.feature_drift import FeatureDrift
from churn_assets.monitoring.drift import feature_drift
from churn_assets.monitoring.drift_plots import drift_png
from churn_assets.settings import Monitoring

SLICE, BEFORE, DAY = date(2026, 10, 19), date(2026, 11, 9), date(2026, 11, 16)
VERSION = "0123456789ab"
NAMES = ("recency_days", "returns_91d", "rating_mean", "is_member")
FEATURES = [Feature(name, "orders", "days", None, "rhythm", True, False, name, name) for name in NAMES]


def users(day: date, number: int, seed: int, *, late: float = 1.0) -> pl.DataFrame:
    """Continuous, mostly zero, mostly unknown, a flag; `late` stretches recency."""
    random = np.random.default_rng(seed)
    rating = pl.Series(random.integers(1, 6, number).astype(float))
    return pl.DataFrame(
        {
            "recency_days": late * random.exponential(30, number),
            "returns_91d": random.poisson(0.1, number),
            "rating_mean": pl.select(pl.when(pl.lit(random.random(number)) < 0.2).then(rating)).to_series(),
            "is_member": random.random(number) < 0.3,
            "churn_probability": random.beta(2, 5, number),
        }
    ).with_columns(snapshot_date=pl.lit(day), user_id=pl.format("u{}", pl.int_range(number)))


def calm(number: int = 2_000) -> pl.DataFrame:
    """Slices 28 days apart between which nothing moved."""
    return pl.concat(users(SLICE - timedelta(days=28 * back), number, 100 + back) for back in range(8))


def drift(
    current: pl.DataFrame,
    learned: pl.DataFrame,
    before: pl.DataFrame | None = None,
    earlier: pl.DataFrame | None = None,
    features: Sequence[Feature] = FEATURES,
) -> pl.DataFrame:
    past = calm() if earlier is None else earlier
    history = pl.concat([past, current], how="diagonal_relaxed")
    found = feature_drift(current, learned, history, before, features, model_version=VERSION, settings=Monitoring())
    return FeatureDrift.validate(found, lazy=True)


def levels(frame: pl.DataFrame) -> dict[str, str]:
    return dict(frame.select("feature", "level").iter_rows())


def test_a_row_per_feature_and_one_for_the_score() -> None:
    frame = drift(users(DAY, 1_200, 1), users(SLICE, 1_000, 2), users(BEFORE, 1_100, 3))
    assert sorted(frame["feature"]) == sorted([*NAMES, "churn_probability"])
    rows = {row["feature"]: row for row in frame.iter_rows(named=True)}
    score, rating = rows["churn_probability"], rows["rating_mean"]
    assert (score["family"], score["reference_date"], score["reference_users"], score["users"]) == (
        "score", BEFORE, 1_100, 1_200,
    )  # fmt: skip
    assert (rating["family"], rating["reference_date"], rating["reference_users"]) == ("orders", SLICE, 1_000)
    assert rating["missing_share"] == pytest.approx(0.8, abs=0.05)
    assert rows["recency_days"]["bins"] == 10
    assert rows["is_member"]["bins"] == 2
    assert frame["psi"].is_sorted(descending=True)


def test_without_an_earlier_scored_snapshot_the_score_has_no_row() -> None:
    assert sorted(drift(users(DAY, 500, 1), users(SLICE, 500, 2))["feature"]) == sorted(NAMES)


def test_the_order_of_users_does_not_matter() -> None:
    current, learned = users(DAY, 800, 1), users(SLICE, 900, 2)
    assert_frame_equal(drift(current.reverse(), learned.sample(fraction=1, shuffle=True)), drift(current, learned))


@pytest.mark.parametrize("number", [200, 1_000, 100_000, 1_000_000])
def test_users_as_they_were_have_not_drifted_and_users_who_buy_later_have(number: int) -> None:
    learned = users(SLICE, number, 2)
    same = drift(users(DAY, number, 1), learned, users(BEFORE, number, 3))
    assert set(same["level"]) == {"none"}
    assert not same["is_significant"].any()

    later = drift(users(DAY, number, 1, late=3.0), learned, users(BEFORE, number, 3))

    assert levels(later) == levels(same) | {"recency_days": "alarm"}
    assert later["feature"][0] == "recency_days"


def test_in_a_large_shop_a_trifle_is_beyond_chance_and_no_drift() -> None:
    row = drift(users(DAY, 100_000, 1, late=1.1), users(SLICE, 100_000, 2)).row(0, named=True)
    assert (row["feature"], row["is_significant"], row["level"]) == ("recency_days", True, "none")
    assert row["psi_critical"] < row["psi"] < 0.1


def test_in_a_small_shop_a_large_index_may_be_chance() -> None:
    frame = drift(users(DAY, 30, 8, late=1.5), users(SLICE, 30, 2))
    row = frame.row(0, named=True)
    assert (row["is_significant"], row["level"]) == (False, "none")
    assert 0.1 < row["psi"] < row["psi_critical"]


def test_between_the_limits_it_is_a_warning() -> None:
    assert levels(drift(users(DAY, 20_000, 1, late=1.6), users(SLICE, 20_000, 2)))["recency_days"] == "warn"


def test_a_source_that_fell_silent_is_a_drift_of_what_is_unknown() -> None:
    silent = users(DAY, 2_000, 1).with_columns(returns_91d=pl.lit(None, pl.Int64))
    row = drift(silent, users(SLICE, 2_000, 2)).row(0, named=True)
    assert (row["feature"], row["level"]) == ("returns_91d", "alarm")
    assert (row["reference_missing_share"], row["missing_share"]) == (0.0, 1.0)


def test_more_rows_share_the_same_false_alarms() -> None:
    current, learned = users(DAY, 1_000, 1), users(SLICE, 1_000, 2)
    alone = drift(current, learned, features=FEATURES[:1])
    of_four = drift(current, learned).filter(feature="recency_days")
    assert of_four["psi"][0] == alone["psi"][0]
    assert of_four["psi_critical"][0] > alone["psi_critical"][0]


def test_what_a_feature_does_every_month_is_no_drift() -> None:
    """Days counted from a fixed day, a season: each snapshot is as far from all before it as this one is."""
    stretched = pl.concat(
        users(SLICE - timedelta(days=28 * back), 2_000, 100 + back, late=2.5**-back) for back in range(8)
    )
    current, learned = users(DAY, 2_000, 1, late=2.5), users(SLICE, 2_000, 2)
    moved = drift(current, learned, earlier=stretched).row(0, named=True)
    assert (moved["feature"], moved["is_significant"], moved["level"]) == ("recency_days", True, "none")
    assert 0.25 < moved["nearest_psi"] < 2 * moved["usual_psi"]
    assert levels(drift(current, learned))["recency_days"] == "alarm", "in a shop that is calm otherwise"
    silent = current.with_columns(recency_days=pl.col("recency_days") * 1_000)
    assert levels(drift(silent, learned, earlier=stretched))["recency_days"] == "alarm", "a unit that changed"


def every_second_week(weeks: int) -> pl.DataFrame:
    """Snapshots before DAY: a mailing every second week, DAY's among them, none in the week of SLICE."""
    days = [(DAY - timedelta(weeks=back), 3.0 if back % 2 == 0 else 1.0) for back in range(1, weeks + 1)]
    return pl.concat(users(day, 2_000, 300 + place, late=late) for place, (day, late) in enumerate(days))


def test_what_comes_every_second_week_is_no_drift_whichever_week_was_learned_from() -> None:
    current, learned = users(DAY, 2_000, 1, late=3.0), users(SLICE, 2_000, 2)
    mailed = drift(current, learned, earlier=every_second_week(8)).row(0, named=True)
    assert (mailed["feature"], mailed["is_significant"], mailed["level"]) == ("recency_days", True, "none")
    assert mailed["psi"] > 0.25
    assert mailed["nearest_psi"] < 0.1
    both = users(DAY, 2_000, 1, late=9.0)
    assert levels(drift(both, learned, earlier=every_second_week(8)))["recency_days"] == "alarm", "a mailing to more"


def test_news_of_last_week_is_none_any_more() -> None:
    current, learned = users(DAY, 2_000, 1, late=3.0), users(SLICE, 2_000, 2)
    since_last_week = pl.concat([calm(), users(BEFORE, 2_000, 4, late=3.0)])
    assert levels(drift(current, learned, earlier=since_last_week))["recency_days"] == "none"


def test_scores_are_news_like_features() -> None:
    """Of one model: a level that the shop had at an earlier snapshot is no news, although the week before was lower."""
    learned, before = users(SLICE, 2_000, 2), users(BEFORE, 2_000, 3)
    risky = users(DAY, 2_000, 1).with_columns(churn_probability=pl.col("churn_probability").sqrt())
    assert levels(drift(risky, learned, before))["churn_probability"] == "alarm"
    seen = pl.concat([calm(), risky.with_columns(snapshot_date=pl.lit(SLICE - timedelta(days=7)))])
    frame = drift(risky, learned, before, earlier=seen)
    row = frame.filter(feature="churn_probability").row(0, named=True)
    assert (row["is_significant"], row["level"]) == (True, "none")


def test_later_snapshots_do_not_count() -> None:
    current, learned = users(DAY, 2_000, 1, late=3.0), users(SLICE, 2_000, 2)
    with_later = pl.concat([calm(), users(DAY + timedelta(days=7), 2_000, 4, late=3.0)])
    assert_frame_equal(drift(current, learned, earlier=with_later), drift(current, learned))


def test_a_shop_with_too_few_snapshots_has_no_usual_and_no_drift() -> None:
    later, learned = users(DAY, 2_000, 1, late=3.0), users(SLICE, 2_000, 2)
    young = drift(later, learned, earlier=calm().filter(pl.col("snapshot_date") > SLICE - timedelta(days=28 * 6)))
    row = young.row(0, named=True)
    assert (row["nearest_psi"], row["usual_psi"], row["is_significant"], row["level"]) == (None, None, True, "none")
    known = drift(later, learned, earlier=calm().filter(pl.col("snapshot_date") > SLICE - timedelta(days=28 * 7)))
    assert levels(known)["recency_days"] == "alarm", "seven are enough"


def test_several_slices_are_refused_and_a_missing_feature_is_named() -> None:
    current, learned = users(DAY, 100, 1), users(SLICE, 100, 2)
    with pytest.raises(ValueError, match=r"users of one snapshot .* 2026-09-21.*2026-10-19"):
        drift(current, pl.concat([learned, users(date(2026, 9, 21), 100, 4)]))
    with pytest.raises(ValueError, match="of one snapshot"):
        drift(current, learned.clear())
    with pytest.raises(ValueError, match="is_member"):
        drift(current.drop("is_member"), learned)


def test_the_picture_is_small_and_follows_the_table() -> None:
    frame = drift(users(DAY, 1_000, 1), users(SLICE, 1_000, 2))
    picture = drift_png(frame, warn=0.1, alarm=0.25)
    assert picture.startswith(b"\x89PNG")
    assert len(picture) < 60_000
    assert picture == drift_png(frame.reverse(), warn=0.1, alarm=0.25)
    assert picture != drift_png(frame.with_columns(pl.col("psi") * 2), warn=0.1, alarm=0.25)
    with pytest.raises(ValueError, match="feature_drift is empty"):
        drift_png(frame.clear(), warn=0.1, alarm=0.25)
