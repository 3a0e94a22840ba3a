"""Random sides of the users of one snapshot: holdout, control of an arm, exploration."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from churn_assets.decisions.holdout import is_control, is_explored, is_holdout

if TYPE_CHECKING:
    from datetime import date

    import polars as pl

    from churn_assets.decisions.options import Option
    from churn_assets.decisions.problem import Flags, Ints
    from churn_assets.settings.decisions import Decisions


@dataclass(frozen=True)
class Draws:
    """Sides of the users: holdout and exploration (users,), control (users, options)."""

    holdout: Flags
    control: Flags
    exploration: Flags

    @classmethod
    def of(cls, users: pl.DataFrame, options: tuple[Option, ...], settings: Decisions, snapshot: date) -> Draws:
        """Draw for one row per user, by `unit_id`."""
        ids = users["unit_id"]
        drawn = {arm.arm: is_control(ids, settings, arm).to_numpy() for arm in settings.arms if arm.control_share}
        nobody = np.zeros(len(users), dtype=np.bool_)
        control = [drawn.get(option.arm.arm, nobody) for option in options]
        return cls(
            is_holdout(ids, settings).to_numpy(),
            np.column_stack(control) if control else np.zeros((len(users), 0), dtype=np.bool_),
            is_explored(ids, settings, snapshot).to_numpy(),
        )

    @property
    def left_alone(self) -> Flags:
        """(users, options): whether chance leaves the user alone if the option is intended."""
        return np.asarray(self.control | (self.holdout | self.exploration)[:, None])

    def reason(self, options: Ints) -> np.ndarray[Any, Any]:
        """Which side leaves each user alone, given intended `options`; None: no side does."""
        controlled = self.control[np.arange(len(options)), options]
        sides = [self.holdout, controlled, self.exploration]
        return np.select(sides, ["holdout", "control", "exploration"], None)  # type: ignore[call-overload,no-any-return]
