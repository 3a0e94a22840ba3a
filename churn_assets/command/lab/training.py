"""What the lab commands start from: the training set of a snapshot, and the inputs of its models."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import polars as pl

from churn_assets.instance.tables import PartitionMissing
from churn_assets.instance.terminal import PlainConsole
from churn_assets.model.forward import Forward
from churn_assets.model.inputs import Inputs
from churn_assets.stages import Stage
from churn_assets.warehouse.features import treatments
from churn_assets.warehouse.selection import all_features, training_features
from churn_assets.workplace import Workplace


@dataclass(frozen=True)
class Lab:
    """`inputs` has the features that a model of this snapshot may use (training.feature_columns)."""

    day: date
    rows: pl.DataFrame
    inputs: Inputs

    @classmethod
    def at(cls, workplace: Workplace, snapshot: date | None, *, is_selecting: bool = False) -> Lab:
        """At `snapshot`, or the newest with a training set; with all features if `is_selecting`.

        Raises PartitionMissing.
        """
        settings = workplace.settings
        day = snapshot or _newest(workplace)
        rows = workplace.tables.read(Stage.TRAINING, "training_set", day)
        features = all_features(workplace, rows) if is_selecting else training_features(workplace, day, rows)[0]
        stated, most_missing = treatments(settings.features.extra), settings.features.max_missing_column_share
        return cls(day, rows, Inputs(features, stated, settings.training, most_missing))

    def forward(self, workplace: Workplace) -> Forward:
        """The newest matured slices to test on. Raises NothingToTest, LeakingSplit."""
        churn = workplace.settings.churn
        return Forward.of(
            self.rows,
            snapshot=self.day,
            gap_days=churn.gap_days,
            horizon_days=churn.horizon_days,
            settings=self.inputs.settings,
        )

    def introduce(self, console: PlainConsole) -> None:
        slices, most = self.rows["snapshot_date"].n_unique(), self.inputs.settings.bakeoff_rows
        console.print(
            f"Training set of {self.day}: {self.rows.height:,} rows in {slices} slices. A model learns from {most:,} "
            "rows at most (training.bakeoff_rows).",
            soft_wrap=True,
        )


def _newest(workplace: Workplace) -> date:
    training_sets = workplace.record.partitions(Stage.TRAINING, "training_set")
    if not training_sets:
        raise PartitionMissing(f"{workplace.home.root} holds no training set yet: make one first (churn run)")
    return training_sets[-1].snapshot
