"""`churn tune`: a search for better parameters of the trees. It proposes; churn.yaml stays as it is."""

from __future__ import annotations

import time
from datetime import date
from pathlib import Path

from churn_assets.command.lab.training import Lab
from churn_assets.command.lab.tuning_study import open_study, study_name
from churn_assets.contracts.model_tunings import ModelTunings
from churn_assets.instance.terminal import PlainConsole, rich_table, wide_console
from churn_assets.model.boosting import fit_boosting
from churn_assets.model.forward import Forward
from churn_assets.model.rivals import Fit
from churn_assets.model.slice_duels import slice_duels
from churn_assets.model.trials import FinishedTrial, best_of, finished_trials, trials_frame
from churn_assets.model.tuning import fail_unfinished, tune
from churn_assets.monitoring.duel_tables import duel_table
from churn_assets.monitoring.tuning_words import advice, progress
from churn_assets.settings import Training
from churn_assets.stages import Stage
from churn_assets.workplace import Workplace

TABLE = "model_tunings"


def show_tuning(root: Path, snapshot: date | None, trials: int, minutes: float) -> None:
    """At `snapshot`, or the newest with a training set; `trials` more, as far as `minutes` reach.

    Raises PartitionMissing; NothingToTest on a short history; TuningBusy.
    """
    workplace = Workplace(home_path=str(root))
    lab = Lab.at(workplace, snapshot)
    forward, name = lab.forward(workplace), study_name(workplace, lab)
    console = wide_console()
    lab.introduce(console)
    with open_study(workplace, name) as study:
        fail_unfinished(study)
        console.print(
            f"Study {name}: {len(finished_trials(study, lab.inputs.settings))} trials stood before.", soft_wrap=True
        )
        all_trials = tune(
            study,
            forward,
            lambda settings: _fit(lab, settings),
            present=lab.inputs.settings,
            trials=trials,
            seconds=minutes * 60,
            clock=time.monotonic,
            on_trial=lambda so_far: console.print(progress(so_far[-1], best_of(so_far)), soft_wrap=True),
        )
    table = trials_frame(all_trials, snapshot=lab.day, study=name)
    ModelTunings.validate(table, lazy=True)
    workplace.tables.publish(Stage.TRAINING, TABLE, lab.day, table)
    workplace.show_tables()
    _compare(console, lab, forward, all_trials)
    console.print(f"Table: {Stage.TRAINING}.{TABLE}", soft_wrap=True)


def _fit(lab: Lab, settings: Training) -> Fit:
    return lambda training: fit_boosting(training, lab.inputs.columns(training), settings)


def _compare(console: PlainConsole, lab: Lab, forward: Forward, all_trials: list[FinishedTrial]) -> None:
    best, present = best_of(all_trials), all_trials[0]
    if best.number == present.number:
        console.print(advice(best, None))
        return
    duels = slice_duels(*(forward.predict(_fit(lab, each.settings)) for each in (best, present)))
    console.print(rich_table(duel_table(duels, "best", "present")))
    console.print(advice(best, duels.row(-1, named=True)), soft_wrap=True)
