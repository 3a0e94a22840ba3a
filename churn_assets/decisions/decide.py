"""One recorded decision per candidate: what suits, what fits, who is left alone by chance. Nothing is sent here."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from churn_assets.contracts.decision_ledger import NO_ARM, DecisionLedger
from churn_assets.decisions.allocation import Allocation, allocate
from churn_assets.decisions.candidates import checked_candidates
from churn_assets.decisions.holdout import is_control, is_explored, is_holdout, treated_share
from churn_assets.decisions.keys import stable_keys
from churn_assets.decisions.options import Flags, Gains, Ints, Option, hindrances, options_of
from churn_assets.decisions.policies import NEVER, POLICIES, REASONS, answered, is_treatable, policy_version

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date

    from churn_assets.sections_decisions import Decisions


@dataclass(frozen=True)
class Decided:
    """`ledger`: one row per candidate, sorted by user. `allocation`: how limits were used, in the same order."""

    ledger: pl.DataFrame
    allocation: Allocation


def decide(
    candidates: pl.DataFrame, settings: Decisions, snapshot: date, groups: Mapping[str, pl.Series] | None = None
) -> Decided:
    """Make the decision ledger of one snapshot with the policy that is set.

    `candidates`: one row per eligible user (`decisions.candidates.Candidates`); `groups`: ids of members by name, for
    the fairness floor. Amounts in the currency of orders. The binding constraint is the first that applies of low_risk;
    a hindrance (what the best option runs into), no_gain; budget, capacity, channel_capacity; holdout, control,
    exploration. Only the last three leave a user alone by chance, so only there intended_arm differs from arm.
    Raises ValueError on no candidates or a foreign snapshot, pandera SchemaErrors on candidates that break a rule.
    """
    users, options = checked_candidates(candidates, snapshot), options_of(settings)
    policy = POLICIES[settings.policy]
    gains, preferences = policy.gains(users, options, settings), policy.preferences(users, options)
    treatable = is_treatable(users, options, settings)
    enough = users["value_at_risk_amount"].to_numpy()[:, None] >= [[o.arm.min_value_amount for o in options]]
    pays = treatable & enough & (preferences < NEVER) & (gains.cautious > 0)
    stops = hindrances(users, options)
    is_open = pays & (stops == None)  # noqa: E711 - element by element
    first = np.where(is_open, preferences, NEVER).min(axis=1, initial=NEVER)[:, None]
    profits = np.where(is_open & (preferences == first), gains.cautious, -np.inf)
    draws = _Draws.of(users, options, settings, snapshot)
    members = {name: users["user_id"].is_in(ids.to_list()).to_numpy() for name, ids in (groups or {}).items()}
    allocation = allocate(profits, draws.left_alone, options, settings, members)
    refusals = _refusals(treatable, np.where(pays, gains.cautious, -np.inf), stops, is_open)
    ledger = _ledger(users, options, settings, snapshot, allocation, gains, draws, refusals)
    return Decided(DecisionLedger.validate(ledger, lazy=True), allocation)


@dataclass(frozen=True)
class _Draws:
    """Sides of the users: holdout and exploration (users,), control (users, options)."""

    holdout: Flags
    control: Flags
    exploration: Flags

    @classmethod
    def of(cls, users: pl.DataFrame, options: tuple[Option, ...], settings: Decisions, snapshot: date) -> _Draws:
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
        return np.asarray(self.control | (self.holdout | self.exploration)[:, None])

    def reason(self, options: Ints) -> np.ndarray[Any, Any]:
        """What left a user alone who was meant to get `options`; None: nothing did."""
        controlled = self.control[np.arange(len(options)), options]
        sides = [self.holdout, controlled, self.exploration]
        return np.select(sides, ["holdout", "control", "exploration"], None)  # type: ignore[call-overload,no-any-return]


def _refusals(treatable: Flags, worth: np.ndarray[Any, Any], stops: np.ndarray[Any, Any], is_open: Flags) -> Any:
    """Per user why no option can be had, None where one can."""
    users = len(treatable)
    found = np.full(users, None, dtype=object)
    if treatable.size:
        best = worth.argmax(axis=1)
        found = np.where(worth.max(axis=1) > -np.inf, stops[np.arange(users), best], "no_gain")
    found = np.where(treatable.any(axis=1), found, "low_risk" if treatable.size else "no_gain")
    found[is_open.any(axis=1)] = None
    return found


def _ledger(
    users: pl.DataFrame, options: tuple[Option, ...], settings: Decisions, snapshot: date,
    allocation: Allocation, gains: Gains, draws: _Draws, refusals: Any,
) -> pl.DataFrame:  # fmt: skip
    version = policy_version(settings)
    meant, chosen = allocation.options >= 0, np.maximum(allocation.options, 0)
    here = np.arange(len(users))
    kinds = [limit.name.split(":")[0] for limit in allocation.limits]
    shortages = np.array([*kinds, None], dtype=object)[allocation.shortages]
    chance = draws.reason(chosen) if options else np.full(len(users), None, dtype=object)
    binding = np.where(meant, chance, np.where(allocation.shortages >= 0, shortages, refusals))
    acted = meant & ~allocation.is_left_alone
    slots = answered(users, options)

    def pick(values: list[Any], where: Flags, other: Any, dtype: Any = pl.String) -> pl.Series:
        among = np.array([*values, other], dtype=object)
        return pl.Series(among[np.where(where, chosen, len(values))].tolist(), dtype=dtype)

    shares = np.array([treated_share(option.arm, settings) for option in options] or [1.0])[chosen]
    slot = slots[here, chosen] if options else here * 0
    reason = [REASONS[place if place < len(REASONS) else 0] for place in slot]
    reasons = users.select(REASONS).to_dict(as_series=False)
    expected = gains.expected[here, chosen] if options else here * 0.0
    costs = np.array([option.level.cost_amount for option in options] or [0.0])[chosen]
    return users.select(
        stable_keys(f"{version}|{snapshot.isoformat()}|" + users["user_id"]).alias("decision_id"),
        "user_id",
        "snapshot_date",
        policy_version=pl.lit(version),
        arm=pick([o.arm.arm for o in options], acted, NO_ARM),
        # Over the draw of this user's own sides; where nothing was meant, leaving alone is certain.
        propensity=pl.Series(np.where(acted, shares, np.where(meant, 1 - shares, 1.0))),
        is_holdout=pl.Series(draws.holdout),
        is_exploration=pl.Series(binding == "exploration", dtype=pl.Boolean),
        binding_constraint=pl.Series(binding.tolist(), dtype=pl.String),
        expected_gain_amount=pl.Series(np.where(acted, expected, 0.0)),
        expected_cost_amount=pl.Series(np.where(acted, costs, 0.0)),
        decided_at=pl.col("snapshot_date").cast(pl.Datetime("us")),
        intended_arm=pick([o.arm.arm for o in options], meant, NO_ARM),
        channel=pick([o.arm.channel for o in options], acted, None),
        reason=pl.Series([reasons[name][n] if meant[n] else None for n, name in enumerate(reason)], dtype=pl.String),
        value_at_risk_amount="value_at_risk_amount",
        churn_probability="churn_probability",
        level=pick([o.level.level for o in options], acted, None),
        intended_level=pick([o.level.level for o in options], meant, None),
    )
