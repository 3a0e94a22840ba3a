"""The model card of a champion, in Markdown: training data, prediction, metrics, segments and limits."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from churn_assets.model.calibration import cross_calibrated
from churn_assets.model.evaluation import evaluate
from churn_assets.model.gate import tested_slice
from churn_assets.model.segments import segments_of

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from churn_assets.contracts.feature import Feature
    from churn_assets.model.artifact import ChurnModel
    from churn_assets.model.training import TrainedModel
    from churn_assets.settings import Training

DRAWS = 60  # for each of six segments: a card is read by people, to two digits
FEWEST = 30  # of either outcome in a segment; below, its figures would be noise
LIMITS = """\
- A probability is of churn when left alone, under the definition above and no other.
- Reasons say what the model saw. They are not causes, and changing one need not keep anybody.
- Who is at risk is not who can be kept: effects are measured by the holdout, not read off this model.
- Figures are of one past slice. What they become once labels mature stands in `monitoring.model_performance`.
- Users who have never bought, or objected to direct marketing, have no probability."""


def model_card(
    model: ChurnModel,
    trained: TrainedModel,
    training: pl.DataFrame,
    features: Sequence[Feature],
    *,
    snapshot: date,
    definition: str,
    reason: str,
    settings: Training,
) -> str:
    """Markdown for the model trained at `snapshot` on `training`; aggregates only. `reason`: why it is champion."""
    slices = (
        training.group_by("snapshot_date", maintain_order=True)
        .agg(pl.len(), pl.col("is_churned").mean())
        .sort("snapshot_date")
    )
    rows = [f"| {day} | {users:,} | {share:.1%} |" for day, users, share in slices.iter_rows()]
    predicts = (
        f"Churn by `{definition}` in the {model.horizon_days} days that begin {model.gap_days} days after a "
        "snapshot, for eligible users."
    )
    return "\n".join([
        f"# Model card: {model.version}",
        "",
        f"{model.kind}, trained at {snapshot}. {reason}",
        "",
        "## Predicts",
        "",
        predicts,
        "",
        "## Data",
        "",
        f"{training.height:,} rows of {training['user_id'].n_unique():,} users; teaching: {settings.population}.",
        "",
        *("| slice | users | left |", "|---|---|---|", *rows),
        "",
        f"{len(model.columns)} features; {len(trained.dropped)} more were empty, constant or nearly unknown.",
        *_protected(features, settings),
        "",
        "## How good",
        "",
        *_comparison(trained),
        "",
        "## For whom",
        "",
        *_segments(trained, training, settings.seed),
        "",
        "## Limits",
        "",
        LIMITS,
        "",
    ])  # fmt: skip


def _protected(features: Sequence[Feature], settings: Training) -> list[str]:
    """A line each on the protected features that no model sees, and on those that are admitted."""
    admits = settings.admit_protected
    withheld = sorted(each.label_en for each in features if each.is_withheld(admit_protected=admits))
    seen = sorted(
        each.label_en for each in features if each.is_protected and not each.is_withheld(admit_protected=admits)
    )
    admitted = f"Protected, admitted by training.admit_protected: {', '.join(seen) or 'none'}."
    hidden = f"Protected, not seen by the model: {', '.join(withheld) or 'none'}."
    return [*([admitted] if admits else []), *([hidden] if withheld or not admits else [])]


def _comparison(trained: TrainedModel) -> list[str]:
    if trained.comparison.is_empty():
        return [f"Not tested: {trained.reason}"]
    first = trained.comparison.row(0, named=True)
    about = (
        f"On the slice {first['slice_date']}, unseen by all: {first['rows']:,} users, {first['churners']:,} left. "
        "Calibrated errors are cross-fitted; intervals are 95 %, by bootstrap over users."
    )
    lines = [
        f"| {row['model']}{' (shipped)' if row['is_shipped'] else ''} | {row['auc']:.3f} [{row['auc_low']:.3f}, "
        f"{row['auc_high']:.3f}] | {row['average_precision']:.3f} | {row['lift_10']:.2f} | "
        f"{row['log_loss_calibrated']:.4f} | {row['ece_calibrated']:.3f} |"
        for row in trained.comparison.iter_rows(named=True)
    ]
    head = "| model | AUC | average precision | lift in the top tenth | log-loss | calibration error |"
    return [about, "", head, "|---|---|---|---|---|---|", *lines]


def _segments(trained: TrainedModel, training: pl.DataFrame, seed: int) -> list[str]:
    if trained.out_of_time.is_empty() or trained.model is None:
        return ["Not tested."]
    newest = training.filter(pl.col("snapshot_date") == tested_slice(training)).sort("user_id")
    y, ids = newest["is_churned"].to_numpy(), newest["user_id"].to_numpy().astype(np.str_)
    p = cross_calibrated(y, trained.tested_log_odds(trained.model.kind), ids)
    lines = []
    for name, inside in segments_of(newest):
        churners, stayers = int(y[inside].sum()), int((~y[inside]).sum())
        row = f"| {name} | {inside.sum():,} "
        if min(churners, stayers) < FEWEST:
            lines.append(row + "| too few of one outcome | | |")
            continue
        metrics = evaluate(y[inside], p[inside], ids[inside], seed=seed, draws=DRAWS)
        auc = f"{metrics['auc']:.3f} [{metrics['auc_low']:.3f}, {metrics['auc_high']:.3f}]"
        lines.append(row + f"| {y[inside].mean():.1%} | {p[inside].mean():.1%} | {auc} |")
    return ["| segment | users | left | predicted | AUC |", "|---|---|---|---|---|", *lines]
