"""Outlier and missing shares of features: reported here, treated in model/treatment.py."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

if TYPE_CHECKING:
    from collections.abc import Sequence

    from churn_assets.contracts.feature import Feature

FENCE = 1.5  # interquartile ranges beyond the quartiles (Tukey 1977)
FAR = 3.0  # standard deviations from the mean


def feature_report(frame: pl.DataFrame, features: Sequence[Feature]) -> pl.DataFrame:
    """One row per feature, over the users in `frame`: feature, family, missing_share, beyond_iqr_share,
    beyond_z_share, is_spread.

    Shares beyond are of the known values, null where none is known. `is_spread` is false where the middle half of the
    values is one and the same: the fences are then useless, since every other value lies beyond them.
    """
    names = [feature.name for feature in features]
    known = frame.select(pl.col(name).cast(pl.Float64) for name in names)
    every = pl.all()
    quarter, three = every.quantile(0.25, "linear"), every.quantile(0.75, "linear")
    beyond = (every < quarter - FENCE * (three - quarter)) | (every > three + FENCE * (three - quarter))
    far = (every - every.mean()).abs() > FAR * every.std(ddof=0)
    figures = {
        "missing_share": known.select(every.null_count() / pl.len()),
        "beyond_iqr_share": known.select(beyond.mean()),
        "beyond_z_share": known.select(far.mean()),
        "is_spread": known.select((three > quarter).fill_null(value=False)),
    }
    return pl.DataFrame(
        {"feature": names, "family": [feature.family for feature in features]}
        | {figure: list(row.row(0)) if row.height else [] for figure, row in figures.items()},
        schema={
            "feature": pl.String, "family": pl.String, "missing_share": pl.Float64, "beyond_iqr_share": pl.Float64,
            "beyond_z_share": pl.Float64, "is_spread": pl.Boolean,
        },
    )  # fmt: skip


def user_missing_shares(frame: pl.DataFrame, features: Sequence[Feature]) -> pl.Series:
    """Per user, the share of features that are unknown, of the features known for any user: a table that the shop does
    not record is left out.
    """
    names = [feature.name for feature in features]
    recorded = [name for name in names if frame[name].null_count() < frame.height]
    if not recorded:
        return pl.repeat(1.0, frame.height, dtype=pl.Float64, eager=True)
    return frame.select(pl.mean_horizontal(pl.col(name).is_null().cast(pl.Float64) for name in recorded)).to_series()
