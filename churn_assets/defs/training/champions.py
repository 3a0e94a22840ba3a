"""The champion of a snapshot: what the record says was in office before, and the row that tells the decision."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, time

import polars as pl

from churn_assets.contracts.model_promotions import ModelPromotions
from churn_assets.instance.promotions import GATE, PromotionRow, Promotions
from churn_assets.model.artifact import ChurnModel
from churn_assets.model.promotion import Champion, Promotion, decide_promotion
from churn_assets.model.training import TrainedModel
from churn_assets.stages import Stage
from churn_assets.workplace import Workplace

SCHEMA = {name: column.dtype.type for name, column in ModelPromotions.to_schema().columns.items()}


def champion_at(
    workplace: Workplace, snapshot: date, trained: TrainedModel, training: pl.DataFrame, *, season: float = 0.0
) -> Promotion:
    """Decide at `snapshot`. A champion whose file is gone cannot score: the model trained here then takes over."""
    held = Promotions(workplace.record).before(snapshot)
    champion = _load(workplace, held, snapshot, trained) if held else None
    decided = decide_promotion(
        trained,
        training,
        champion,
        snapshot=snapshot,
        definition=workplace.settings.churn.definition,
        settings=workplace.settings.training,
        is_forced=bool(held and held.is_by_person),
        season=season,
        max_age_days=workplace.settings.monitoring.max_model_age_days,
    )
    if held and champion is None:
        gone = f"The champion of {held.champion_snapshot} is gone: training.churn_model has no such snapshot any more."
        return replace(decided, decision="replaced", reason=gone)
    return decided


def record_promotion(workplace: Workplace, snapshot: date, promotion: Promotion, trained: ChurnModel) -> pl.DataFrame:
    """Write the decision down for ever; returns the row of model_promotions. Decided at the logical time."""
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
    found = promotion.figures
    row = {
        "snapshot_date": snapshot,
        "decision": promotion.decision,
        "champion_snapshot_date": promotion.snapshot,
        "model_version": promotion.model.version,
        "challenger_version": trained.version,
        "decided_by": decided_by,
        "decided_at": decided_at,
        "reason": reason,
        "slice_date": found and found.slice_date,
        "log_loss_gain": found and found.gain.mean,
        "log_loss_gain_low": found and found.gain.low,
        "log_loss_gain_high": found and found.gain.high,
        "gain_over_rfm": found and found.gain_over_rfm and found.gain_over_rfm.mean,
        "gain_over_rfm_low": found and found.gain_over_rfm and found.gain_over_rfm.low,
        "ece_calibrated": found and found.ece_calibrated,
        "worst_segment": found and found.worst_segment,
        "worst_segment_gain": found and found.worst_segment_gain and found.worst_segment_gain.mean,
    }
    return pl.DataFrame([row], schema=SCHEMA)


def _load(workplace: Workplace, held: PromotionRow, snapshot: date, trained: TrainedModel) -> Champion | None:
    if held.champion_snapshot == snapshot and trained.model is not None:
        return Champion(snapshot, trained.model, held.definition)  # a person's choice: the model that waited
    if workplace.tables.find(Stage.TRAINING, "churn_model", held.champion_snapshot) is None:
        return None
    content = workplace.tables.read_bytes(Stage.TRAINING, "churn_model", held.champion_snapshot)
    return Champion(held.champion_snapshot, ChurnModel.from_bytes(content), held.definition)
