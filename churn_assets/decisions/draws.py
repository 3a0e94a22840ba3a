"""Random sides of the users of one snapshot: holdout, control of an arm, exploration."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from churn_assets.decisions.holdout import is_control, is_explored, is_holdout, is_usual

if TYPE_CHECKING:
    from datetime import date

    import polars as pl

    from churn_assets.decisions.options import Option
    from churn_assets.decisions.problem import Flags, Ints
    from churn_assets.settings.decisions import Decisions


@dataclass(frozen=True)
class Draws:
    """Sides of the users: holdout, exploration and business as usual (users,), control (users, options).

    Nobody of the holdout is treated as usual.
    """

    holdout: Flags
    control: Flags
    exploration: Flags
    usual: Flags

    @classmethod
    def of(cls, users: pl.DataFrame, options: tuple[Option, ...], settings: Decisions, snapshot: date) -> Draws:
        """Draw for one row per user, by `unit_id`."""
        ids = users["unit_id"]
        drawn = {arm.arm: is_control(ids, settings, arm).to_numpy() for arm in settings.arms if arm.control_share}
        nobody = np.zeros(len(users), dtype=np.bool_)
        control = [drawn.get(option.arm.arm, nobody) for option in options]
        holdout = is_holdout(ids, settings, snapshot).to_numpy()
        return cls(
            holdout,
            np.column_stack(control) if control else np.zeros((len(users), 0), dtype=np.bool_),
            is_explored(ids, settings, snapshot).to_numpy(),
            is_usual(ids, settings, snapshot).to_numpy() & ~holdout if settings.usual_share else nobody,
        )

    @property
    def left_alone(self) -> Flags:
        """(users, options): whether chance keeps the option from the user if the policy intends it."""
        return np.asarray(self.control | (self.holdout | self.exploration | self.usual)[:, None])

    @property
    def not_as_usual(self) -> Flags:
        """(users, options): whether chance keeps the option from the user if business as usual intends it."""
        return np.asarray(self.control | ~self.usual[:, None])

    def reason(self, options: Ints) -> np.ndarray[Any, Any]:
        """Which side leaves each user alone, given the `options` that are intended on it; None: no side does."""
        controlled = self.control[np.arange(len(options)), options]
        sides = [self.holdout, controlled, self.exploration & ~self.usual]
        return np.select(sides, ["holdout", "control", "exploration"], None)  # type: ignore[call-overload,no-any-return]
