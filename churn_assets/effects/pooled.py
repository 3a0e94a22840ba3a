"""One effect out of many weeks: assigned by chance, compared week by week, and each user once in the error.

Of a stratum (a campaign, or a period of it in which the allocation stayed) only the difference between its sides
counts, never that between weeks. With T whether a user was treated, p the probability of that, and Y the outcome, all
less the mean of the stratum,

    effect = sum((T - p) Y) / sum((T - p) T),

which is the regression of Y on T with an intercept per stratum where p is constant in it (Frisch and Waugh, 1933), and
stays right where p differs from user to user (Robins, Mark and Newey, Biometrics 1992). A week weighs as much as it can
tell: users x p x (1 - p). The error adds up each user's share over all weeks first, since who is left alone for ever is
in every one of them (Liang and Zeger, Biometrika 1986).

Values from before the assignment (`covariates`) take out of Y what was there already (CUPED: Deng et al., WSDM 2013);
they cannot move the effect, since chance has not looked at them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl
from scipy import stats

Floats = npt.NDArray[np.float64]

CONFIDENCE = 0.95
FEWEST_USERS = 2  # per side of a stratum; one value has no variance
# Of the variance of an effect: then the interval is that of one user's purchase rather than of the arm.
ONE_USER_SHARE = 0.25
MANY_USERS = 30  # among fewer, somebody always is a large share
ROUNDING = 1e-12  # an error smaller than this share of the outcomes is that of their doubles


@dataclass(frozen=True)
class PooledEffect:
    """Users who were compared, means (a week weighs the same on both sides), and the effect with its 95 % interval.

    `mean` less `control_mean` is the difference as it was, `effect` that without what was there before. `error`:
    standard error. `variance_saved_share`: of the variance without covariates. None without an interval;
    `notes` say why, and what is odd about the figures.
    """

    users: int
    control_users: int
    mean: float | None = None
    control_mean: float | None = None
    effect: float | None = None
    error: float | None = None
    low: float | None = None
    high: float | None = None
    p_value: float | None = None
    variance_saved_share: float | None = None
    notes: tuple[str, ...] = ()


def pooled_effect(rows: pl.DataFrame, value: str, covariates: Sequence[str] = ()) -> PooledEffect:
    """`rows`: one per assignment, with stratum, user_id, is_treated, propensity (of the treatment, given that it was
    that or nothing), the `value` and the `covariates` (null: the mean). Strata without two users on both sides tell
    nothing and are left out, as are rows without a value (nothing was measured, such as an answer nobody gave).
    """
    known = rows.filter(pl.col(value).is_not_null() & pl.col(value).is_finite())
    sides = pl.col("is_treated").sum().over("stratum"), (~pl.col("is_treated")).sum().over("stratum")
    used = known.filter(pl.min_horizontal(*sides) >= FEWEST_USERS)
    treated, control = int(used["is_treated"].sum()), int((~used["is_treated"]).sum())
    if used.is_empty():
        counts = int(known["is_treated"].sum()), int((~known["is_treated"]).sum())
        sizes = f"{counts[0]:,} treated and {counts[1]:,} control users"
        why = f"no interval: {sizes}, {FEWEST_USERS} of each needed in one week"
        return PooledEffect(*counts, notes=(why,))
    strata = _Strata.of(used)
    values = used[value].cast(pl.Float64).to_numpy()
    outcome = strata.centred(values)
    adjusted = _without(outcome, _covariates(used, covariates, strata), strata)
    estimate, raw = _estimate(adjusted, strata), _estimate(outcome, strata)
    control_mean = strata.control_mean(values)
    left_out = rows.height - used.height
    notes = (f"{left_out:,} users of weeks without both sides, or without the value, left out",) if left_out else ()
    if is_rounding(float(np.sqrt(estimate.variance)), values):
        notes = ("no interval: all users of each side have the same outcome", *notes)
        return PooledEffect(treated, control, control_mean + raw.effect, control_mean, estimate.effect, notes=notes)
    error = float(np.sqrt(estimate.variance))
    reach = float(stats.t.ppf((1 + CONFIDENCE) / 2, estimate.freedom)) * error
    notes = (*about_one_user(estimate.largest_share, used.height), *notes)
    return PooledEffect(
        users=treated,
        control_users=control,
        mean=control_mean + raw.effect,
        control_mean=control_mean,
        effect=estimate.effect,
        error=error,
        low=estimate.effect - reach,
        high=estimate.effect + reach,
        p_value=float(2 * stats.t.sf(abs(estimate.effect) / error, estimate.freedom)),
        variance_saved_share=1 - estimate.variance / raw.variance if covariates and raw.variance else None,
        notes=notes,
    )


def is_rounding(error: float, outcomes: Floats) -> bool:
    """Whether an error is none: 3,001 times 14.70 have a mean that is not 14.70, and seem to differ from it."""
    return error <= ROUNDING * float(np.abs(outcomes).max(initial=0.0))


def about_one_user(largest_share: float, users: int) -> tuple[str, ...]:
    """A note where one of many users makes much of the variance."""
    if largest_share <= ONE_USER_SHARE or users < MANY_USERS:
        return ()
    return (f"one user makes {largest_share:.0%} of the variance: look at that user's orders",)


@dataclass(frozen=True)
class _Strata:
    """Per row: its stratum, side and user as numbers from 0, and what the side says beyond its probability."""

    codes: npt.NDArray[np.int64]
    sizes: Floats
    is_treated: npt.NDArray[np.bool_]
    surprise: Floats
    users: npt.NDArray[np.int64]

    @classmethod
    def of(cls, rows: pl.DataFrame) -> _Strata:
        codes = numbered(rows["stratum"])
        is_treated = rows["is_treated"].to_numpy()
        bare = cls(codes, np.bincount(codes).astype(np.float64), is_treated, np.empty(0), numbered(rows["user_id"]))
        surprise = bare.centred(is_treated - rows["propensity"].cast(pl.Float64).to_numpy())
        return cls(codes, bare.sizes, is_treated, surprise, bare.users)

    def centred(self, values: Floats) -> Floats:
        """Less the mean of the stratum."""
        return np.asarray(values - (np.bincount(self.codes, weights=values) / self.sizes)[self.codes])

    def control_mean(self, values: Floats) -> float:
        """Of the control sides, each stratum weighing as much as in the effect."""
        weights = np.bincount(self.codes, weights=self.surprise * self.is_treated)
        is_control = ~self.is_treated
        sums = np.bincount(self.codes[is_control], weights=values[is_control], minlength=len(self.sizes))
        users = np.bincount(self.codes[is_control], minlength=len(self.sizes))
        return float(np.average(sums / users, weights=weights))


@dataclass(frozen=True)
class _Estimate:
    effect: float
    variance: float
    freedom: float
    largest_share: float


def _estimate(outcome: Floats, strata: _Strata) -> _Estimate:
    treatment = strata.centred(strata.is_treated.astype(np.float64))
    total = float((strata.surprise * strata.is_treated).sum())
    effect = float((strata.surprise * outcome).sum()) / total
    shares = strata.surprise * (outcome - effect * treatment) / total
    sides = 2 * strata.codes + strata.is_treated
    users_of_side = np.bincount(sides, minlength=2 * len(strata.sizes)).astype(np.float64)
    shares *= np.sqrt(users_of_side / (users_of_side - 1))[sides]  # as in Welch's variances: n - 1, not n
    of_users = np.bincount(strata.users, weights=shares) ** 2
    variance = float(of_users.sum())
    of_sides = np.bincount(sides, weights=shares**2, minlength=len(users_of_side))
    spread = float((of_sides**2 / (users_of_side - 1)).sum())
    # Satterthwaite's degrees of freedom over all sides.
    freedom = float(of_sides.sum() ** 2 / spread) if spread else 1.0
    return _Estimate(effect, variance, freedom, float(of_users.max() / variance) if variance else 0.0)


def _covariates(rows: pl.DataFrame, names: Sequence[str], strata: _Strata) -> Floats:
    """Columns as they differ within strata; those that do not differ are left out."""
    columns = [strata.centred(rows[name].cast(pl.Float64).to_numpy()) for name in names if rows[name].null_count() == 0]
    columns += [
        strata.centred(rows[name].cast(pl.Float64).fill_null(strategy="mean").fill_null(0.0).to_numpy())
        for name in names
        if rows[name].null_count()
    ]
    spread = [(column, float(column.std())) for column in columns]
    used = [column / deviation for column, deviation in spread if deviation > 0]
    return np.column_stack(used) if used else np.empty((rows.height, 0))


def _without(outcome: Floats, covariates: Floats, strata: _Strata) -> Floats:
    """`outcome` less what the covariates say about it, the treatment being held fixed."""
    if not covariates.shape[1]:
        return outcome
    treatment = strata.centred(strata.is_treated.astype(np.float64))
    design = np.column_stack([treatment, covariates])
    # By the normal equations: a row per assignment of 52 weeks, but a handful of columns.
    slopes = np.linalg.lstsq(design.T @ design, design.T @ outcome, rcond=None)[0]
    return np.asarray(outcome - covariates @ slopes[1:])


def numbered(values: pl.Series) -> npt.NDArray[np.int64]:
    return (values.rank("dense") - 1).cast(pl.Int64).to_numpy()
