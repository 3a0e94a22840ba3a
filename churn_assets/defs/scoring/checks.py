"""Checks that a scored snapshot can be acted upon."""

from dataclasses import asdict

import dagster as dg
import polars as pl

from churn_assets.defs.scoring.inputs import model_and_users
from churn_assets.defs.snapshot_assets import Snapshot
from churn_assets.defs.snapshot_checks import CheckOutcome, snapshot_check
from churn_assets.defs.suites import suite_holds
from churn_assets.defs.withholding import settle_scores
from churn_assets.model.stability import NOISE_SHARE, reasons_stability
from churn_assets.stages import Stage

STABILITY_USERS = 1_000  # a share is then sure to 0.03


# Of a range the newest snapshot only: it is the one that is acted upon.
@snapshot_check(Stage.SCORING, "scored_users", is_newest_enough=True, then=settle_scores)
def expectations_hold(at: Snapshot) -> CheckOutcome:
    """Statuses, probabilities and values are those of a sane shop (expectations/scored_users.json).

    Until this check has passed, the scores that a run made are withheld.
    """
    file = at.workplace.tables.file(Stage.SCORING, "scored_users", at.date)
    return suite_holds(at, Stage.SCORING, "scored_users", withheld_file=file)


@snapshot_check(Stage.SCORING, "user_reasons", severity=dg.AssetCheckSeverity.WARN, is_newest_enough=True)
def reasons_are_stable(at: Snapshot) -> CheckOutcome:
    """Nearly equal users get the same first reason: with noise of 1 % of each continuous feature's standard deviation
    it stays for at least scoring.min_stable_reasons_share of 1,000 eligible users. A warning: no score depends on it.
    """
    settings = at.workplace.settings
    frame, model, features = model_and_users(at)
    eligible = frame.filter(pl.col("status") == "eligible")
    stability = reasons_stability(
        eligible,
        model,
        features,
        least=settings.scoring.least_reason_log_odds,
        sample=STABILITY_USERS,
        seed=settings.training.seed,
    )
    least = settings.scoring.min_stable_reasons_share
    return CheckOutcome(
        passed=stability.same_reason_share >= least,
        figures={**asdict(stability), "noise_share": NOISE_SHARE, "min_stable_reasons_share": least},
        sentence=f"Under a little noise {stability.same_reason_share:.0%} of users keep their first reason, "
        f"{least:.0%} should: trust counts of reasons more than those of single users.",
    )
