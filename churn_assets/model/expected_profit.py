"""The expected maximum profit of a ranking (Verbraken, Verbeke, Baesens 2013; EMPC).

The share g of the churners that an offer keeps is unknown: it is beta distributed, and the measure is the mean over g
of the profit (model/profit.py) at the threshold that is best for that g. These thresholds are found on the rows
themselves, as the measure says.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.optimize import isotonic_regression
from scipy.special import betainc

from churn_assets.model.profit import gains, thresholds

if TYPE_CHECKING:
    import numpy.typing as npt

    from churn_assets.model.matrix import Floats
    from churn_assets.settings import Profit


def expected_maximum_profit(
    is_churned: npt.NDArray[np.bool_], churn_probability: Floats, settings: Profit
) -> tuple[float, float]:
    """(amount per user, share of users then flagged), in closed form over the convex hull of the ROC curve.

    Between two acceptances at which the best threshold changes it is one corner of the hull, where profit is linear in
    g: the integral is an incomplete beta function, without numerical integration.
    """
    _, churners, stayers = thresholds(is_churned, churn_probability)
    rows = np.diff(churners + stayers, prepend=0.0)
    hull = isotonic_regression(np.diff(churners, prepend=0.0) / rows, weights=rows, increasing=False)
    corners = hull.blocks[1:] - 1
    churners, stayers = np.append(0.0, churners[corners]), np.append(0.0, stayers[corners])
    _, lost_amount = gains(settings)
    value = settings.user_value_amount - settings.offer_cost_amount
    new_churners, new_stayers = np.diff(churners), np.diff(stayers)
    # A step of the hull pays from the acceptance at which what its churners earn covers what its stayers cost.
    pays = np.full(new_churners.size, np.inf)
    cost_per_churner = np.divide(lost_amount * new_stayers, new_churners, out=pays, where=new_churners > 0)
    acceptances = np.clip((cost_per_churner + settings.contact_cost_amount) / value, 0.0, 1.0)
    a, b = settings.acceptance_alpha, settings.acceptance_beta
    edges = np.concatenate([[0.0], acceptances, [1.0]])
    chance, mean = np.diff(betainc(a, b, edges)), a / (a + b) * np.diff(betainc(a + 1, b, edges))
    amount = churners * (value * mean - settings.contact_cost_amount * chance) - lost_amount * stayers * chance
    return float(amount.sum() / is_churned.size), float(((churners + stayers) * chance).sum() / is_churned.size)
