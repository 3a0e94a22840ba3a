"""Which snapshots the training set of a snapshot is made of, given the settings and the calendar of an instance."""

from __future__ import annotations

from datetime import date

from churn_assets.model.slices import training_slices
from churn_assets.workplace import Workplace


def slices_for(workplace: Workplace, snapshot: date) -> list[date]:
    """Ascending, all matured by `snapshot`, as far back as the calendar and the settings reach."""
    churn, training = workplace.settings.churn, workplace.settings.training
    return training_slices(
        snapshot,
        workplace.calendar.dates(),
        gap_days=churn.gap_days,
        horizon_days=churn.horizon_days,
        slices=training.slices,
        step_days=training.slice_step_days,
    )
