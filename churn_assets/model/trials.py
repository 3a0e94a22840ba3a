"""The finished trials of an Optuna study, numbered without the unfinished trials of killed runs."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Literal

import polars as pl

from churn_assets.contracts.model_tunings import ModelTunings
from churn_assets.model.search_space import PARAMETERS, parameters

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from optuna.study import Study

    from churn_assets.settings import Training

SCHEMA = {name: column.dtype.type for name, column in ModelTunings.to_schema().columns.items()}


@dataclass(frozen=True)
class FinishedTrial:
    """One trial: its settings, the calibrated log-loss of each slice it reached, and their mean (None: pruned)."""

    number: int
    settings: Training
    losses: Mapping[date, float]
    log_loss: float | None

    @property
    def state(self) -> Literal["complete", "pruned"]:
        return "pruned" if self.log_loss is None else "complete"


def finished_trials(study: Study, present: Training) -> list[FinishedTrial]:
    """The finished trials in the order of creation; the first has the present settings."""
    from optuna.trial import TrialState  # noqa: PLC0415 - 1 s, and the weekly run needs none of it

    finished = study.get_trials(deepcopy=False, states=(TrialState.COMPLETE, TrialState.PRUNED))
    return [
        FinishedTrial(
            number,
            present.model_copy(update=trial.user_attrs["parameters"]),
            {date.fromisoformat(day): loss for day, loss in trial.user_attrs["losses"].items()},
            trial.value if trial.state == TrialState.COMPLETE else None,
        )
        for number, trial in enumerate(sorted(finished, key=lambda trial: trial.number))
    ]


def best_of(trials: Sequence[FinishedTrial]) -> FinishedTrial:
    """The trial of lowest log-loss; of equal ones the earliest, so the present settings where nothing is better."""
    return min(
        (trial for trial in trials if trial.log_loss is not None),
        key=lambda trial: (trial.log_loss or 0.0, trial.number),
    )


def trials_frame(trials: Sequence[FinishedTrial], *, snapshot: date, study: str) -> pl.DataFrame:
    """The table model_tunings of `snapshot`: one row per trial."""
    best = best_of(trials).number
    rows = [
        {"snapshot_date": snapshot, "study": study, "trial": trial.number, "state": trial.state}
        | {name: parameters(trial.settings)[name] for name in PARAMETERS}
        | {
            "log_loss": trial.log_loss,
            "slices": len(trial.losses),
            "slice_log_losses": json.dumps({str(day): loss for day, loss in sorted(trial.losses.items())}),
            "is_present": trial.number == 0,
            "is_best": trial.number == best,
        }
        for trial in trials
    ]
    return pl.DataFrame(rows, schema=SCHEMA)
