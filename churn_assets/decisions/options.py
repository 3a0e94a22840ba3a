"""The options: every arm at every level, with expected gain and cost."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import ROUND_FLOOR, Decimal
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from churn_assets.catalogue.arms import treatment_of
from churn_assets.decisions.problem import Floats

if TYPE_CHECKING:
    from collections.abc import Mapping

    import polars as pl

    from churn_assets.catalogue.arms import Arm, Level
    from churn_assets.settings.decisions import Decisions

Treatment = tuple[str, str | None]  # arm, level
UNITS = 10_000  # units of money in 1.00: floats drift, and a budget may not be exceeded by a cent


@dataclass(frozen=True)
class Option:
    """One arm at one level."""

    arm: Arm
    level: Level

    @property
    def treatment(self) -> str:
        return treatment_of(self.arm.arm, self.level.level)

    @property
    def key(self) -> Treatment:
        return self.arm.arm, self.level.level

    @property
    def takes_code(self) -> bool:
        """Whether each user with the option gets a code of raw.coupon_codes."""
        return self.arm.code == "pool"

    @property
    def cost_units(self) -> int:
        """The cost in budget units, rounded up."""
        return -int((-_exact(self.level.cost_amount) * UNITS).to_integral_value(ROUND_FLOOR))


def options_of(settings: Decisions) -> tuple[Option, ...]:
    """Every arm at every level, in the order of the catalogue."""
    return tuple(Option(arm, level) for arm in settings.arms for level in arm.strengths())


def budget_units(settings: Decisions) -> int:
    """The budget in budget units, rounded down."""
    return int((_exact(settings.budget_amount) * UNITS).to_integral_value(ROUND_FLOOR))


@dataclass(frozen=True)
class Gains:
    """(users, options) in the currency of orders: `expected` before the option's cost, `cautious` after it.

    A kept user brings the margin of the value at risk; the discount of the offer is lost on every user who stays.
    """

    expected: Floats
    cautious: Floats


def gains(candidates: pl.DataFrame, options: tuple[Option, ...], settings: Decisions) -> Gains:
    """The gain of each option for each candidate, independent of limits, in the order given."""
    at_risk = candidates["value_at_risk_amount"].to_numpy()[:, None]
    churn_probability = candidates["churn_probability"].to_numpy()[:, None]
    expected_spend = at_risk / churn_probability
    lost, cost = _row([o.level.margin_loss_share for o in options]), _row([o.level.cost_amount for o in options])

    def earned(lift: Floats) -> Floats:
        margin_kept = settings.margin_share * at_risk * lift
        return np.asarray(margin_kept - lost * expected_spend * (1 - churn_probability * (1 - lift)))

    return Gains(
        expected=earned(_row([o.level.assumed_lift for o in options])),
        cautious=earned(_row([o.level.cautious_lift for o in options])) - cost,
    )


def hindrances(
    candidates: pl.DataFrame, options: tuple[Option, ...], codes: Mapping[Treatment, int]
) -> npt.NDArray[Any]:
    """(users, options): why the user cannot get the option now, None where they can.

    `codes`: number of free codes, by arm and level. A hindrance of the channel comes before one of the arm.
    """
    reasons = np.full((len(candidates), len(options)), None, dtype=object)
    for column, option in enumerate(options):
        if option.takes_code and not codes.get(option.key, 0):
            reasons[:, column] = "no_code"
        wordless = candidates["wordless_arms"].list.contains(option.arm.arm).to_numpy()
        reasons[wordless, column] = "no_item"
        cooling = candidates["cooling_arms"].list.contains(option.arm.arm).to_numpy()
        reasons[cooling, column] = "cool_down"
        channel_hindrance = candidates[f"hindrance_{option.arm.channel}"].to_numpy()
        is_closed = candidates[f"hindrance_{option.arm.channel}"].is_not_null().to_numpy()
        reasons[is_closed, column] = channel_hindrance[is_closed]
    return reasons


def _row(values: list[float]) -> Floats:
    return np.array(values, dtype=np.float64)[None, :]


def _exact(amount: float) -> Decimal:
    return Decimal(str(amount))
