"""The profit of a retention campaign, per ranked user, in the currency of the settings.

A flagged user is contacted at a cost and offered an incentive. A share g of the churners accepts it and is kept, which
earns their value less the incentive; all stayers accept it and earn nothing (Verbraken, Verbeke, Baesens 2013). Here g
is the mean of the beta distribution of the settings; over the whole distribution: model/expected_profit.py.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

    from churn_assets.model.matrix import Floats
    from churn_assets.settings import Profit


def gains(settings: Profit) -> tuple[float, float]:
    """(earned per churner flagged, lost per stayer flagged) at the mean acceptance."""
    acceptance = settings.acceptance_alpha / (settings.acceptance_alpha + settings.acceptance_beta)
    earned = acceptance * (settings.user_value_amount - settings.offer_cost_amount) - settings.contact_cost_amount
    return earned, settings.offer_cost_amount + settings.contact_cost_amount


def break_even(settings: Profit) -> float:
    """The churn probability from which flagging a user pays at the mean acceptance; 1 where it never does."""
    earned, lost = gains(settings)
    return float(lost / (lost + earned)) if earned > 0 else 1.0


def profit_of(is_churned: npt.NDArray[np.bool_], is_flagged: npt.NDArray[np.bool_], settings: Profit) -> float:
    """Amount per user earned by flagging these users, at the mean acceptance."""
    earned, lost = gains(settings)
    return float((earned * (is_churned & is_flagged).sum() - lost * (~is_churned & is_flagged).sum()) / is_churned.size)


def best_threshold(is_churned: npt.NDArray[np.bool_], churn_probability: Floats, settings: Profit) -> float:
    """The probability from which these rows are best flagged at the mean acceptance; of several, the highest.

    1 where flagging nobody is best. Choose it on other rows than those it is evaluated on.
    """
    earned, lost = gains(settings)
    ends, churners, stayers = thresholds(is_churned, churn_probability)
    amounts = earned * churners - lost * stayers
    best = int(amounts.argmax())
    return float(ends[best]) if amounts[best] > 0 else 1.0


def profit_curve(
    is_churned: npt.NDArray[np.bool_], churn_probability: Floats, settings: Profit
) -> tuple[Floats, Floats]:
    """(share of users flagged, amount per user) for every threshold, riskiest first, at the mean acceptance."""
    earned, lost = gains(settings)
    _, churners, stayers = thresholds(is_churned, churn_probability)
    amounts = (earned * churners - lost * stayers) / is_churned.size
    return np.append(0.0, (churners + stayers) / is_churned.size), np.append(0.0, amounts)


def thresholds(y: npt.NDArray[np.bool_], p: Floats) -> tuple[Floats, Floats, Floats]:
    """(probability, churners, stayers) flagged at each distinct probability, from the highest down."""
    order = np.argsort(-p, kind="stable")
    y, p = y[order], p[order]
    ends = np.append(np.flatnonzero(np.diff(p)), p.size - 1)
    churners = np.cumsum(y)[ends].astype(np.float64)
    return p[ends], churners, ends + 1.0 - churners
