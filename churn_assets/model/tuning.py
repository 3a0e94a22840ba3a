"""A search for better parameters of the trees: tree-structured Parzen estimators (Bergstra et al. 2011) by Optuna.

The objective is the calibrated log-loss on the newest matured slices, each predicted from those that had matured by it.
A trial is pruned once its mean lead over the present settings is below the median of earlier trials at that slice. Each
trial has a new sampler, seeded by the seed and the number of finished trials: a search that was interrupted and resumed
proposes the same parameters as one that was not.
"""

from __future__ import annotations

import statistics
from typing import TYPE_CHECKING

from churn_assets.model.search_space import parameters, suggest
from churn_assets.model.trials import FinishedTrial, finished_trials

if TYPE_CHECKING:
    from collections.abc import Callable

    from optuna.study import Study
    from optuna.trial import Trial

    from churn_assets.model.forward import Forward
    from churn_assets.model.rivals import Fit
    from churn_assets.model.walk_forward import Clock
    from churn_assets.settings import Training


def tune(
    study: Study,
    forward: Forward,
    fit_of: Callable[[Training], Fit],
    *,
    present: Training,
    trials: int,
    seconds: float,
    clock: Clock,
    on_trial: Callable[[list[FinishedTrial]], object],
) -> list[FinishedTrial]:
    """Add `trials` trials to the study, or those begun within `seconds` of `clock`; returns all of its finished trials.

    `study` minimises and belongs to these rows and settings alone. `on_trial` gets all finished trials after each.
    """
    from optuna.samplers import TPESampler  # noqa: PLC0415 - 1 s, and the weekly run needs none of it

    fail_unfinished(study)
    end = clock() + seconds
    finished = finished_trials(study, present)
    for _ in range(trials):
        if clock() >= end:
            break
        if not finished and not _waits(study):
            study.enqueue_trial(parameters(present))
        study.sampler = TPESampler(seed=present.seed + len(finished), constant_liar=False)
        _try(study, study.ask(), forward, fit_of, present, finished[0] if finished else None)
        finished = finished_trials(study, present)
        on_trial(finished)
    return finished


def fail_unfinished(study: Study) -> None:
    """Mark trials that a killed run left unfinished as failed, so that neither sampler nor trial numbers use them."""
    from optuna.trial import TrialState  # noqa: PLC0415

    for trial in study.get_trials(deepcopy=False, states=(TrialState.RUNNING,)):
        study.tell(trial.number, state=TrialState.FAIL)


def _waits(study: Study) -> bool:
    from optuna.trial import TrialState  # noqa: PLC0415

    return bool(study.get_trials(deepcopy=False, states=(TrialState.WAITING,)))


def _try(
    study: Study, trial: Trial, forward: Forward, fit_of: Callable[[Training], Fit], present: Training,
    first: FinishedTrial | None,
) -> None:  # fmt: skip
    from optuna.trial import TrialState  # noqa: PLC0415

    settings = suggest(trial, present)
    trial.set_user_attr("parameters", parameters(settings))
    losses: dict[str, float] = {}
    excess: list[float] = []
    for step, prediction in enumerate(forward.predict(fit_of(settings))):
        losses[str(prediction.slice_date)] = prediction.log_loss
        # Against the present settings on the same users: some slices are harder than others for every model.
        excess.append(prediction.log_loss - first.losses[prediction.slice_date] if first else 0.0)
        trial.report(statistics.fmean(excess), step)
        if trial.should_prune() and step + 1 < len(forward.tested):
            trial.set_user_attr("losses", losses)
            study.tell(trial, state=TrialState.PRUNED)
            return
    trial.set_user_attr("losses", losses)
    study.tell(trial, statistics.fmean(losses.values()))
