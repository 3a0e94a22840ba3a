"""A check that users are as they were. A warning: the scores of a model that knew others are better than none."""

import dagster as dg
import polars as pl

from churn_assets.defs.snapshot_assets import Snapshot
from churn_assets.defs.snapshot_checks import Finding, snapshot_check
from churn_assets.stages import Stage

SHOWN = 10
LOOK_AT_DRIFT = (
    "Look in monitoring.feature_drift for a source that changed: a share unknown that jumped, a unit, a late delivery. "
    "If the users themselves changed (season, campaign, growth), watch monitoring.model_performance: a model trained "
    "at each snapshot follows, but only after as long as labels take to mature."
)


@snapshot_check(Stage.MONITORING, "feature_drift", severity=dg.AssetCheckSeverity.WARN, is_newest_enough=True)
def features_have_not_drifted(at: Snapshot) -> Finding:
    """Features of the model and its score are spread over users as among those it learned from, and scored before:
    no population stability index is both beyond chance and at monitoring.psi_warn or more.
    """
    limits = at.workplace.settings.monitoring
    frame = at.workplace.tables.read(Stage.MONITORING, "feature_drift", at.date)
    drifted = frame.filter(pl.col("level") != "none")
    figures: dict[str, object] = {
        "features": len(frame),
        "features_drifted": len(drifted),
        "psi_warn": limits.psi_warn,
        "psi_alarm": limits.psi_alarm,
    }
    if len(drifted):
        told = drifted.select("feature", "psi", "level", "psi_critical").head(SHOWN).rows()
        lines = [f"{name}: PSI {psi:.2f}, {level} (by chance up to {chance:.3f})" for name, psi, level, chance in told]
        more = len(drifted) - len(lines)
        figures |= {"drifted": "; ".join(lines) + (f"; and {more} more" if more else ""), "what_to_do": LOOK_AT_DRIFT}
    return Finding(passed=drifted.is_empty(), figures=figures)
