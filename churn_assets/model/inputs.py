"""The inputs of every model of the bake-off besides rows: features, treatments and settings."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sklearn.pipeline import make_pipeline

from churn_assets.model.logistic import Logistic, fit_logistic
from churn_assets.model.matrix import usable_columns
from churn_assets.model.piped import FittedPipeline, one_thread
from churn_assets.model.treatment import TreatedFeatures

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import polars as pl
    from sklearn.base import BaseEstimator

    from churn_assets.contracts.feature import Feature
    from churn_assets.contracts.treatment import Treatment
    from churn_assets.settings import Training


@dataclass(frozen=True)
class Inputs:
    """The features, the treatment of each family, and the settings."""

    features: Sequence[Feature]
    treatments: Mapping[str, Treatment]
    settings: Training
    max_missing_share: float = 1.0

    def columns(self, training: pl.DataFrame) -> tuple[str, ...]:
        """The columns usable in these training rows; constants are found in these rows alone."""
        usable, _ = usable_columns(
            training,
            self.features,
            admit_protected=self.settings.admit_protected,
            max_missing_share=self.max_missing_share,
        )
        return usable

    def logistic(self, rows: pl.DataFrame) -> Logistic:
        """The logistic regression on all treated features, learned from `rows`, sorted beforehand."""
        used = set(self.columns(rows))
        return fit_logistic(rows, [feature for feature in self.features if feature.name in used], self.treatments)

    def fit(self, rows: pl.DataFrame, *steps: BaseEstimator, takes_gaps: bool) -> FittedPipeline:
        """A pipeline of treated features and `steps`, learned from `rows` (with `is_churned`), sorted beforehand."""
        used = set(self.columns(rows))
        features = [feature for feature in self.features if feature.name in used]
        pipeline = make_pipeline(TreatedFeatures(features, self.treatments, takes_gaps=takes_gaps), *steps)
        with one_thread():
            return FittedPipeline(pipeline.fit(rows, rows["is_churned"].to_numpy()))
