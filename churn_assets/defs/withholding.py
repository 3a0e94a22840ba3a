"""Scores are withheld from the moment a run begins to rebuild what they are made of, until their check has passed.

So a check that fails on the way, and a run that dies anywhere, leave nothing that reads as a good score.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime

import dagster as dg

from churn_assets.instance.withheld import release, withhold
from churn_assets.stages import Stage
from churn_assets.workplace import Workplace

SCORES = ("scored_users", "user_reasons")


def withhold_scores(workplace: Workplace, days: Sequence[date], reason: str) -> None:
    """Withhold the scores of snapshots, in the manifest and in the views."""
    is_readable = any(workplace.tables.find(Stage.SCORING, table, day) for table in SCORES for day in days)
    withhold(workplace.record, Stage.SCORING, SCORES, days, reason, datetime.now(UTC).replace(tzinfo=None))
    if is_readable:
        workplace.show_tables()


def begin_scores(workplace: Workplace, days: Sequence[date], run_id: str) -> None:
    """Withhold the scores that a run begins to rebuild."""
    withhold_scores(workplace, days, f"run {run_id[:8]} began to rebuild it, and its checks have not passed")


def settle_scores(workplace: Workplace, days: Sequence[date], result: dg.AssetCheckResult) -> None:
    """Make the scores that a run published readable where their check has passed; say why not where it has failed."""
    if result.passed:
        release(workplace.record, Stage.SCORING, SCORES, days)
        workplace.show_tables()
    else:
        withhold_scores(workplace, days, "its check failed")
