"""Estimates of model performance before any label has matured: confidence-based estimation.

Calibrated probabilities say how often each user churns, so outcomes are drawn from them and measured as if they were
labels (CBPE: Bialek, Kivimaki, Kuberski, Perrakis 2024, "Estimating model performance under covariate shift without
labels"). The estimate follows covariate shift. It cannot see a changed relation of features and churn; how far that may
have moved since the newest labels is drawn with the outcomes, from what it did in the past (model/levels.py), so that
the intervals hold it. Labels decide.
"""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import TYPE_CHECKING

import numpy as np
import polars as pl
from scipy.special import expit, logit
from scipy.stats import rankdata, t

from churn_assets.contracts.performance_estimates import METRICS, PerformanceEstimates

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy.typing as npt

    from churn_assets.model.levels import LevelUncertainty
    from churn_assets.model.matrix import Floats

SCHEMA = {name: column.dtype.type for name, column in PerformanceEstimates.to_schema().columns.items()}
POINT_DRAWS, DRAWS = 50, 400


def performance_estimates(
    scored: pl.DataFrame, *, snapshot: date, window_days: int, uncertainty: LevelUncertainty, seed: int
) -> pl.DataFrame:
    """The table of `snapshot`, one row per metric. `scored`: its eligible users; `window_days`: gap and horizon."""
    users = scored.sort("user_id")
    p, is_urgent = users["churn_probability"].to_numpy(), (users["risk_tier"] == "urgent").to_numpy()
    random = np.random.default_rng(seed)
    ranks = rankdata(p)
    as_said = np.array([_figures(random.random(p.size) < p, p, ranks, is_urgent) for _ in range(POINT_DRAWS)])
    drawn = np.array([_figures(random.random(p.size) < q, p, ranks, is_urgent) for q in _moved(p, uncertainty, random)])
    rows = []
    for metric, points, values in zip(METRICS, as_said.T, drawn.T, strict=True):
        known = points[np.isfinite(points)]
        if known.size:
            low, high = np.quantile(values[np.isfinite(values)], [0.025, 0.975])
            mean = min(max(float(known.mean()), low), high)
            rows.append({"metric": metric, "estimate": mean, "estimate_low": low, "estimate_high": high})
    return pl.DataFrame(rows).select(
        pl.lit(snapshot).alias("snapshot_date"),
        pl.lit(datetime.combine(snapshot, time()) + timedelta(days=window_days)).alias("matures_at"),
        pl.lit(users.item(0, "model_version")).alias("model_version"),
        pl.lit("confidence_based").alias("method"),
        "metric",
        pl.lit(users.height, pl.Int64).alias("users"),
        *("estimate", "estimate_low", "estimate_high"),
        season_is_known=pl.lit(uncertainty.season_is_known),
    )


def _moved(p: Floats, uncertainty: LevelUncertainty, random: np.random.Generator) -> Iterator[Floats]:
    """Probabilities by which outcomes are drawn: log-odds about their mean, stretched and moved, DRAWS times."""
    log_odds = logit(p)
    centre = float(log_odds.mean())
    # DRAWS quantiles in an order drawn by chance, not DRAWS draws: the ends of the interval are then not of chance.
    quantiles = t.ppf((np.arange(DRAWS) + 0.5) / DRAWS, uncertainty.degrees_of_freedom)
    levels = random.permutation(quantiles) * uncertainty.level_sd
    slopes = np.exp(random.permutation(quantiles) * uncertainty.slope_sd)
    for level, slope in zip(levels, slopes, strict=True):
        yield expit(centre + level + (log_odds - centre) * slope)


def _figures(y: npt.NDArray[np.bool_], p: Floats, ranks: Floats, is_urgent: npt.NDArray[np.bool_]) -> tuple[float, ...]:
    """Metrics of one draw, in the order of METRICS; NaN where it has one outcome only, or no user is in tier urgent."""
    churners, stayers = int(y.sum()), int((~y).sum())
    pairs = churners * stayers
    auc = (ranks[y].sum() - churners * (churners + 1) / 2) / pairs if pairs else np.nan
    log_loss = -np.log(np.where(y, p, 1 - p)).mean()
    precision = y[is_urgent].mean() if is_urgent.any() else np.nan
    return auc, ((p - y) ** 2).mean(), log_loss, y.mean(), precision
