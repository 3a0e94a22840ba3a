"""For whom an arm works: the effect as a linear function of what was known of a user before chance drew.

With T whether a user was treated, p the probability of that, Y the outcome and z what was known (with a one in front),

    Y - m(z) = (T - p) z'b + error

is fitted by least squares, m(z) being the mean of Y by stratum and z: the residual-on-residual regression of Robinson
(Econometrica 1988), with the p of the ledger instead of an estimated one (the R-learner: Nie and Wager, Biometrika
2021). A line of few columns on purpose: with some ten thousand users and effects of a few points, forests of effects
find noise, and a line has an error that can be stated. Errors are clustered by user, as in `pooled`.

Whether effects differ at all is asked first (`differs_p_value`: a Wald test that all slopes are zero). "Not proven" is
an answer: then everybody has the average effect.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl
from scipy import stats

from churn_assets.effects.pooled import FEWEST_USERS, Floats, is_rounding, numbered

SIGNIFICANT = 0.05
# Per coefficient: with fewer users per side the normal errors of a line are not to be trusted.
FEWEST_PER_SLOPE = 50


@dataclass(frozen=True)
class Uplift:
    """The effect of one treatment on one metric. `centre`, `scale`: of the profile columns `names`.

    `coefficients`: the average effect of the users learned from, then one per column and standard deviation; all slopes
    are zero where effects are not proven to differ (`differs_p_value`).
    """

    names: tuple[str, ...]
    centre: Floats
    scale: Floats
    coefficients: Floats
    covariance: Floats
    differs_p_value: float | None
    is_by_profile: bool
    users: int
    control_users: int

    @property
    def differs(self) -> bool:
        """Whether effects are proven to differ between users."""
        return self.differs_p_value is not None and self.differs_p_value < SIGNIFICANT

    def effects(self, profiles: pl.DataFrame) -> tuple[Floats, Floats]:
        """(effect, its standard error) per row of `profiles`, which have the columns `names`."""
        design = _design(profiles, self.names, self.centre, self.scale)
        if not self.is_by_profile:
            design = design[:, :1]
        size = design.shape[1]
        variance = np.einsum("ij,jk,ik->i", design, self.covariance[:size, :size], design)
        return design @ self.coefficients[:size], np.sqrt(np.maximum(variance, 0.0))


def fit_uplift(
    rows: pl.DataFrame, value: str, names: Sequence[str], *, always_by_profile: bool = False
) -> Uplift | None:
    """`rows`: as of `pooled_effect`, with profile columns `names` (no nulls). Without `always_by_profile` everybody has
    the average effect where effects are not proven to differ. None where chance has left too few users on a side, or
    all have the same outcome.
    """
    known = rows.filter(pl.col(value).is_not_null() & pl.col(value).is_finite())
    sides = pl.col("is_treated").sum().over("stratum"), (~pl.col("is_treated")).sum().over("stratum")
    used = known.filter(pl.min_horizontal(*sides) >= FEWEST_USERS)
    treated, control = int(used["is_treated"].sum()), int((~used["is_treated"]).sum())
    if min(treated, control) < FEWEST_USERS:
        return None
    outcome = used[value].cast(pl.Float64).to_numpy()
    surprise = used["is_treated"].cast(pl.Float64).to_numpy() - used["propensity"].cast(pl.Float64).to_numpy()
    values = used.select(pl.col(list(names)).cast(pl.Float64)).to_numpy()
    spread = values.std(axis=0)
    is_used = (spread > 0) & (min(treated, control) >= FEWEST_PER_SLOPE * (len(names) + 1))
    kept = tuple(name for name, is_kept in zip(names, is_used, strict=True) if is_kept)
    centre, scale = values[:, is_used].mean(axis=0), spread[is_used]
    design = _design(used, kept, centre, scale)
    codes = numbered(used["stratum"])
    residual = without_level(outcome, design, codes)
    if is_rounding(float(np.abs(residual).max()), outcome):
        return None
    treatment = surprise[:, None] * design
    # An intercept per stratum beside it takes out what chance has left uneven between weeks.
    treatment -= _stratum_means(treatment, codes)
    precision = treatment.T @ treatment
    coefficients = np.linalg.solve(precision, treatment.T @ residual)
    errors = residual - treatment @ coefficients
    covariance = _clustered(treatment, errors, np.linalg.inv(precision), numbered(used["user_id"]))
    differs = _differs(coefficients[1:], covariance[1:, 1:])
    is_by_profile = differs is not None and (always_by_profile or differs < SIGNIFICANT)
    if not is_by_profile:
        alone = treatment[:, :1]
        coefficients = np.zeros(len(kept) + 1)
        coefficients[0] = float((alone[:, 0] @ residual) / (alone[:, 0] @ alone[:, 0]))
        inverse = np.array([[1 / float(alone[:, 0] @ alone[:, 0])]])
        covariance = np.zeros((len(kept) + 1, len(kept) + 1))
        covariance[:1, :1] = _clustered(
            alone, residual - alone[:, 0] * coefficients[0], inverse, numbered(used["user_id"])
        )
    if is_rounding(float(np.sqrt(covariance[0, 0])), outcome):
        return None  # all users of each side have the same outcome
    return Uplift(kept, centre, scale, coefficients, covariance, differs, is_by_profile, treated, control)


def _design(rows: pl.DataFrame, names: Sequence[str], centre: Floats, scale: Floats) -> Floats:
    """A one, and the columns in standard deviations from the mean of the users learned from."""
    values = rows.select(pl.col(list(names)).cast(pl.Float64)).to_numpy() if names else np.empty((rows.height, 0))
    return np.column_stack([np.ones(rows.height), (values - centre) / scale])


def _stratum_means(values: Floats, codes: np.ndarray) -> Floats:
    sizes = np.bincount(codes)
    return np.column_stack([(np.bincount(codes, weights=column) / sizes)[codes] for column in values.T])


def without_level(outcome: Floats, design: Floats, codes: np.ndarray) -> Floats:
    """`outcome` less its mean by stratum and what the profile says about it, treated or not."""
    centred = outcome - _stratum_means(outcome[:, None], codes)[:, 0]
    profile = design[:, 1:] - _stratum_means(design[:, 1:], codes) if design.shape[1] > 1 else design[:, 1:]
    if not profile.shape[1]:
        return np.asarray(centred)
    slopes = np.linalg.lstsq(profile.T @ profile, profile.T @ centred, rcond=None)[0]
    return np.asarray(centred - profile @ slopes)


def _clustered(treatment: Floats, errors: Floats, inverse: Floats, users: np.ndarray) -> Floats:
    """Covariance with each user's rows added up first (Liang and Zeger)."""
    shares = treatment * errors[:, None]
    of_users = np.column_stack([np.bincount(users, weights=column) for column in shares.T])
    groups = len(of_users)
    return np.asarray(inverse @ (of_users.T @ of_users) @ inverse * groups / max(groups - 1, 1))


def _differs(slopes: Floats, covariance: Floats) -> float | None:
    if not slopes.size:
        return None
    statistic = float(slopes @ np.linalg.lstsq(covariance, slopes, rcond=None)[0])
    return float(stats.chi2.sf(statistic, slopes.size))
