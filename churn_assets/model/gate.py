"""Is there enough matured data to train, and to compare out of time? Counts only; nothing is fitted here."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

import polars as pl

from churn_assets.model.lack import (
    Lack,
    few_buy_twice,
    few_churn,
    few_rows,
    few_stay,
    few_to_test,
    few_users,
    no_matured_slice,
    no_older_slice,
    nobody_eligible,
)

if TYPE_CHECKING:
    from datetime import date

    from churn_assets.settings import Training

# A logistic regression wants about ten events per coefficient (Peduzzi et al. 1996); it has three effective ones here.
MIN_SIDE = 30
LARGE_SHARE = 0.1
# Too few rows of an outcome are a matter of time, unless they are also a smaller share than this of all rows: then more
# of the same shop will not help. Where 48 of 6,000 users bought twice, 33 of 21,384 rows stayed (measured 2026-11).
RARE_SHARE = 0.02
GATE_COLUMNS = ("user_id", "snapshot_date", "matures_at", "is_churned", "orders_count")  # of training_set

GateLevel = Literal["full", "baseline", "none"]


@dataclass(frozen=True)
class Gate:
    """`full`: CatBoost and its comparison. `baseline`: logistic regression only. `none`: nothing can be trained.

    `lacks`: what is missing, the most telling first; empty only at `full`.
    `is_comparable`: an out-of-time test is possible.
    """

    level: GateLevel
    lacks: tuple[Lack, ...]
    is_comparable: bool

    @property
    def message(self) -> str:
        """For people: all that was found, and of the first lack what it means and what to do; empty at `full`."""
        if not self.lacks:
            return ""
        head = "CatBoost not trained" if self.level == "baseline" else "Nothing trained"
        return f"{head}: {replace(self.lacks[0], finding='; '.join(lack.finding for lack in self.lacks))}"


def data_gate(training: pl.DataFrame, settings: Training, *, slices: int = 0) -> Gate:
    """The gate for a training set (one row per eligible user and matured slice; may be empty).

    `slices`: how many have matured; of some there may be no row, as without an eligible user.
    """
    if training.is_empty():
        return Gate("none", (nobody_eligible(slices) if slices else no_matured_slice(),), is_comparable=False)
    test = pl.lit(tested_slice(training), pl.Date)
    before = training.filter(pl.col("matures_at").dt.date() <= test)
    comparison = min(*_sides(before), *_sides(training.filter(pl.col("snapshot_date") == test)))

    lacks = [*_side_lacks(training, settings), *_user_lacks(training, settings)]
    is_one_sided = any(lack.is_one_sided for lack in lacks)
    if before.is_empty() and not is_one_sided:
        lacks.append(no_older_slice(training["snapshot_date"].n_unique()))
    elif comparison < MIN_SIDE and not is_one_sided:
        lacks.append(few_to_test(comparison, MIN_SIDE))
    is_hopeless = is_one_sided or min(_sides(training)) < MIN_SIDE
    level: GateLevel = "full" if not lacks else "none" if is_hopeless else "baseline"
    return Gate(level, tuple(lacks), is_comparable=level != "none" and comparison >= MIN_SIDE)


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


def _side_lacks(training: pl.DataFrame, settings: Training) -> list[Lack]:
    """What is missing of rows that stayed and of rows that churned."""
    churned, stayed = _sides(training)
    lacks = []
    for outcome, have, setting in (("stayed", stayed, "min_stayers"), ("churned", churned, "min_churners")):
        needed = max(getattr(settings, setting), MIN_SIDE)
        if have >= needed:
            continue
        rows = f"{have:,} of {training.height:,} rows {outcome}, {needed:,} needed (training.{setting})"
        if have >= RARE_SHARE * training.height:
            lacks.append(few_rows(rows))
        else:
            lacks.append(_few_stay(training, rows) if outcome == "stayed" else few_churn(rows))
    return lacks


def _few_stay(training: pl.DataFrame, rows: str) -> Lack:
    """Nearly everybody churns: because nobody ever buys twice, or by the definition."""
    if "orders_count" not in training.columns:
        return few_stay(rows)
    users = training["user_id"].n_unique()
    again = training.filter(pl.col("orders_count") > 1)["user_id"].n_unique()
    return few_buy_twice(again, users, rows) if again < RARE_SHARE * users else few_stay(rows)


def _user_lacks(training: pl.DataFrame, settings: Training) -> list[Lack]:
    users = training["user_id"].n_unique()
    return [few_users(users, settings.min_users)] if users < settings.min_users else []


def _sides(rows: pl.DataFrame) -> tuple[int, int]:
    """(churned, stayed) rows."""
    churned = int(rows["is_churned"].sum())
    return churned, rows.height - churned
