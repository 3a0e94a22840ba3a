"""A search that was broken off finds what an unbroken one finds, within its budget, and never looks ahead."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date, timedelta
from itertools import count
from typing import TYPE_CHECKING

import optuna
import polars as pl
import pytest

from churn_assets.contracts.feature import Feature
from churn_assets.contracts.model_tunings import ModelTunings
from churn_assets.model.boosting import fit_boosting
from churn_assets.model.forward import Forward
from churn_assets.model.search_space import parameters
from churn_assets.model.slices import LeakingSplit
from churn_assets.model.trials import FinishedTrial, best_of, finished_trials, trials_frame
from churn_assets.model.tuning import tune
from churn_assets.settings import Training

if TYPE_CHECKING:
    from optuna.study import Study

FIRST, HORIZON = date(2026, 1, 5), 28
SNAPSHOT = FIRST + timedelta(days=4 * HORIZON)
PRESENT = Training(iterations=100, depth=2, learning_rate=0.1, bakeoff_slices=2)
Search = Callable[..., list[FinishedTrial]]


@pytest.fixture(scope="module")
def forward(make_training: Callable[..., pl.DataFrame]) -> Forward:
    return Forward.of(make_training(300, 4), snapshot=SNAPSHOT, gap_days=0, horizon_days=HORIZON, settings=PRESENT)


@pytest.fixture(scope="module")
def search(forward: Forward, features: list[Feature]) -> Search:
    columns = [feature.name for feature in features if feature.name not in ("age_years", "always_one", "never_known")]

    def go(
        study: Study, trials: int, clock: Iterator[float] | None = None, seconds: float = 1e9
    ) -> list[FinishedTrial]:
        ticks = clock or count()
        return tune(
            study, forward, lambda settings: lambda rows: fit_boosting(rows, columns, settings), present=PRESENT,
            trials=trials, seconds=seconds, clock=lambda: float(next(ticks)), on_trial=lambda _: None,
        )  # fmt: skip

    return go


@pytest.fixture
def study() -> Study:
    return _study()


def _study() -> Study:
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    return optuna.create_study(pruner=optuna.pruners.MedianPruner())


def test_a_broken_search_goes_on_as_if_it_had_not_been(search: Search, study: Study) -> None:
    search(study, 2)
    study.ask()  # a run that is killed here leaves half a trial
    in_parts = search(study, 2)
    assert in_parts == search(_study(), 4)
    assert len({tuple(parameters(each.settings).values()) for each in in_parts}) == 4


def test_the_first_trial_has_the_present_settings_and_the_best_is_no_worse(search: Search, study: Study) -> None:
    found = search(study, 3)
    assert found[0].settings == PRESENT
    best = best_of(found)
    assert best.log_loss is not None
    assert found[0].log_loss is not None
    assert best.log_loss <= found[0].log_loss
    table = ModelTunings.validate(trials_frame(found, snapshot=SNAPSHOT, study="s"))
    assert table.filter("is_best")["trial"].to_list() == [best.number]
    assert finished_trials(study, PRESENT) == found


def test_no_trial_begins_after_its_time(search: Search, study: Study) -> None:
    assert len(search(study, 9, clock=iter((0.0, 1.0, 5.0, 11.0)), seconds=10)) == 2


def test_a_slice_is_predicted_from_what_had_matured_by_it(forward: Forward) -> None:
    assert [day for day, _ in forward.tested] == [FIRST + timedelta(days=HORIZON * slice_) for slice_ in (2, 3)]
    for day, (training, test) in forward.rows.items():
        assert training["matures_at"].max().date() <= day  # type: ignore[union-attr]
        assert set(test["snapshot_date"]) == {day}


def test_a_slice_that_has_not_matured_is_refused(make_training: Callable[..., pl.DataFrame]) -> None:
    with pytest.raises(LeakingSplit, match="not over by"):
        Forward.of(
            make_training(300, 4), snapshot=SNAPSHOT - timedelta(days=1), gap_days=0, horizon_days=HORIZON,
            settings=PRESENT,
        )  # fmt: skip
