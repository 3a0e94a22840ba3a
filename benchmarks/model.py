"""Training and scoring beside bare CatBoost calls on the same matrix, in one process each.

`python -m benchmarks.model [--rows N] [--features N] [--users N]`. `fit_boosting`: one fit; `train`: what a snapshot
pays: the out-of-time fit of every rival, the comparison with its bootstrap, and the fit on all slices. Users per second
of scoring: probabilities alone, and with SHAP values grouped into reasons. Memory is that of the process that does it.
"""

from __future__ import annotations

import argparse
import resource
import sys
import time
from collections.abc import Callable
from datetime import date, datetime, timedelta
from datetime import time as midnight
from subprocess import run

import numpy as np
import polars as pl
from catboost import CatBoostClassifier, Pool
from rich.console import Console
from rich.table import Table

from churn_assets.contracts.feature import REASON_GROUPS, RFM_COLUMNS, Feature
from churn_assets.model.artifact import ChurnModel
from churn_assets.model.boosting import THREADS, fit_boosting
from churn_assets.model.calibration import Calibrator
from churn_assets.model.matrix import feature_matrix
from churn_assets.model.reasons import grouped_contributions, user_reasons
from churn_assets.model.training import train
from churn_assets.settings import Training
from churn_assets.warehouse.features import treatments

SLICES, GAP, HORIZON = 8, 0, 28
END = date(2026, 11, 16)
PARTS = ("fit", "score", "reasons")
REASON_USERS = 200_000


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=300_000)
    parser.add_argument("--features", type=int, default=100)
    parser.add_argument("--users", type=int, default=1_000_000)
    parser.add_argument("--part", choices=PARTS)
    chosen = parser.parse_args()
    if chosen.part is None:
        for part in PARTS:  # each in a process of its own, so that its memory is its own
            run([sys.executable, "-m", "benchmarks.model", *sys.argv[1:], "--part", part], check=True)
        return
    rows = chosen.rows if chosen.part == "fit" else chosen.users if chosen.part == "score" else REASON_USERS
    table = Table(
        "", "seconds", "rows per second", "ratio to bare", title=f"{chosen.part}: {rows:,} x {chosen.features}"
    )
    measured = {"fit": _fit, "score": _score, "reasons": _reasons}[chosen.part](rows, chosen.features)
    bare = measured[0][1]
    for name, seconds in measured:
        table.add_row(name, f"{seconds:.1f}", f"{rows / seconds:,.0f}", f"{seconds / bare:.2f}")
    Console().print(table)
    Console().print(f"peak memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3:,.0f} MB")


def _fit(rows: int, features: int) -> list[tuple[str, float]]:
    frame, settings = _rows(rows, features), Training()
    columns = _columns(features)
    matrix, labels = feature_matrix(frame, columns), frame["is_churned"].cast(int).to_numpy()
    described = [Feature(name, "orders", "orders", None, "engagement", False, False, name, name) for name in columns]
    kwargs = {"snapshot": END, "gap_days": GAP, "horizon_days": HORIZON, "settings": settings}
    return [
        ("bare CatBoost", _seconds(lambda: _bare(settings).fit(matrix, labels))),
        ("fit_boosting", _seconds(lambda: fit_boosting(frame, columns, settings))),
        ("train", _seconds(lambda: train(frame, described, treatments(), **kwargs))),
    ]


def _score(rows: int, features: int) -> list[tuple[str, float]]:
    model, frame, columns = _model(features), _rows(rows, features), _columns(features)
    bare = CatBoostClassifier().load_model(blob=model.fitted.cbm)
    matrix = feature_matrix(frame, columns)
    return [
        ("bare predict_proba", _seconds(lambda: bare.predict_proba(matrix))),
        ("probabilities", _seconds(lambda: model.predict(frame))),
    ]


def _reasons(rows: int, features: int) -> list[tuple[str, float]]:
    model, frame, columns = _model(features), _rows(rows, features), _columns(features)
    bare = CatBoostClassifier().load_model(blob=model.fitted.cbm)
    matrix = feature_matrix(frame, columns)
    groups = [REASON_GROUPS[i % len(REASON_GROUPS)] for i in range(features)]
    described = [
        Feature(
            name,
            "orders",
            "orders",
            None,
            group,
            is_actionable=i % 2 == 0,
            is_protected=False,
            label_en=name,
            label_zh=name,
        )
        for i, (name, group) in enumerate(zip(columns, groups, strict=True))
    ]
    return [
        ("bare SHAP values", _seconds(lambda: bare.get_feature_importance(Pool(matrix), type="ShapValues"))),
        ("probabilities and reasons", _seconds(lambda: _reasoned(frame, model, described))),
    ]


def _reasoned(frame: pl.DataFrame, model: ChurnModel, features: list[Feature]) -> None:
    model.predict(frame)
    user_reasons(frame, grouped_contributions(frame, model, features))


def _seconds(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def _bare(settings: Training) -> CatBoostClassifier:
    return CatBoostClassifier(
        iterations=settings.iterations, depth=settings.depth, learning_rate=settings.learning_rate,
        l2_leaf_reg=settings.l2_leaf_reg, random_seed=settings.seed, thread_count=THREADS, logging_level="Silent",
        allow_writing_files=False,
    )  # fmt: skip


def _model(features: int) -> ChurnModel:
    trees = fit_boosting(_rows(50_000, features), _columns(features), Training())
    return ChurnModel(trees, Calibrator(), (END - timedelta(days=HORIZON),), GAP, HORIZON)


def _columns(features: int) -> list[str]:
    return [*RFM_COLUMNS, *(f"feature_{i}" for i in range(features - len(RFM_COLUMNS)))]


def _rows(rows: int, features: int) -> pl.DataFrame:
    """Noise around ten columns that matter, a tenth of the values unknown, spread over eight matured slices."""
    random = np.random.default_rng(5)
    values = random.exponential(10, (rows, features))
    churned = random.random(rows) < 1 / (1 + np.exp(-(values[:, :10] - 10).sum(axis=1) / 25))
    unknown = random.random((rows, features)) < 0.1
    unknown[:, : len(RFM_COLUMNS)] = False
    values[unknown] = np.nan
    slices = [END - timedelta(days=(1 + i) * HORIZON) for i in range(SLICES)]
    days = pl.Series([slices[i % SLICES] for i in range(rows)])
    window = timedelta(days=GAP + HORIZON)
    return pl.DataFrame(values, schema=_columns(features), nan_to_null=True).with_columns(
        user_id=pl.format("u{}", pl.int_range(rows)),
        snapshot_date=days,
        matures_at=pl.Series([datetime.combine(day, midnight()) + window for day in days]),
        is_churned=pl.Series(churned),
    )


if __name__ == "__main__":
    main()
