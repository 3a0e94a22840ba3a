"""Checks that a scored snapshot can be acted upon."""

from churn_assets.defs.snapshot_assets import Snapshot
from churn_assets.defs.snapshot_checks import Finding, snapshot_check
from churn_assets.defs.suites import suite_holds
from churn_assets.stages import Stage


# Of a range the newest snapshot only: it is the one that is acted upon.
@snapshot_check(Stage.SCORING, "scored_users", is_newest_enough=True)
def expectations_hold(at: Snapshot) -> Finding:
    """Statuses, probabilities and values are those of a sane shop (expectations/scored_users.json)."""
    return suite_holds(at, Stage.SCORING, "scored_users")
