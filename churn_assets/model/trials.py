"""What a study of Optuna holds, in our words: trials that are finished, numbered without the halves of killed runs."""

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
class Tried:
    """One trial: the settings, the calibrated log-loss of each slice it came to, and their mean (None: given up)."""

    number: int
    settings: Training
    losses: Mapping[date, float]
    log_loss: float | None

    @property
    def state(self) -> Literal["complete", "pruned"]:
        return "pruned" if self.log_loss is None else "complete"


def tried(study: Study, present: Training) -> list[Tried]:
    """In the order in which they were made; the first has the present settings."""
    from optuna.trial import TrialState  # noqa: PLC0415 - 1 s, and the weekly run needs none of it

    finished = study.get_trials(deepcopy=False, states=(TrialState.COMPLETE, TrialState.PRUNED))
    return [
        Tried(
            number,
            present.model_copy(update=trial.user_attrs["parameters"]),
            {date.fromisoformat(day): loss for day, loss in trial.user_attrs["losses"].items()},
            trial.value if trial.state == TrialState.COMPLETE else None,
        )
        for number, trial in enumerate(sorted(finished, key=lambda trial: trial.number))
    ]


def best_of(trials: Sequence[Tried]) -> Tried:
    """Of the lowest log-loss; the earliest of equal ones, so the present settings where nothing is better."""
    return min(
        (each for each in trials if each.log_loss is not None), key=lambda each: (each.log_loss or 0.0, each.number)
    )


def trials_frame(trials: Sequence[Tried], *, snapshot: date, study: str) -> pl.DataFrame:
    """The table model_tunings of `snapshot`: one row per trial."""
    best = best_of(trials).number
    rows = [
        {"snapshot_date": snapshot, "study": study, "trial": each.number, "state": each.state}
        | {name: parameters(each.settings)[name] for name in PARAMETERS}
        | {
            "log_loss": each.log_loss,
            "slices": len(each.losses),
            "slice_log_losses": json.dumps({str(day): loss for day, loss in sorted(each.losses.items())}),
            "is_present": each.number == 0,
            "is_best": each.number == best,
        }
        for each in trials
    ]
    return pl.DataFrame(rows, schema=SCHEMA)
