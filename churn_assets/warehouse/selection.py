"""Which features the model of a snapshot may use: all, or those of the newest selection made by then."""

from __future__ import annotations

from datetime import date, timedelta

import polars as pl

from churn_assets.contracts.feature import Feature
from churn_assets.contracts.training_set import LABEL_COLUMNS
from churn_assets.instance.tables import PartitionMissing
from churn_assets.stages import Stage
from churn_assets.warehouse.features import describe
from churn_assets.workplace import Workplace

TABLE = "feature_selections"


def training_features(workplace: Workplace, snapshot: date, rows: pl.DataFrame) -> tuple[list[Feature], str]:
    """The features among the columns of the training set that a model may use, and one line that describes the choice.

    A selection made after `snapshot` does not count: it knows later labels. Protected features stay in the list while
    they are not admitted, as no model gets them and its card names them. Raises PartitionMissing where there is no
    selection yet, or where it names a feature that the training set does not have.
    """
    training = workplace.settings.training
    every = all_features(workplace, rows)
    if training.feature_columns == "all":
        return every, "all"
    selected_at = workplace.tables.newest_before(Stage.TRAINING, TABLE, snapshot + timedelta(days=1))
    if selected_at is None:
        raise PartitionMissing(
            f"training.feature_columns is 'selected', but {Stage.TRAINING}.{TABLE} has no selection made at {snapshot} "
            f"or before: make one (churn select-features --snapshot {snapshot}), or set it to 'all'"
        )
    selected = set(workplace.tables.read(Stage.TRAINING, TABLE, selected_at).filter("is_kept")["feature"])
    gone = sorted(selected - {feature.name for feature in every})
    if gone:
        raise PartitionMissing(
            f"{Stage.TRAINING}.{TABLE}, snapshot {selected_at}, names features that the training set of {snapshot} "
            f"does not have: {', '.join(gone)}. Select anew (churn select-features --snapshot {snapshot})"
        )
    admits = training.admit_protected
    features = [each for each in every if each.name in selected or each.is_withheld(admit_protected=admits)]
    return features, f"selected: {len(selected)} of {len(every)}, by the selection of {selected_at}"


def all_features(workplace: Workplace, rows: pl.DataFrame) -> list[Feature]:
    """All features among the columns of the training set."""
    columns = [name for name in rows.columns if name not in LABEL_COLUMNS]
    return describe(columns, workplace.settings.features.extra)
