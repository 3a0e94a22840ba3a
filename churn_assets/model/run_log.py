"""One training as parameters, metrics and texts for an experiment tracker; aggregates only."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date

    from churn_assets.model.promotion import Promotion
    from churn_assets.model.training import TrainedModel
    from churn_assets.settings import Training

METRICS = ("auc", "average_precision", "log_loss", "log_loss_calibrated", "brier", "ece_calibrated", "lift_10")


@dataclass(frozen=True)
class RunLog:
    """One training: key, parameters, metrics, tags and texts."""

    key: Mapping[str, str]
    parameters: Mapping[str, str]
    metrics: Mapping[str, float]
    tags: Mapping[str, str]
    texts: Mapping[str, str]


def run_log(
    trained: TrainedModel,
    promotion: Promotion,
    *,
    snapshot: date,
    definition: str,
    settings: Training,
    card: str | None,
) -> RunLog:
    """Metrics are named rival.metric. Raises ValueError where nothing was trained."""
    if trained.model is None:
        raise ValueError(f"churn_model at {snapshot}: nothing was trained, so there is nothing to log.")
    rows = trained.comparison.iter_rows(named=True)
    return RunLog(
        key={"snapshot_date": snapshot.isoformat(), "model_version": trained.model.version},
        parameters={
            **{name: str(value) for name, value in settings.model_dump().items() if name != "mlflow_tracking_uri"},
            "definition": definition,
            "features": str(len(trained.model.columns)),
            "slices": ", ".join(map(str, trained.model.slices)),
        },
        metrics={f"{row['model']}.{name}": row[name] for row in rows for name in METRICS},
        tags={"kind": trained.model.kind, "decision": promotion.decision, "reason": promotion.reason},
        texts={"model_comparison.csv": trained.comparison.write_csv()} | ({"model_card.md": card} if card else {}),
    )
