"""The champion of a snapshot: the previous champion on record, and the row of the decision."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime, time

import polars as pl

from churn_assets.contracts.feature import Feature
from churn_assets.contracts.model_promotions import ModelPromotions
from churn_assets.instance.promotions import GATE, PromotionRow, Promotions
from churn_assets.model.artifact import ChurnModel
from churn_assets.model.promotion import Champion, Promotion, decide_promotion
from churn_assets.model.training import TrainedModel
from churn_assets.stages import Stage
from churn_assets.workplace import Workplace

SCHEMA = {name: column.dtype.type for name, column in ModelPromotions.to_schema().columns.items()}


def champion_at(
    workplace: Workplace,
    snapshot: date,
    trained: TrainedModel,
    training: pl.DataFrame,
    features: Sequence[Feature],
    *,
    season: float = 0.0,
) -> Promotion:
    """Decide at `snapshot`. `features`: those of the training set.

    A champion whose file is gone cannot score: the model trained here then replaces it.
    """
    previous = Promotions(workplace.record).before(snapshot)
    champion = _load(workplace, previous, snapshot, trained) if previous else None
    settings = workplace.settings.training
    decided = decide_promotion(
        trained,
        training,
        champion,
        snapshot=snapshot,
        definition=workplace.settings.churn.definition,
        settings=settings,
        is_forced=bool(previous and previous.is_by_person),
        season=season,
        max_age_days=workplace.settings.monitoring.max_model_age_days,
        withheld=[each.name for each in features if each.is_withheld(admit_protected=settings.admit_protected)],
    )
    if previous and champion is None:
        gone = (
            f"The champion of {previous.champion_snapshot} is gone: training.churn_model has no such snapshot any more."
        )
        return replace(decided, decision="replaced", reason=gone)
    return decided


def record_promotion(workplace: Workplace, snapshot: date, promotion: Promotion, trained: ChurnModel) -> pl.DataFrame:
    """Add the decision to the record, dated with the snapshot; returns the row of model_promotions."""
    decided_by, decided_at, reason = GATE, datetime.combine(snapshot, time()), promotion.reason
    promotions = Promotions(workplace.record)
    if promotion.decision == "by_person":
        act = promotions.before(snapshot)
        if act is not None:
            reason = f"{act.decision} by {act.decided_by} at {act.decided_at:%Y-%m-%d %H:%M} UTC: {act.reason}"
    promotions.add(
        PromotionRow(
            snapshot, promotion.snapshot, promotion.model.version, workplace.settings.churn.definition,
            promotion.decision, reason, decided_by, decided_at,
        )
    )  # fmt: skip
    figures = promotion.figures
    row = {
        "snapshot_date": snapshot,
        "decision": promotion.decision,
        "champion_snapshot_date": promotion.snapshot,
        "model_version": promotion.model.version,
        "challenger_version": trained.version,
        "decided_by": decided_by,
        "decided_at": decided_at,
        "reason": reason,
        "slice_date": figures and figures.slice_date,
        "log_loss_gain": figures and figures.gain.mean,
        "log_loss_gain_low": figures and figures.gain.low,
        "log_loss_gain_high": figures and figures.gain.high,
        "gain_over_baseline": figures and figures.gain_over_baseline and figures.gain_over_baseline.mean,
        "gain_over_baseline_low": figures and figures.gain_over_baseline and figures.gain_over_baseline.low,
        "ece_calibrated": figures and figures.ece_calibrated,
        "worst_segment": figures and figures.worst_segment,
        "worst_segment_gain": figures and figures.worst_segment_gain and figures.worst_segment_gain.mean,
    }
    return pl.DataFrame([row], schema=SCHEMA)


def _load(workplace: Workplace, previous: PromotionRow, snapshot: date, trained: TrainedModel) -> Champion | None:
    if previous.champion_snapshot == snapshot and trained.model is not None:
        return Champion(snapshot, trained.model, previous.definition)  # promoted by a person: the model that waited
    if workplace.tables.find(Stage.TRAINING, "churn_model", previous.champion_snapshot) is None:
        return None
    content = workplace.tables.read_bytes(Stage.TRAINING, "churn_model", previous.champion_snapshot)
    return Champion(previous.champion_snapshot, ChurnModel.from_bytes(content), previous.definition)
