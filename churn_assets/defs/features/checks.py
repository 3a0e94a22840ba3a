"""Checks that the mart is plausible, and that no feature was made of rows that were not known yet."""

from dataclasses import replace

import dagster as dg
import polars as pl

from churn_assets.defs.features.gaps import outliers_and_gaps
from churn_assets.defs.snapshot_assets import Snapshot
from churn_assets.defs.snapshot_checks import CheckOutcome, check_result, checked_snapshots, snapshot_check
from churn_assets.defs.suites import suite_holds, suite_outcome
from churn_assets.stages import Stage
from churn_assets.warehouse.extra_expectations import extra_suite
from churn_assets.warehouse.replay import differences, replay
from churn_assets.workplace import Workplace

SHOWN_USERS = 5
LOOKS_BACK = "Features of a sample of users are what the rows known before the snapshot give"


# Of a range the newest snapshot only: the first weeks of a shop's history are unusual, which training tolerates.
@snapshot_check(Stage.FEATURES, "user_features", is_newest_enough=True)
def expectations_hold(at: Snapshot) -> CheckOutcome:
    """Distributions and volumes are those of a sane shop (expectations/user_features.json)."""
    return suite_holds(at, Stage.FEATURES, "user_features")


@snapshot_check(Stage.FEATURES, "user_features", severity=dg.AssetCheckSeverity.WARN, is_newest_enough=True)
def extra_columns_arrive(at: Snapshot) -> CheckOutcome:
    """Features made of the shop's extra columns (features.extra) are known of some users, and differ among them. A
    warning: to the model such a feature is unknown, and the others still count.
    """
    suite = extra_suite(at.workplace.settings.features.extra)
    if suite is None:
        return CheckOutcome(passed=True, figures={"reason": "no extra column is declared"})
    outcome = suite_outcome(at, suite, f"{Stage.FEATURES}.user_features")
    return replace(outcome, sentence="See the page of extra_columns beside the report: which feature, and why.")


@snapshot_check(Stage.FEATURES, "user_features", severity=dg.AssetCheckSeverity.WARN, is_newest_enough=True)
def outliers_and_gaps_are_few(at: Snapshot) -> CheckOutcome:
    """No feature of the eligible users has more outliers or unknown values than the settings allow (features.max_*)."""
    return outliers_and_gaps(at)


@dg.asset_check(asset=[Stage.FEATURES, "user_features"], blocking=True)
def no_feature_looks_ahead(
    context: dg.AssetCheckExecutionContext, workplace: dg.ResourceParam[Workplace]
) -> dg.AssetCheckResult:
    """For a sample of users, recency, orders, money and visits built again straight from staging, only from rows that
    had happened and were known before the snapshot, equal those of the mart.
    """
    snapshots = checked_snapshots(context, workplace, with_past=True)
    if workplace.settings.landing.restated:
        look_ahead = CheckOutcome(
            passed=True, figures={"reason": "landing.restated: late rows are included on purpose"}
        )
        return check_result(dict.fromkeys(snapshots, look_ahead), dg.AssetCheckSeverity.ERROR, claim=LOOKS_BACK)
    rows = replay(workplace, snapshots, days=workplace.settings.features.windows_days[1])
    differs = differences(rows)
    return check_result(
        {day: _outcome(differs.filter(snapshot_date=day)) for day in snapshots},
        dg.AssetCheckSeverity.ERROR,
        claim=LOOKS_BACK,
    )


def _outcome(differs: pl.DataFrame) -> CheckOutcome:
    """A sample without a user whose purchases can be compared proves nothing, unless the snapshot has no users."""
    features = differs.drop("snapshot_date", "user_id")
    wrong = differs.filter(pl.any_horizontal(features.columns))
    compared = features["orders"].count()
    return CheckOutcome(
        passed=wrong.is_empty() and (compared > 0 or differs.is_empty()),
        figures={
            "users_sampled": len(differs),
            "users_compared": compared,
            **{f"users_with_other ({name})": int(features[name].sum()) for name in features.columns},
            "for_example": ", ".join(wrong["user_id"].head(SHOWN_USERS)) or "none",
        },
    )
