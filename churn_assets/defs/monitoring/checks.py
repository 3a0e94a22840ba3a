"""Checks of feature drift and of fairness to groups. Warnings: such scores are better than none."""

import dagster as dg
import polars as pl

from churn_assets.defs.snapshot_assets import Snapshot
from churn_assets.defs.snapshot_checks import CheckOutcome, snapshot_check
from churn_assets.stages import Stage

SHOWN = 10
LOOK_AT_DRIFT = (
    "Look in monitoring.feature_drift for a source that changed: a share unknown that jumped, a unit, a late delivery. "
    "If the users themselves changed (season, campaign, growth), watch monitoring.model_performance: a model trained "
    "at each snapshot follows, but only after as long as labels take to mature."
)

LOOK_AT_GROUPS = (
    "Look in monitoring.group_fairness whether the model errs about the group (missed, false_alarm, overstated) or its "
    "users differ. Who is treated follows from consent, value at risk and the arms catalogue: see what of these sets "
    "the group apart, and whether you can defend it."
)


@snapshot_check(Stage.MONITORING, "feature_drift", severity=dg.AssetCheckSeverity.WARN, is_newest_enough=True)
def features_have_not_drifted(at: Snapshot) -> CheckOutcome:
    """Features of the model and its score are distributed as among the users it learned from, and scored before, or
    as at some earlier snapshot: no population stability index is significant, at monitoring.psi_warn or more, and news.
    """
    limits = at.workplace.settings.monitoring
    frame = at.workplace.tables.read(Stage.MONITORING, "feature_drift", at.date)
    drifted = frame.filter(pl.col("level") != "none")
    figures: dict[str, object] = {
        "features": len(frame),
        "features_drifted": len(drifted),
        "PSI_to_warn": limits.psi_warn,
        "PSI_to_alarm": limits.psi_alarm,
    }
    if len(drifted):
        worst = drifted.select("feature", "psi", "level", "psi_critical").head(SHOWN).rows()
        lines = [f"{name}: PSI {psi:.2f}, {level} (by chance up to {chance:.3f})" for name, psi, level, chance in worst]
        more = len(drifted) - len(lines)
        figures |= {"drifted": "; ".join(lines) + (f"; and {more} more" if more else ""), "what_to_do": LOOK_AT_DRIFT}
    named = ", ".join(f"{name} ({psi:.2f})" for name, psi in drifted.select("feature", "psi").head(3).rows())
    sentence = (
        f"See monitoring.feature_drift: {len(drifted)} of {len(frame)} features and scores are like at no earlier "
        f"snapshot: {named}."
    )
    return CheckOutcome(passed=drifted.is_empty(), figures=figures, sentence=sentence)


@snapshot_check(Stage.MONITORING, "group_fairness", severity=dg.AssetCheckSeverity.WARN, is_newest_enough=True)
def groups_are_treated_alike(at: Snapshot) -> CheckOutcome:
    """No group by age, gender or region is treated, or erred about, more or less often than all others by more than
    monitoring.max_group_gap_share and significant. A warning: a difference may have a good reason, which somebody
    has to know.
    """
    frame = at.workplace.tables.read(Stage.MONITORING, "group_fairness", at.date)
    unequal = frame.filter("is_unequal")
    figures: dict[str, object] = {
        "compared": int(frame["p_value"].count()),
        "unequal": len(unequal),
        "max_group_gap_share": at.workplace.settings.monitoring.max_group_gap_share,
    }
    if len(unequal):
        listed = unequal.select("attribute", "group", "measure", "value", "rest_value").head(SHOWN).rows()
        lines = [f"{of} {group}: {what} {value:.1%}, all others {rest:.1%}" for of, group, what, value, rest in listed]
        figures |= {"groups": "; ".join(lines), "what_to_do": LOOK_AT_GROUPS}
    first = "; ".join(
        f"{of} {group} {what} {value:.0%}, others {rest:.0%}"
        for of, group, what, value, rest in unequal.select("attribute", "group", "measure", "value", "rest_value")
        .head(2)
        .rows()
    )
    sentence = f"See monitoring.group_fairness: {len(unequal)} differences between groups: {first}."
    return CheckOutcome(passed=unequal.is_empty(), figures=figures, sentence=sentence)
