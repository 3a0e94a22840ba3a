"""What can be done for a user at all: every arm in every strength, with what it is expected to earn and cost."""

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
        """Whether each user who is given it is given a code of raw.coupon_codes with it."""
        return self.arm.code == "pool"

    @property
    def cost_units(self) -> int:
        """What it draws from the budget, rounded up."""
        return -int((-_exact(self.level.cost_amount) * UNITS).to_integral_value(ROUND_FLOOR))


def options_of(settings: Decisions) -> tuple[Option, ...]:
    """Every arm at every level, in the order of the catalogue."""
    return tuple(Option(arm, level) for arm in settings.arms for level in arm.strengths())


def budget_units(settings: Decisions) -> int:
    """The budget, rounded down."""
    return int((_exact(settings.budget_amount) * UNITS).to_integral_value(ROUND_FLOOR))


@dataclass(frozen=True)
class Gains:
    """(users, options) in the currency of orders: `expected` before the option's cost, `cautious` after it.

    A user kept brings the margin of what was at risk; what the offer gives away is lost with everybody who stays.
    """

    expected: Floats
    cautious: Floats


def gains(candidates: pl.DataFrame, options: tuple[Option, ...], settings: Decisions) -> Gains:
    """What each option earns with each candidate, taken alone, in the order given."""
    at_risk = candidates["value_at_risk_amount"].to_numpy()[:, None]
    leaves = candidates["churn_probability"].to_numpy()[:, None]
    spent = at_risk / leaves
    lost, cost = _row([o.level.margin_loss_share for o in options]), _row([o.level.cost_amount for o in options])

    def earned(lift: Floats) -> Floats:
        kept = settings.margin_share * at_risk * lift
        return np.asarray(kept - lost * spent * (1 - leaves * (1 - lift)))

    return Gains(
        expected=earned(_row([o.level.assumed_lift for o in options])),
        cautious=earned(_row([o.level.cautious_lift for o in options])) - cost,
    )


def hindrances(
    candidates: pl.DataFrame, options: tuple[Option, ...], codes: Mapping[Treatment, int]
) -> npt.NDArray[Any]:
    """(users, options): why the user cannot be given the option now, None where they can.

    `codes`: how many are free, by arm and level. What hinders the channel is told before what hinders the arm.
    """
    found = np.full((len(candidates), len(options)), None, dtype=object)
    for column, option in enumerate(options):
        if option.takes_code and not codes.get(option.key, 0):
            found[:, column] = "no_code"
        wordless = candidates["wordless_arms"].list.contains(option.arm.arm).to_numpy()
        found[wordless, column] = "no_item"
        cooling = candidates["cooling_arms"].list.contains(option.arm.arm).to_numpy()
        found[cooling, column] = "cool_down"
        named = candidates[f"hindrance_{option.arm.channel}"].to_numpy()
        is_closed = candidates[f"hindrance_{option.arm.channel}"].is_not_null().to_numpy()
        found[is_closed, column] = named[is_closed]
    return found


def _row(values: list[float]) -> Floats:
    return np.array(values, dtype=np.float64)[None, :]


def _exact(amount: float) -> Decimal:
    return Decimal(str(amount))
