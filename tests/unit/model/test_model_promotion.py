from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta

import numpy as np
import polars as pl
import pytest
from scipy.special import expit, logit

from churn_assets.model.artifact import ChurnModel
from churn_assets.model.boosting import fit_boosting
from churn_assets.model.calibration import Calibrator, ece
from churn_assets.model.gate import Gate
from churn_assets.model.promotion import Champion, Promotion, decide_promotion
from churn_assets.model.rfm import LogisticRfm, fit_rfm
from churn_assets.model.training import TrainedModel
from churn_assets.settings import Training

DAY = date(2026, 11, 16)
SLICE = DAY - timedelta(days=28)
OLD = DAY - timedelta(days=84)
SETTINGS = Training()
GATE = Gate("full", (), is_comparable=True)


def users(number: int = 4_000, *, seed: int = 3, slices: Sequence[date] = (SLICE,)) -> pl.DataFrame:
    """Leaving depends on `signal` (seen by good models) and on recency."""
    random = np.random.default_rng(seed)
    parts = []
    for day in slices:
        recency, signal = random.uniform(0, 100, number), random.normal(5, 1, number).clip(0)
        churned = random.random(number) < expit(recency / 40 - 1.2 + 1.5 * (signal - 5))
        parts.append(pl.DataFrame({
            "user_id": [f"u{i:05}" for i in range(number)], "snapshot_date": [day] * number,
            "matures_at": [datetime.combine(day, datetime.min.time()) + timedelta(days=28)] * number,
            "is_churned": churned, "recency_days": recency, "signal": signal,
            "orders_count": random.integers(1, 4, number), "tenure_days": random.uniform(1, 700, number),
            "spent_amount": random.uniform(1, 90, number),
        }))  # fmt: skip
    return pl.concat(parts)


def model(columns: Sequence[str], made: date, *, seed: int = 9) -> ChurnModel:
    rows = users(seed=seed, slices=(made - timedelta(days=28),))
    return ChurnModel(fit_rfm(rows, columns), Calibrator(), (made - timedelta(days=28),), 0, 28)


def trained(challenger: ChurnModel, frame: pl.DataFrame, **baselines: ChurnModel) -> TrainedModel:
    """Out of time, the challenger and baselines; logistic_rfm is the challenger itself where no other is named."""
    newest = frame.filter(snapshot_date=SLICE).sort("user_id")
    contenders = {challenger.kind: challenger, "logistic_rfm": challenger} | baselines
    raw = {name: expit(contender.fitted.log_odds(newest)) for name, contender in contenders.items()}
    out_of_time = newest.select("user_id", "is_churned").with_columns(pl.Series(k, v) for k, v in raw.items())
    return TrainedModel(challenger, pl.DataFrame(), out_of_time, GATE, "logistic_rfm shipped: it has won.", ())


BAD, GOOD = ("recency_days",), ("recency_days", "signal")


def decide(
    champion: Champion | None, challenger: ChurnModel, *, settings: Training = SETTINGS, is_forced: bool = False
) -> Promotion:
    frame = users()
    return decide_promotion(
        trained(challenger, frame), frame, champion,
        snapshot=DAY, definition="inactivity", settings=settings, is_forced=is_forced,
    )  # fmt: skip


def test_without_a_champion_the_first_model_takes_office() -> None:
    challenger = model(BAD, DAY)
    found = decide(None, challenger)
    assert (found.decision, found.snapshot, found.model) == ("first", DAY, challenger)
    assert "it has won" in found.reason


def test_a_better_model_takes_over_with_its_proof() -> None:
    challenger = model(GOOD, DAY)
    found = decide(Champion(OLD, model(BAD, OLD), "inactivity"), challenger)
    assert (found.decision, found.snapshot, found.model) == ("promoted", DAY, challenger)
    assert found.figures is not None
    assert 0 < found.figures.gain.low < found.figures.gain.mean < found.figures.gain.high
    assert str(found.figures.gain) in found.reason
    assert found.figures.slice_date == SLICE


def test_an_equal_model_does_not_take_over() -> None:
    found = decide(Champion(OLD, model(GOOD, OLD), "inactivity"), model(GOOD, DAY, seed=5))
    assert (found.decision, found.snapshot) == ("kept", OLD)
    assert "no proven win of the challenger over the champion" in found.reason


@pytest.mark.parametrize("age_days", [27, 28])
def test_an_old_champion_is_renewed_by_one_that_is_no_worse(age_days: int) -> None:
    champion, challenger, frame = model(GOOD, OLD), model(GOOD, DAY), users()
    assert champion.age_days(DAY) == 84
    kept = decide_promotion(
        trained(challenger, frame), frame, Champion(OLD, champion, "inactivity"),
        snapshot=DAY, definition="inactivity", settings=SETTINGS, max_age_days=56 + age_days,
    )  # fmt: skip
    assert kept.decision == ("renewed" if age_days == 27 else "kept")
    assert ("84 days before (monitoring.max_model_age_days 83)" in kept.reason) == (age_days == 27)


def test_a_champion_that_sees_what_is_protected_by_now_is_replaced_whoever_chose_it() -> None:
    frame, champion, challenger = users(), Champion(OLD, model(GOOD, OLD), "inactivity"), model(BAD, DAY)
    found = decide_promotion(
        trained(challenger, frame), frame, champion, snapshot=DAY, definition="inactivity", settings=SETTINGS,
        is_forced=True, withheld=["signal", "age_years"],
    )  # fmt: skip
    assert (found.decision, found.snapshot, found.model) == ("replaced", DAY, challenger)
    assert found.reason == f"The champion of {OLD} sees features that are protected by now: signal."


def test_an_old_champion_stays_where_the_new_one_is_worse() -> None:
    frame = users()
    found = decide_promotion(
        trained(model(BAD, DAY), frame), frame, Champion(OLD, model(GOOD, OLD), "inactivity"),
        snapshot=DAY, definition="inactivity", settings=SETTINGS, max_age_days=1,
    )  # fmt: skip
    assert found.decision == "kept"


def test_a_worse_model_names_the_segments_it_harms() -> None:
    found = decide(Champion(OLD, model(GOOD, OLD), "inactivity"), model(BAD, DAY))
    assert found.decision == "kept"
    assert "worse in the segment" in found.reason


@pytest.mark.parametrize(
    ("baselines", "decision"),
    [
        ({"logistic_rfm": GOOD}, "kept"),
        ({"logistic_rfm": BAD}, "promoted"),
        ({"logistic_rfm": BAD, "logistic": GOOD}, "kept"),
        ({"logistic_rfm": GOOD, "logistic": BAD}, "promoted"),
    ],
)
def test_no_win_over_the_baseline_no_promotion(baselines: dict[str, Sequence[str]], decision: str) -> None:
    """Trees that beat the champion but not a logistic regression, that on all features where there is one."""
    frame, history = users(), users(seed=9, slices=(DAY - timedelta(days=28),))
    trees = fit_boosting(history, GOOD, SETTINGS.model_copy(update={"iterations": 20}))
    challenger = ChurnModel(trees, Calibrator(), (SLICE,), 0, 28)
    found = decide_promotion(
        trained(challenger, frame, **{name: model(columns, DAY) for name, columns in baselines.items()}),
        frame, Champion(OLD, model(BAD, OLD), "inactivity"),
        snapshot=DAY, definition="inactivity", settings=SETTINGS,
    )  # fmt: skip
    assert found.decision == decision
    assert ("over the logistic regression" in found.reason) == (decision == "kept")
    assert "over the champion" not in found.reason
    assert found.figures is not None
    assert found.figures.gain_over_baseline is not None
    assert (found.figures.gain_over_baseline.low > 0) == (decision == "promoted")


def test_badly_calibrated_models_are_not_promoted() -> None:
    strict = SETTINGS.model_copy(update={"max_ece": 0.0001})
    found = decide(Champion(OLD, model(BAD, OLD), "inactivity"), model(GOOD, DAY), settings=strict)
    assert found.decision == "kept"
    assert "above training.max_ece 0.0001" in found.reason


def test_a_winner_waits_where_people_approve() -> None:
    settings = SETTINGS.model_copy(update={"promotion": "approved"})
    found = decide(Champion(OLD, model(BAD, OLD), "inactivity"), model(GOOD, DAY), settings=settings)
    assert (found.decision, found.snapshot) == ("proposed", OLD)
    assert f"churn promote {DAY}" in found.reason


@pytest.mark.parametrize("made", [DAY - timedelta(days=7), DAY - timedelta(days=21)])
def test_a_champion_that_has_seen_the_outcome_is_not_tested(made: date) -> None:
    champion = replace(model(BAD, DAY), slices=(made - timedelta(days=28),))
    found = decide(Champion(made, champion, "inactivity"), model(GOOD, DAY))
    assert (found.decision, found.snapshot, found.figures) == ("kept", made, None)
    assert "did not learn from" in found.reason


def test_the_boundary_of_honesty_is_the_end_of_the_label_window() -> None:
    champion = replace(model(BAD, OLD), slices=(SLICE - timedelta(days=28),))
    assert decide(Champion(SLICE, champion, "inactivity"), model(GOOD, DAY)).decision == "promoted"
    younger = replace(champion, slices=(SLICE - timedelta(days=27),))
    assert decide(Champion(SLICE, younger, "inactivity"), model(GOOD, DAY)).decision == "kept"


def test_a_person_overrules_the_gate() -> None:
    found = decide(Champion(OLD, model(BAD, OLD), "inactivity"), model(GOOD, DAY), is_forced=True)
    assert (found.decision, found.snapshot) == ("by_person", OLD)


def test_a_champion_of_another_label_is_replaced() -> None:
    found = decide(Champion(OLD, model(GOOD, OLD), "own_rhythm"), model(BAD, DAY))
    assert (found.decision, found.snapshot) == ("replaced", DAY)
    assert "predicts another label" in found.reason


def test_a_champion_that_needs_lost_features_is_replaced_and_they_are_named() -> None:
    frame = users().drop("signal")
    challenger = model(BAD, DAY)
    found = decide_promotion(
        trained(challenger, frame), frame, Champion(OLD, model(GOOD, OLD), "inactivity"),
        snapshot=DAY, definition="inactivity", settings=SETTINGS,
    )  # fmt: skip
    assert found.decision == "replaced"
    assert "signal" in found.reason


def test_a_champion_that_stays_is_calibrated_on_the_newest_slice() -> None:
    good = model(GOOD, OLD)
    shifted = replace(good, fitted=_moved(good.fitted, 1.5))
    found = decide(Champion(OLD, shifted, "inactivity"), model(GOOD, DAY, seed=5))
    frame = users().sort("user_id")
    y = frame["is_churned"].to_numpy()
    assert found.decision == "kept"
    assert ece(y, shifted.predict(frame)) > 0.1
    assert ece(y, found.model.predict(frame)) < 0.03


def test_a_champion_that_learned_the_newest_slice_takes_only_its_mean() -> None:
    good = model(GOOD, OLD)
    moved = replace(good, fitted=_moved(good.fitted, 1.5), slices=(SLICE,))
    challenger = replace(model(GOOD, DAY, seed=5), calibrator=Calibrator(0.7, 9.0))
    found = decide(Champion(DAY - timedelta(days=7), moved, "inactivity"), challenger)
    frame = users()
    assert found.model.calibrator.slope == 0.7
    assert found.model.predict(frame).mean() == pytest.approx(frame["is_churned"].mean(), abs=1e-3)


def test_a_champion_that_stays_is_moved_by_the_season() -> None:
    """Each user's log-odds, not their mean probability, which moves less."""
    frame, champion, challenger = users(), model(GOOD, OLD), model(GOOD, DAY, seed=5)
    calm, moved = (
        decide_promotion(
            trained(challenger, frame), frame, Champion(OLD, champion, "inactivity"),
            snapshot=DAY, definition="inactivity", settings=SETTINGS, season=season,
        )
        for season in (0.0, 0.4)
    )  # fmt: skip
    assert calm.decision == moved.decision == "kept"
    assert calm.model.predict(frame).mean() == pytest.approx(frame["is_churned"].mean(), abs=1e-3)
    shift = logit(moved.model.predict(frame)) - logit(calm.model.predict(frame))
    assert shift == pytest.approx([0.4] * frame.height, abs=1e-6)


def _moved(fitted: object, by: float) -> LogisticRfm:
    assert isinstance(fitted, LogisticRfm)
    return replace(fitted, intercept=fitted.intercept + by)


def test_the_same_for_any_order_of_rows() -> None:
    frame = users()
    champion, challenger = Champion(OLD, model(BAD, OLD), "inactivity"), model(GOOD, DAY)
    found = [
        decide_promotion(
            trained(challenger, rows), rows, champion, snapshot=DAY, definition="inactivity", settings=SETTINGS
        )
        for rows in (frame, frame.sample(fraction=1, shuffle=True, seed=1))
    ]
    assert found[0] == found[1]


def test_nothing_trained_nothing_promoted() -> None:
    with pytest.raises(ValueError, match="nothing was trained"):
        decide_promotion(
            TrainedModel(None, pl.DataFrame(), pl.DataFrame(), GATE, "", ()), users(), None,
            snapshot=DAY, definition="inactivity", settings=SETTINGS,
        )  # fmt: skip
