"""One arm of a campaign against its control users, stratum by stratum."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl

from churn_assets.effects.pooled import about_one_user
from churn_assets.effects.strata import is_control
from churn_assets.effects.welch import FEWEST_USERS, Difference, Floats, Stratum, stratified


@dataclass(frozen=True)
class Comparison:
    """Users compared, their means and the difference; `notes` say what is left out and why."""

    users: int
    control_users: int
    mean: float | None
    control_mean: float | None
    difference: Difference | None
    notes: tuple[str, ...]


def compared(users: pl.DataFrame, arm: str, value: pl.Expr) -> Comparison:
    """The value of the arm's users against that of the control, of `users` (of one campaign, with `stratum`).

    Strata are weighted by their users. A stratum without FEWEST_USERS on both sides is left out with its users, since
    it gives no difference; where there is one stratum only, its means are reported all the same.
    """
    parts = [_sides(stratum, arm, value) for stratum in users.partition_by("stratum", maintain_order=True)]
    used = parts if len(parts) == 1 else [part for part in parts if _has_both_sides(part)]
    treated, control = sum(part.treated.size for part in used), sum(part.control.size for part in used)
    difference = stratified(used)
    left_out = sum(part.treated.size + part.control.size for part in parts) - treated - control
    notes = [
        *([_why_no_interval(treated, control, len(parts), len(used))] if difference is None else []),
        *([f"read in {len(used)} strata of equal allocation"] if len(used) > 1 else []),
        *about_one_user(_largest_share(used) if difference else 0.0, treated + control),
        *([f"{left_out:,} users of strata without {FEWEST_USERS} users on both sides left out"] if left_out else []),
    ]
    return Comparison(
        users=treated,
        control_users=control,
        mean=_weighted([(part.users, part.treated) for part in used]),
        control_mean=_weighted([(part.users, part.control) for part in used]),
        difference=difference,
        notes=tuple(notes),
    )


def _sides(stratum: pl.DataFrame, arm: str, value: pl.Expr) -> Stratum:
    treated, control = (
        stratum.filter(side).select(value.cast(pl.Float64)).to_series().to_numpy()
        for side in (pl.col("arm") == arm, is_control())
    )
    return Stratum(stratum.height, treated, control)


def _largest_share(strata: Sequence[Stratum]) -> float:
    """Of the variance of the difference, that of one user."""
    shares = [
        (stratum.users * (side - side.mean())) ** 2 / (side.size * (side.size - 1))
        for stratum in strata
        for side in (stratum.treated, stratum.control)
    ]
    return float(max(share.max() for share in shares) / sum(share.sum() for share in shares))


def _has_both_sides(stratum: Stratum) -> bool:
    return min(stratum.treated.size, stratum.control.size) >= FEWEST_USERS


def _weighted(sides: Sequence[tuple[int, Floats]]) -> float | None:
    """Weighted mean over strata; None where a side has no users."""
    if not sides or not min(side.size for _, side in sides):
        return None
    return float(sum(users * side.mean() for users, side in sides) / sum(users for users, _ in sides))


def _why_no_interval(treated: int, control: int, strata: int, used: int) -> str:
    if not used:
        return f"no interval: none of {strata} strata has {FEWEST_USERS} treated and {FEWEST_USERS} control users"
    if min(treated, control) < FEWEST_USERS:
        return f"no interval: {treated} treated and {control} control users, {FEWEST_USERS} of each needed"
    return "no interval: all users of each arm have the same outcome"
