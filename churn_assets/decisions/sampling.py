"""Thompson sampling with exact chances: an option is given as often as it is likely to be the best for the user.

What is believed of an option's margin for a user, after its cost, is a normal distribution: the catalogue's assumption,
which may be as wrong as it is large, and the measured effect with its own error, averaged by their precision. Giving
nothing earns exactly nothing. Nobody draws from these distributions: that an option is the best of those open is
worked out by quadrature, mixed with a floor that all options and none share equally, and one draw by the stable hash
goes by these chances. So whatever the quadrature is worth, the chance on record is that of the draw that was made.

Effects are learned from windows that have closed, so an answer counts from a window later on; until then options are
given by what was known before. A user whose options would not fit into the side's share of a limit is left to the
policy, whatever would be drawn, as on the random side.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl
from scipy import special

from churn_assets.decisions.learned import LEAST_ASSUMED
from churn_assets.decisions.options import Gains, Option

if TYPE_CHECKING:
    from collections.abc import Sequence

    from churn_assets.decisions.problem import Flags, Floats

NODES = 41  # of the quadrature; with 4 options chances are right to 0.003 by it
CHUNK = 20_000  # users at a time: with 10 options 160 MB
BELOW = 1.2815515655446004  # errors between an effect and its lower bound (effects.user_effects)


def beliefs(
    users: pl.DataFrame, options: Sequence[Option], assumed: Gains, measured: pl.DataFrame | None
) -> tuple[Floats, Floats]:
    """(mean, standard deviation) of the margin after costs, (users, options). `measured`: contract UserEffects."""
    costs = np.array([option.level.cost_amount for option in options])
    mean = assumed.expected - costs
    spread = np.maximum(np.abs(assumed.expected).mean(axis=0, keepdims=True), LEAST_ASSUMED)
    deviation = np.repeat(spread, len(users), axis=0)
    if measured is None:
        return mean, deviation
    for column, option in enumerate(options):
        rows = users.select("user_id").join(
            measured.filter(pl.col("treatment") == option.treatment),
            on="user_id", how="left", maintain_order="left", validate="1:1",
        )  # fmt: skip
        known = rows["margin_effect_amount"].is_not_null().to_numpy()
        if not known.any():
            continue
        effect = rows["margin_effect_amount"].to_numpy()[known]
        error = np.maximum((effect - rows["margin_low_amount"].to_numpy()[known]) / BELOW, 1e-9)
        prior = deviation[known, column]
        weight = prior**2 / (prior**2 + error**2)
        mean[known, column] = (1 - weight) * mean[known, column] + weight * effect
        deviation[known, column] = prior * error / np.sqrt(prior**2 + error**2)
    return mean, deviation


def chances(mean: Floats, deviation: Floats, is_open: Flags, floor_share: float) -> Floats:
    """(users, options + 1), the last of none; each row adds up to 1, and an option that is not open has 0.

    `floor_share`: of the chance, what open options and none share equally.
    """
    parts = [
        _best(mean[first : first + CHUNK], deviation[first : first + CHUNK], is_open[first : first + CHUNK])
        for first in range(0, len(mean), CHUNK)
    ]
    best = np.concatenate(parts) if parts else np.empty((0, is_open.shape[1] + 1))
    among = np.column_stack([is_open, np.ones(len(is_open), dtype=np.bool_)])
    mixed = (1 - floor_share) * best + floor_share * among / among.sum(axis=1, keepdims=True)
    return np.asarray(mixed / mixed.sum(axis=1, keepdims=True))


def _best(mean: Floats, deviation: Floats, is_open: Flags) -> Floats:
    """How likely each option, and none, is to be the best."""
    nodes, weights = np.polynomial.hermite_e.hermegauss(NODES)
    weights = weights / weights.sum()
    users, options = mean.shape
    likely = np.zeros((users, options + 1))
    likely[:, -1] = np.where(is_open, special.ndtr(-mean / deviation), 1.0).prod(axis=1)
    for option in range(options):
        at = mean[:, option, None] + deviation[:, option, None] * nodes  # (users, nodes)
        below = (at[:, None, :] - mean[:, :, None]) / deviation[:, :, None]
        others = np.where(is_open[:, :, None], special.ndtr(below), 1.0)
        others[:, option, :] = 1.0
        likely[:, option] = np.where(is_open[:, option], ((at > 0) * others.prod(axis=1)) @ weights, 0.0)
    return np.asarray(likely / likely.sum(axis=1, keepdims=True))
