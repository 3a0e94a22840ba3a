"""Does the model trained at a snapshot replace the champion that scores? Both are tested on the newest matured slice.

The test is honest only where neither has seen the outcome: the challenger's figures come from a fit on the slices
matured by the test slice, and a champion whose own labels reach past the test slice cannot be tested yet and stays.
A win is the mean difference in log-loss of the same users with its 95 % interval (paired t-test, one row per user).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from typing import TYPE_CHECKING, Literal

from churn_assets.model.calibration import Calibrator, fit_calibrator
from churn_assets.model.contest import Contest

if TYPE_CHECKING:
    from collections.abc import Collection

    import polars as pl

    from churn_assets.model.artifact import ChurnModel
    from churn_assets.model.contest import Figures
    from churn_assets.model.training import TrainedModel
    from churn_assets.settings import Training

Decision = Literal["first", "promoted", "renewed", "proposed", "kept", "replaced", "by_person"]


@dataclass(frozen=True)
class Champion:
    """The model that scores, the snapshot at which it was trained, and the churn definition it learned."""

    snapshot: date
    model: ChurnModel
    definition: str


@dataclass(frozen=True)
class Promotion:
    """`snapshot`: where the champion was trained, `model`: what scores now, `figures`: None where untested."""

    decision: Decision
    reason: str
    snapshot: date
    model: ChurnModel
    figures: Figures | None = None


def decide_promotion(
    trained: TrainedModel,
    training: pl.DataFrame,
    champion: Champion | None,
    *,
    snapshot: date,
    definition: str,
    settings: Training,
    is_forced: bool = False,
    season: float = 0.0,
    max_age_days: int | None = None,
    withheld: Collection[str] = (),
) -> Promotion:
    """The champion of `snapshot`. `champion` is the previous one, or with `is_forced` the one a person chose.

    `training` is the training set that `trained` was made from. A champion that stays is calibrated again on the
    newest slice, and shifted by `season` like the challenger (train). A champion whose newest labels matured more than
    `max_age_days` before is renewed by any challenger that is not significantly worse. `withheld`: features that no
    model may see by now. Raises ValueError where nothing was trained.
    """
    challenger = trained.model
    if challenger is None:
        raise ValueError(f"churn_model at {snapshot}: nothing was trained, so nothing can be promoted.")
    unfit = _unfit(champion, challenger, definition, training, withheld) if champion else None
    if champion is None or unfit:
        decision: Decision = "replaced" if unfit else "first"
        reason = unfit or f"No champion to be tested against. {trained.reason}"
        return Promotion(decision, reason, snapshot, challenger)

    contest = Contest.of(trained, training, champion.model)
    staying = replace(champion.model, calibrator=_calibrator(contest, champion.model, challenger, season))
    stays = f"The champion of {champion.snapshot} stays"
    if is_forced:
        return Promotion("by_person", "Chosen by a person.", champion.snapshot, staying)
    if contest is None or not contest.is_honest:
        untested = f"{stays}: no slice has matured yet that it did not learn from."
        return Promotion("kept", untested, champion.snapshot, staying)
    age_days = champion.model.age_days(snapshot)
    is_due = max_age_days is not None and age_days > max_age_days
    figures, failed = contest.verdict(settings, is_due=is_due)
    if failed:
        return Promotion("kept", f"{stays}: {'; '.join(failed)}.", champion.snapshot, staying, figures)
    is_won = figures.gain.low > 0
    win = f"{challenger.kind} of {snapshot} predicts better than the champion of {champion.snapshot}: {figures.gain}"
    if not is_won:
        win = (
            f"{challenger.kind} of {snapshot} renews the champion of {champion.snapshot}, whose newest labels had "
            f"matured {age_days} days before (monitoring.max_model_age_days {max_age_days}), and is no worse: "
            f"{figures.gain}"
        )
    if settings.promotion == "approved":
        pending = f"{win}. It waits for approval: churn promote {snapshot}"
        return Promotion("proposed", pending, champion.snapshot, staying, figures)
    return Promotion("promoted" if is_won else "renewed", win + ".", snapshot, challenger, figures)


def _unfit(
    champion: Champion, challenger: ChurnModel, definition: str, training: pl.DataFrame, withheld: Collection[str]
) -> str | None:
    """Why the champion cannot score here at all."""
    label = (definition, challenger.gap_days, challenger.horizon_days)
    learned = (champion.definition, champion.model.gap_days, champion.model.horizon_days)
    whose = f"The champion of {champion.snapshot}"
    if learned != label:
        return f"{whose} predicts another label: {learned} where {label} is set (definition, gap and horizon in days)."
    absent = sorted(set(champion.model.columns) - set(training.columns))
    if absent:
        return f"{whose} needs features that the mart no longer has: {', '.join(absent)}."
    protected = sorted(set(champion.model.columns) & set(withheld))
    return f"{whose} sees features that are protected by now: {', '.join(protected)}." if protected else None


def _calibrator(contest: Contest | None, champion: ChurnModel, challenger: ChurnModel, season: float) -> Calibrator:
    """The calibrator of a champion that stays, fitted on its predictions for the newest slice.

    If the champion has learned from that slice, only the mean is fitted: the slope is that of a model of its kind.
    """
    if contest is None:
        return challenger.calibrator if challenger.kind == champion.kind else champion.calibrator
    is_churned, log_odds = contest.is_churned, contest.log_odds["champion"]
    if contest.slice_date not in champion.slices:
        return fit_calibrator(is_churned, log_odds).moved(season)
    sloped = challenger.calibrator if challenger.kind == champion.kind else champion.calibrator
    return sloped.with_mean(log_odds, float(is_churned.mean())).moved(season)
