"""One arm of a campaign against its users left alone, stratum by stratum."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl

from churn_assets.effects.strata import is_control
from churn_assets.effects.welch import FEWEST_USERS, Difference, Floats, Stratum, stratified


@dataclass(frozen=True)
class Comparison:
    """Users that were compared, their means and the difference; `notes` say what is missing of it and why."""

    users: int
    control_users: int
    mean: float | None
    control_mean: float | None
    difference: Difference | None
    notes: tuple[str, ...]


def compared(users: pl.DataFrame, arm: str, value: pl.Expr) -> Comparison:
    """Of `users` (those of one campaign, with `stratum`), the value of those of the arm against that of the control.

    Strata weigh as many users as they have. One without FEWEST_USERS on both sides tells nothing of a difference and is
    left out with its users; but where there is one stratum only, the means of what there is are told.
    """
    parts = [_both(stratum, arm, value) for stratum in users.partition_by("stratum", maintain_order=True)]
    read = parts if len(parts) == 1 else [part for part in parts if _has_both(part)]
    treated, control = sum(part.treated.size for part in read), sum(part.control.size for part in read)
    difference = stratified(read)
    lost = sum(part.treated.size + part.control.size for part in parts) - treated - control
    notes = [
        *([_why_no_interval(treated, control, len(parts), len(read))] if difference is None else []),
        *([f"read in {len(read)} strata of equal allocation"] if len(read) > 1 else []),
        *([f"{lost:,} users of strata without {FEWEST_USERS} users on both sides left out"] if lost else []),
    ]
    return Comparison(
        users=treated,
        control_users=control,
        mean=_weighted([(part.users, part.treated) for part in read]),
        control_mean=_weighted([(part.users, part.control) for part in read]),
        difference=difference,
        notes=tuple(notes),
    )


def _both(stratum: pl.DataFrame, arm: str, value: pl.Expr) -> Stratum:
    treated, control = (
        stratum.filter(side).select(value.cast(pl.Float64)).to_series().to_numpy()
        for side in (pl.col("arm") == arm, is_control())
    )
    return Stratum(stratum.height, treated, control)


def _has_both(stratum: Stratum) -> bool:
    return min(stratum.treated.size, stratum.control.size) >= FEWEST_USERS


def _weighted(sides: Sequence[tuple[int, Floats]]) -> float | None:
    """Mean over strata; None where nobody is on that side."""
    if not sides or not min(side.size for _, side in sides):
        return None
    return float(sum(users * side.mean() for users, side in sides) / sum(users for users, _ in sides))


def _why_no_interval(treated: int, control: int, strata: int, read: int) -> str:
    if not read:
        return f"no interval: none of {strata} strata has {FEWEST_USERS} treated and {FEWEST_USERS} control users"
    if min(treated, control) < FEWEST_USERS:
        return f"no interval: {treated} treated and {control} control users, {FEWEST_USERS} of each needed"
    return "no interval: all users of each arm have the same outcome"
