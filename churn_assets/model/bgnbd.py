"""BG/NBD (Fader, Hardie, Lee 2005): how many purchases a user with this history makes next. Pure numpy and scipy.

A user is alive at first, buys at an individual rate and churns after a purchase with an individual probability. The
history is three numbers: repeat purchases x, time of the last one t_x and time observed T, both counted from the first
purchase, in any one unit; the times asked about are in the same unit.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.optimize import minimize
from scipy.special import digamma, gammaln, hyp2f1

from churn_assets.model.matrix import Floats

DECIMALS = 6  # beyond them is the optimiser's noise
# Where users never churn, or all alike, the likelihood has no maximum. Beyond 100 for a and b predictions stay the
# same, and the series would overflow.
BOUNDS = ((1e-3, 1e4), (1e-3, 1e4), (1e-3, 100.0), (1e-3, 100.0))
NEAR_ONE = 1e-4  # the expectation divides by a - 1, and its numerator vanishes there too


@dataclass(frozen=True)
class BgNbd:
    """Rate of buying: gamma(r, alpha); probability of churn after a purchase: beta(a, b)."""

    r: float
    alpha: float
    a: float
    b: float

    def expected_purchases(self, x: Floats, t_x: Floats, T: Floats, within: float) -> Floats:  # noqa: N803
        """Per user, purchases expected in the time `within` after T.

        Euler's transformation of the published formula: its own series overflows for users with many purchases.
        """
        a = self.a if abs(self.a - 1) > NEAR_ONE else 1 + NEAR_ONE
        top = a + self.b + x - 1
        z = within / (self.alpha + T + within)
        stays = (1 - z) ** (a - 1) * hyp2f1(a + self.b - 1 - self.r, a - 1, top, z)
        return np.asarray(top / (a - 1) * (1 - stays) * self.alive(x, t_x, T), dtype=np.float64)

    def alive(self, x: Floats, t_x: Floats, T: Floats) -> Floats:  # noqa: N803
        """Per user, probability of not having churned by T. No risk to act upon: it is 1 for whoever bought once."""
        repeats = np.maximum(x, 1)
        log_odds_churned = (
            np.log(self.a)
            - np.log(self.b + repeats - 1)
            + (self.r + x) * (np.log(self.alpha + T) - np.log(self.alpha + t_x))
        )
        return np.where(x > 0, 1 / (1 + np.exp(np.minimum(log_odds_churned, 700.0))), 1.0)


def fit_bgnbd(x: Floats, t_x: Floats, T: Floats) -> BgNbd:  # noqa: N803
    """Maximum likelihood, the same for any order of the users. Raises ValueError without a repeat purchase."""
    if not (x > 0).any():
        raise ValueError("BG/NBD: no user has bought on a second day; there is no rhythm to fit.")
    histories, users = np.unique(np.column_stack([x, t_x, T]), axis=0, return_counts=True)
    optimum = minimize(
        lambda logs: _loss(np.exp(logs), histories.T, users.astype(np.float64)),
        x0=np.log([1.0, float(np.mean(T)), 1.0, 1.0]), jac=True, method="L-BFGS-B", bounds=np.log(BOUNDS),
        options={"maxiter": 500, "ftol": 1e-12, "gtol": 1e-7},
    )  # fmt: skip
    return BgNbd(*(round(float(value), DECIMALS) for value in np.exp(optimum.x)))


def log_likelihood(model: BgNbd, x: Floats, t_x: Floats, T: Floats) -> float:  # noqa: N803
    """Log-likelihood summed over all users, in nats."""
    parameters = np.array([model.r, model.alpha, model.a, model.b])
    return -_loss(parameters, np.vstack([x, t_x, T]), np.ones(x.size))[0] * x.size


def _loss(parameters: Floats, histories: Floats, users: Floats) -> tuple[float, Floats]:
    """Mean negative log-likelihood per user, and its gradient by the logarithms of the parameters."""
    r, alpha, a, b = parameters
    x, t_x, T = histories  # noqa: N806
    repeats = np.maximum(x, 1)
    fixed = gammaln(r + x) - gammaln(r) + r * np.log(alpha)
    fixed += gammaln(a + b) + gammaln(b + x) - gammaln(b) - gammaln(a + b + x)
    stayed = -(r + x) * np.log(alpha + T)
    left = np.where(x > 0, np.log(a) - np.log(b + repeats - 1) - (r + x) * np.log(alpha + t_x), -np.inf)
    both = np.logaddexp(stayed, left)
    share = np.exp(left - both)  # of the likelihood that comes from having churned
    log_time = (1 - share) * np.log(alpha + T) + share * np.log(alpha + t_x)
    inverse_time = (1 - share) / (alpha + T) + share / (alpha + t_x)
    ends = digamma(a + b) - digamma(a + b + x)
    gradient = np.array([
        digamma(r + x) - digamma(r) + np.log(alpha) - log_time,
        r / alpha - (r + x) * inverse_time,
        ends + share / a,
        ends + digamma(b + x) - digamma(b) - share / (b + repeats - 1),
    ])  # fmt: skip
    total = users.sum()
    return float(-(users * (fixed + both)).sum() / total), -(gradient * users).sum(axis=1) / total * parameters
