"""Is there enough matured data to train, and to compare out of time? Counts only; nothing is fitted here."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import polars as pl

if TYPE_CHECKING:
    from datetime import date

    from churn_assets.settings import Training

# A logistic regression wants about ten events per coefficient (Peduzzi et al. 1996); it has three effective ones here.
MIN_SIDE = 30
LARGE_SHARE = 0.1

GateLevel = Literal["full", "baseline", "none"]


@dataclass(frozen=True)
class Gate:
    """`full`: CatBoost and its comparison. `baseline`: logistic regression only. `none`: nothing can be trained.

    `missing`: sentences with what there is and what is needed; empty only at `full`.
    `is_comparable`: an out-of-time test is possible.
    """

    level: GateLevel
    missing: tuple[str, ...]
    is_comparable: bool

    @property
    def message(self) -> str:
        """One line for people; empty at `full`."""
        if self.level == "full":
            return ""
        head = "CatBoost not trained" if self.level == "baseline" else "Nothing trained"
        return f"{head}: {'; '.join(self.missing)}."


def data_gate(training: pl.DataFrame, settings: Training) -> Gate:
    """The gate for a training set (one row per eligible user and matured slice; may be empty)."""
    users = training["user_id"].n_unique()
    churners, stayers = _sides(training)
    test = pl.lit(tested_slice(training), pl.Date)
    older = pl.col("matures_at").dt.date() <= test
    comparison = min(*_sides(training.filter(older)), *_sides(training.filter(pl.col("snapshot_date") == test)))

    missing = [
        f"{have:,} {what} in matured slices, {need:,} needed ({source})"
        for what, have, need, source in (
            ("eligible users", users, settings.min_users, "training.min_users"),
            ("churned rows", churners, max(settings.min_churners, MIN_SIDE), "training.min_churners"),
            ("stayed rows", stayers, max(settings.min_stayers, MIN_SIDE), "training.min_stayers"),
        )
        if have < need
    ]
    if comparison < MIN_SIDE:
        missing.append(_history_sentence(training, older))
    level: GateLevel = "full" if not missing else "baseline" if min(churners, stayers) >= MIN_SIDE else "none"
    return Gate(level, tuple(missing), is_comparable=level != "none" and comparison >= MIN_SIDE)


def tested_slice(training: pl.DataFrame) -> date | None:
    """The newest slice that is large enough to be tested on and to calibrate by: MIN_SIDE rows of either outcome, and
    LARGE_SHARE of the largest slice. The newest one where none is; None of no rows.

    A slice can be small by accident: a week in which nearly everybody was treated leaves few who teach.
    """
    sizes = training.group_by("snapshot_date", maintain_order=True).agg(
        rows=pl.len(), side=pl.min_horizontal(pl.col("is_churned").sum(), (~pl.col("is_churned")).sum())
    )
    large = sizes.filter(pl.col("side") >= MIN_SIDE, pl.col("rows") >= LARGE_SHARE * pl.col("rows").max())
    days: list[date] = (large if large.height else sizes)["snapshot_date"].to_list()
    return max(days, default=None)


def _sides(rows: pl.DataFrame) -> tuple[int, int]:
    """(churned, stayed) rows."""
    churned = int(rows["is_churned"].sum())
    return churned, rows.height - churned


def _history_sentence(training: pl.DataFrame, older: pl.Expr) -> str:
    slices = training["snapshot_date"].n_unique()
    if slices == 0:
        return "0 matured slices, 1 needed (history shorter than churn.gap_days + churn.horizon_days)"
    matured = training.filter(older)["snapshot_date"].n_unique()
    if matured == 0:
        return f"{slices} matured slices, none of them over before the newest starts: no out-of-time test is possible"
    return f"fewer than {MIN_SIDE} churned or stayed rows in the newest slice or in those before it: no honest test"
