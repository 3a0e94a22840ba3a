"""The weeks of one shop as its runs would have made them: champion, scores, drift, estimates. No Dagster, no decisions.

The mart of all snapshots is built in one run of dbt. Every week a challenger is trained and the champion decided, as
`churn run` does.
"""

from __future__ import annotations

import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

import polars as pl

from benchmarks.mart import dbt_arguments
from churn_assets.model.artifact import ChurnModel
from churn_assets.model.gate import tested_slice
from churn_assets.model.levels import level_uncertainty
from churn_assets.model.promotion import Champion, decide_promotion
from churn_assets.model.season import measured_season
from churn_assets.model.training import train
from churn_assets.monitoring.drift import HISTORY_SNAPSHOTS, HISTORY_USERS, feature_drift
from churn_assets.monitoring.estimates import performance_estimates
from churn_assets.warehouse import reads
from churn_assets.warehouse.features import describe, treatments
from churn_assets.warehouse.levels import churn_levels_at
from churn_assets.warehouse.model_inputs import with_model_inputs
from churn_assets.warehouse.project import dbt_executable
from churn_assets.warehouse.selection import training_features
from churn_assets.warehouse.slices import slices_for
from churn_assets.workplace import Workplace

SCORE = "churn_probability"


@dataclass(frozen=True)
class Week:
    """A snapshot: the champion, the newest slice that it learned from, the eligible users with features and score, the
    sample of them at this and earlier snapshots, the snapshot scored before, and whether a model was trained.
    """

    day: date
    model: ChurnModel
    learned: pl.DataFrame
    users: pl.DataFrame
    history: pl.DataFrame
    scored_before: date | None
    levels: pl.DataFrame
    is_trained: bool

    def drift(self, workplace: Workplace) -> pl.DataFrame:
        """The table feature_drift."""
        history = scored(self.model, self.history)
        return feature_drift(
            self.users,
            self.learned,
            history,
            history.filter(snapshot_date=self.scored_before) if self.scored_before else None,
            describe(self.model.columns),
            model_version=self.model.version,
            settings=workplace.settings.monitoring,
        )

    def with_users_of(self, workplace: Workplace) -> Week:
        """The same week in another home: its users, scored by the same model, with the same past."""
        past = self.history.filter(pl.col("snapshot_date") < self.day)
        now = sampled(workplace, self.day).select(past.columns)
        return replace(
            self,
            users=scored(self.model, users_at(workplace, self.day)),
            history=pl.concat([past, now], how="vertical_relaxed"),
        )

    def estimates(self, workplace: Workplace) -> pl.DataFrame:
        """The table performance_estimates, without the precision of tier urgent: tiers are not worked out here."""
        churn = workplace.settings.churn
        window_days = churn.gap_days + churn.horizon_days
        newest = self.levels["level_date"].max()
        is_known = isinstance(newest, date) and measured_season(self.levels, snapshot=self.day, newest=newest).is_known
        scored = self.users.select("user_id", SCORE, model_version=pl.lit(self.model.version), risk_tier=pl.lit("none"))
        return performance_estimates(
            scored,
            snapshot=self.day,
            window_days=window_days,
            uncertainty=level_uncertainty(self.levels, days=window_days, season_is_known=is_known),
            seed=workplace.settings.training.seed,
        )


def build_mart(home: Path, days: Sequence[date]) -> Workplace:
    """Staging, marts and features at these snapshots."""
    subprocess.run([dbt_executable(), *dbt_arguments(home, days)], check=True)
    return Workplace(home_path=str(home))


def weeks(workplace: Workplace, days: Sequence[date], *, every: int = 1) -> Iterator[Week]:
    """The snapshots among `days` at which there was something to train on, in order, as if the first of them had been
    the first run. `every`: weeks from one training to the next.
    """
    champion: Champion | None = None
    slices: dict[date, pl.DataFrame] = {}
    samples: dict[date, pl.DataFrame] = {}
    scored_days: list[date] = []
    for number, day in enumerate(days):
        is_trained = champion is None or number % every == 0
        if is_trained:
            training = _training_set(workplace, day)
            if training.is_empty():
                continue
            levels = churn_levels_at(workplace, day, tested_slice(training))
            champion = _champion(workplace, day, training, levels, champion)
        if champion is None:
            continue
        if champion.snapshot == day:
            slices = {
                slice_day: rows for (slice_day,), rows in training.partition_by("snapshot_date", as_dict=True).items()
            }
        past = sorted({*champion.model.slices, *scored_days})[-HISTORY_SNAPSHOTS:]
        samples |= {each: sampled(workplace, each) for each in (*past, day) if each not in samples}
        history = pl.concat([samples[each] for each in (*past, day)], how="vertical_relaxed")
        users = scored(champion.model, users_at(workplace, day))
        learned = slices[max(champion.model.slices)]
        before = scored_days[-1] if scored_days else None
        yield Week(day, champion.model, learned, users, history, before, levels, is_trained)
        scored_days.append(day)


def scored(model: ChurnModel, users: pl.DataFrame) -> pl.DataFrame:
    return users.with_columns(pl.Series(SCORE, model.predict(users)))


def users_at(workplace: Workplace, day: date) -> pl.DataFrame:
    """The eligible users with what a model sees of them."""
    return with_model_inputs(workplace, day, reads.eligible_features_at(workplace, day))


def sampled(workplace: Workplace, day: date) -> pl.DataFrame:
    """A sample of them, the same users at every snapshot."""
    return with_model_inputs(workplace, day, reads.sampled_features(workplace, [day], HISTORY_USERS))


def _training_set(workplace: Workplace, day: date) -> pl.DataFrame:
    labelled = reads.labelled_features(workplace, day, slices_for(workplace, day))
    return with_model_inputs(workplace, day, labelled).filter(~pl.col("is_treated")).drop("is_treated")


def _champion(
    workplace: Workplace, day: date, training: pl.DataFrame, levels: pl.DataFrame, champion: Champion | None
) -> Champion | None:
    settings, churn = workplace.settings, workplace.settings.churn
    newest = tested_slice(training)
    season = measured_season(levels, snapshot=day, newest=newest).log_odds if newest else 0.0
    features, _ = training_features(workplace, day, training)
    trained = train(
        training,
        features,
        treatments(),
        snapshot=day,
        gap_days=churn.gap_days,
        horizon_days=churn.horizon_days,
        settings=settings.training,
        max_missing_share=settings.features.max_missing_column_share,
        season=season,
    )
    if trained.model is None:
        return champion
    promotion = decide_promotion(
        trained,
        training,
        champion,
        snapshot=day,
        definition=churn.definition,
        settings=settings.training,
        season=season,
        max_age_days=settings.monitoring.max_model_age_days,
    )
    return Champion(promotion.snapshot, promotion.model, churn.definition)
