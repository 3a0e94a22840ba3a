"""A search for better parameters of the trees: tree-structured Parzen estimators (Bergstra et al. 2011) by Optuna.

What counts is the calibrated log-loss on the newest matured slices, each predicted from those that had matured by it. A
trial is given up once its mean lead over the present settings is below the median of the trials before at that slice.
The sampler is made anew for each trial, from the seed and the number of finished trials: whether a search was broken
off and went on, or was not, it proposes the same.
"""

from __future__ import annotations

import statistics
from typing import TYPE_CHECKING

from churn_assets.model.search_space import parameters, suggest
from churn_assets.model.trials import Tried, tried

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
    tell: Callable[[list[Tried]], object],
) -> list[Tried]:
    """Add `trials` trials to the study, or those begun within `seconds` of `clock`; returns all it then holds.

    `study` minimises and belongs to these rows and settings alone. `tell` hears of all finished trials after each.
    """
    from optuna.samplers import TPESampler  # noqa: PLC0415 - 1 s, and the weekly run needs none of it

    forget_halves(study)
    end = clock() + seconds
    found = tried(study, present)
    for _ in range(trials):
        if clock() >= end:
            break
        if not found and not _waits(study):
            study.enqueue_trial(parameters(present))
        study.sampler = TPESampler(seed=present.seed + len(found), constant_liar=False)
        _try(study, study.ask(), forward, fit_of, present, found[0] if found else None)
        found = tried(study, present)
        tell(found)
    return found


def forget_halves(study: Study) -> None:
    """A trial that a killed run left half done has failed: nothing is learned from it, and nobody counts it."""
    from optuna.trial import TrialState  # noqa: PLC0415

    for half in study.get_trials(deepcopy=False, states=(TrialState.RUNNING,)):
        study.tell(half.number, state=TrialState.FAIL)


def _waits(study: Study) -> bool:
    from optuna.trial import TrialState  # noqa: PLC0415

    return bool(study.get_trials(deepcopy=False, states=(TrialState.WAITING,)))


def _try(
    study: Study, trial: Trial, forward: Forward, fit_of: Callable[[Training], Fit], present: Training,
    first: Tried | None,
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
