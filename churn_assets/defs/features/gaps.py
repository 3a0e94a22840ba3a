"""The figures of the check of outliers and gaps, and their limits."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import dagster as dg
import polars as pl

from churn_assets.contracts.treatment import Treatment
from churn_assets.defs.snapshot_assets import Snapshot
from churn_assets.defs.snapshot_checks import CheckOutcome
from churn_assets.model.gaps import feature_report, user_missing_shares
from churn_assets.warehouse.features import KEYS, describe, treatments
from churn_assets.warehouse.reads import eligible_features_at

HEADER = "| feature | family | treatment | missing | beyond 1.5 IQR | beyond 3 SD |\n|---|---|---|---|---|---|"


def outliers_and_gaps(at: Snapshot) -> CheckOutcome:
    """Columns beyond a limit are named; columns without any value are counted as not recorded, which is no failure."""
    limits = at.workplace.settings.features
    # Scored users only: for a user who never bought an unknown rhythm is correct.
    frame = eligible_features_at(at.workplace, at.date)
    features = describe([name for name in frame.columns if name not in KEYS], limits.extra)
    report = feature_report(frame, features)
    recorded = report.filter(pl.col("missing_share") < 1)
    sparse = recorded.filter(pl.col("missing_share") > limits.max_missing_column_share)["feature"].to_list()
    stray = pl.col("is_spread") & (pl.col("beyond_iqr_share") > limits.max_outlier_share)
    straying = recorded.filter(stray)["feature"].to_list()
    users = user_missing_shares(frame, features)
    sparse_users = int((users > limits.max_missing_user_share).sum())
    return CheckOutcome(
        passed=not sparse and not straying and sparse_users <= limits.max_sparse_users_share * len(users),
        figures={
            "users": len(users),
            "users_with_too_many_unknown": sparse_users,
            "mean_user_missing_share": users.mean() or 0.0,
            "features": len(report),
            "features_not_recorded": len(report) - len(recorded),
            "features_with_gaps": int((recorded["missing_share"] > 0).sum()),
            "features_too_empty": ", ".join(sparse) or "none",
            "features_straying": ", ".join(straying) or "none",
            **_worst(recorded),
            "table": dg.MetadataValue.md(_table(report, treatments(limits.extra))),
        },
        sentence=f"{len(sparse)} features nearly empty, {len(straying)} with many outliers, {sparse_users} users "
        f"nearly unknown: {', '.join([*sparse, *straying][:3]) or 'see the check in the UI'}.",
    )


def _worst(recorded: pl.DataFrame) -> dict[str, Any]:
    """The feature with the most unknown, and with the most outliers by either measure."""
    spread = recorded.filter("is_spread")
    ranked = {
        "most_missing": recorded.sort("missing_share", "feature", descending=[True, False]),
        "most_beyond_iqr": spread.sort("beyond_iqr_share", "feature", descending=[True, False]),
        "most_beyond_z": recorded.sort("beyond_z_share", "feature", descending=[True, False]),
    }
    columns = {
        "most_missing": "missing_share",
        "most_beyond_iqr": "beyond_iqr_share",
        "most_beyond_z": "beyond_z_share",
    }
    return {
        name: f"{rows['feature'][0]} ({rows[columns[name]][0]:.1%})" for name, rows in ranked.items() if rows.height
    }


def _table(report: pl.DataFrame, stated: Mapping[str, Treatment]) -> str:
    """Markdown, most unknown first; beyond the fences only where the values are spread."""
    lines = [HEADER]
    for row in report.sort("missing_share", "feature", descending=[True, False]).iter_rows(named=True):
        treatment = stated[row["family"]]
        iqr = _percent(row["beyond_iqr_share"]) if row["is_spread"] else "one value"
        shares = f"{_percent(row['missing_share'])} | {iqr} | {_percent(row['beyond_z_share'])}"
        lines.append(f"| {row['feature']} | {row['family']} | {treatment.outliers}, {treatment.missing} | {shares} |")
    return "\n".join(lines)


def _percent(share: float | None) -> str:
    return "-" if share is None else f"{share:.1%}"
