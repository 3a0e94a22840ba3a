"""Policies: preferences and expected gains of options per user. Limits and random draws follow, alike for all."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from churn_assets.decisions.learned import learned_gains, stopped_options
from churn_assets.decisions.options import Gains, Option, gains
from churn_assets.decisions.problem import Flags, Ints

if TYPE_CHECKING:
    from churn_assets.settings.decisions import Decisions

REASONS = ("reason_1", "reason_2", "reason_3")
NEVER, ANY_REASON = 99, len(REASONS)


@dataclass(frozen=True)
class Policy:
    """Gains and preferences of every option for every candidate, without limits.

    `by_reason`: an arm answers reasons, and the main reason goes first, arms for any reason last; otherwise only gain
    counts. `learns`: gains as measured, as far as anything has been; otherwise as the catalogue assumes.
    """

    name: str
    by_reason: bool = False
    learns: bool = False

    def gains(
        self,
        candidates: pl.DataFrame,
        options: tuple[Option, ...],
        settings: Decisions,
        measured: pl.DataFrame | None = None,
    ) -> Gains:
        """(users, options) expected and cautious gains. `measured`: effects.user_effects of these users."""
        assumed = gains(candidates, options, settings)
        return (
            learned_gains(candidates, options, assumed, measured) if self.learns and measured is not None else assumed
        )

    def stopped(self, options: tuple[Option, ...], measured: pl.DataFrame | None = None) -> Flags:
        """(options,). Whether each may only be given to users for whom it pays, as it loses money on average."""
        if self.learns and measured is not None:
            return stopped_options(options, measured)
        return np.zeros(len(options), dtype=np.bool_)

    def preferences(self, candidates: pl.DataFrame, options: tuple[Option, ...]) -> Ints:
        """(users, options): a user gets one of the lowest number that is available and pays; NEVER: none."""
        if self.by_reason:
            return answered(candidates, options)
        return np.zeros((len(candidates), len(options)), dtype=np.int64)


POLICIES: dict[str, Policy] = {
    policy.name: policy for policy in (Policy("rules", by_reason=True), Policy("value"), Policy("learned", learns=True))
}


def answered(candidates: pl.DataFrame, options: tuple[Option, ...]) -> Ints:
    """(users, options): position among the user's reasons of the first that the arm answers, else NEVER."""
    positions = np.full((len(candidates), len(options)), NEVER, dtype=np.int64)
    for column, option in enumerate(options):
        if not option.arm.answers:
            positions[:, column] = ANY_REASON
        for position in reversed(range(len(REASONS))):
            positions[_is_in(candidates[REASONS[position]], option.arm.answers), column] = position
    return positions


def is_treatable(candidates: pl.DataFrame, options: tuple[Option, ...], settings: Decisions) -> Flags:
    """(users, options): whether the user's tier is one the arm is for."""
    tiers = candidates["risk_tier"]
    columns = [_is_in(tiers, option.arm.risk_tiers or settings.max_risk_tiers) for option in options]
    return np.column_stack(columns) if columns else np.zeros((len(candidates), 0), dtype=np.bool_)


# Settings that came later: at their defaults a plan is what it was before, and has the version that it had.
LATER = (
    "holdout_draw",
    "usual_share",
    "usual_policy",
    "usual_draw",
    "random_draw",
    "sampled_share",
    "sampled_limit_share",
    "sampled_floor_share",
    "waiting",
    "rest_days",
    "send_slots",
    "send_slot_floor_share",
)


def policy_version(settings: Decisions) -> str:
    """The policy's name and 8 hex digits of a hash over all decision settings: any change gives another version."""
    fields = type(settings).model_fields
    unset = {name for name in LATER if getattr(settings, name) == fields[name].default}
    # How a policy comes into use is no part of what it plans.
    text = json.dumps(settings.model_dump(mode="json", exclude={*unset, "policy_promotion"}), sort_keys=True)
    return f"{settings.policy}-{hashlib.sha256(text.encode()).hexdigest()[:8]}"


def _is_in(values: pl.Series, among: tuple[str, ...]) -> Flags:
    return values.is_in(list(among)).fill_null(value=False).to_numpy()
