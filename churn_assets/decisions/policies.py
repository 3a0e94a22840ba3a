"""Policies: preferences and expected gains of options per user. Limits and random draws follow, alike for all."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Protocol

import numpy as np
import polars as pl

from churn_assets.decisions.learned import learned_gains
from churn_assets.decisions.options import Gains, Option, gains
from churn_assets.decisions.problem import Flags, Ints

if TYPE_CHECKING:
    from churn_assets.settings.decisions import Decisions

REASONS = ("reason_1", "reason_2", "reason_3")
NEVER, ANY_REASON = 99, len(REASONS)


class Policy(Protocol):
    """Gains and preferences of every option for every candidate, without limits."""

    name: str

    def gains(
        self,
        candidates: pl.DataFrame,
        options: tuple[Option, ...],
        settings: Decisions,
        measured: pl.DataFrame | None = None,
    ) -> Gains:
        """(users, options) expected and cautious gains. `measured`: effects.user_effects of these users."""
        ...

    def preferences(self, candidates: pl.DataFrame, options: tuple[Option, ...]) -> Ints:
        """(users, options): a user gets one of the lowest number that is available and pays; NEVER: none."""
        ...


class RulesPolicy:
    """An arm answers reasons; the main reason goes first, arms for any reason last."""

    name = "rules"

    def gains(
        self,
        candidates: pl.DataFrame,
        options: tuple[Option, ...],
        settings: Decisions,
        measured: pl.DataFrame | None = None,  # noqa: ARG002 - it goes by the catalogue alone
    ) -> Gains:
        """As assumed by the catalogue."""
        return gains(candidates, options, settings)

    def preferences(self, candidates: pl.DataFrame, options: tuple[Option, ...]) -> Ints:
        """The number of the first reason of the user that the arm answers."""
        return answered(candidates, options)


class ValuePolicy:
    """The option of highest gain: reasons do not narrow the choice."""

    name = "value"

    def gains(
        self,
        candidates: pl.DataFrame,
        options: tuple[Option, ...],
        settings: Decisions,
        measured: pl.DataFrame | None = None,  # noqa: ARG002 - it goes by the catalogue alone
    ) -> Gains:
        """As assumed by the catalogue."""
        return gains(candidates, options, settings)

    def preferences(self, candidates: pl.DataFrame, options: tuple[Option, ...]) -> Ints:
        """All equal."""
        return np.zeros((len(candidates), len(options)), dtype=np.int64)


class LearnedPolicy:
    """The option of highest measured gain; where nothing has been measured yet, the catalogue's assumption stands."""

    name = "learned"

    def gains(
        self,
        candidates: pl.DataFrame,
        options: tuple[Option, ...],
        settings: Decisions,
        measured: pl.DataFrame | None = None,
    ) -> Gains:
        """As assumed, left behind as evidence comes."""
        assumed = gains(candidates, options, settings)
        return assumed if measured is None else learned_gains(candidates, options, assumed, measured)

    def preferences(self, candidates: pl.DataFrame, options: tuple[Option, ...]) -> Ints:
        """All equal."""
        return np.zeros((len(candidates), len(options)), dtype=np.int64)


POLICIES: dict[str, Policy] = {policy.name: policy for policy in (RulesPolicy(), ValuePolicy(), LearnedPolicy())}


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


def policy_version(settings: Decisions) -> str:
    """The policy's name and 8 hex digits of a hash over all decision settings: any change gives another version."""
    text = json.dumps(settings.model_dump(mode="json"), sort_keys=True)
    return f"{settings.policy}-{hashlib.sha256(text.encode()).hexdigest()[:8]}"


def _is_in(values: pl.Series, among: tuple[str, ...]) -> Flags:
    return values.is_in(list(among)).fill_null(value=False).to_numpy()
