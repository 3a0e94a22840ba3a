"""One recorded decision per candidate: policy, limits and random draws. Nothing is sent here."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from churn_assets.contracts.decision_ledger import WAITS, DecisionLedger
from churn_assets.decisions.allocation import Allocation, allocate, limits_of
from churn_assets.decisions.candidates import checked_candidates
from churn_assets.decisions.draws import Draws
from churn_assets.decisions.holdout import treated_share
from churn_assets.decisions.ledger import ledger_rows
from churn_assets.decisions.options import Gains, Option, Treatment, hindrances, options_of
from churn_assets.decisions.options import gains as assumed_gains
from churn_assets.decisions.policies import NEVER, POLICIES, Policy, is_treatable
from churn_assets.decisions.problem import Flags, Floats
from churn_assets.decisions.random_side import random_side, sampled_side
from churn_assets.decisions.sampled import sampled_rows
from churn_assets.decisions.sampling import beliefs, chances
from churn_assets.decisions.sides import side_rows
from churn_assets.decisions.usual import NOTHING, Usual, usual_plan
from churn_assets.decisions.waiting import waiting

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date

    from churn_assets.decisions.waiting import Fatigue
    from churn_assets.settings.decisions import Decisions


@dataclass(frozen=True)
class DecisionResult:
    """`ledger`: one row per candidate, sorted by user. `allocation`: how limits were used, in the same order.
    `random_side`: who was given an option by chance (RandomSide.rows). `sampled`: who was given one as often as it may
    be the best (contract SampledOptions). `sides`: contract PolicySides; `held_back`: HeldBackOptions.
    """

    ledger: pl.DataFrame
    allocation: Allocation
    random_side: pl.DataFrame
    sampled: pl.DataFrame
    sides: pl.DataFrame
    held_back: pl.DataFrame


def decide(
    candidates: pl.DataFrame,
    settings: Decisions,
    snapshot: date,
    groups: Mapping[str, pl.Series] | None = None,
    codes: Mapping[Treatment, int] | None = None,
    measured: pl.DataFrame | None = None,
    fatigue: Fatigue | None = None,
) -> DecisionResult:
    """Make the decision ledger of one snapshot with the policy that is set.

    `candidates`: one row per eligible user (`decisions.candidates.Candidates`); `groups`: ids of members by name, for
    the fairness floor; `codes`: number of free coupon codes, by arm and level; `measured`: effects.user_effects, for
    the policy that learns; `fatigue`: for waiting, None where nobody waits. Amounts in the currency of orders. The
    binding constraint is the first that applies of small_stake; the hindrance of the best option, no_gain; waits;
    budget, capacity, channel_capacity, code_pool; holdout,
    control, exploration, usual. Only the last four leave a user alone against an intention, so only there intended_arm
    differs from arm. On the random side (decisions.random_share) what was drawn is intended; none is random_option.
    Where business as usual (decisions.usual_share) and the policy intend for different users, usual is who gets
    nothing on the own side and would get something on the other.
    Raises ValueError on no candidates or another snapshot, pandera SchemaErrors on candidates that break a rule.
    """
    users, options = checked_candidates(candidates, snapshot), options_of(settings)
    policy = POLICIES[settings.policy]
    gains = policy.gains(users, options, settings, measured)
    treatable = is_treatable(users, options, settings)
    is_valuable_enough = users["value_at_risk_amount"].to_numpy()[:, None] >= [
        [o.arm.min_value_amount for o in options]
    ]
    stops = hindrances(users, options, codes or {})
    is_unhindered = stops == None  # noqa: E711 - element by element
    pays, profits = _profits(policy, gains, users, options, treatable & is_valuable_enough, is_unhindered)
    waits = loses = np.zeros(len(users), dtype=np.bool_)
    if fatigue is not None:
        could = np.isfinite(profits).any(axis=1)
        waits, profits = waiting(profits, users, fatigue)
        loses = could & ~waits & ~np.isfinite(profits).any(axis=1)
    draws = Draws.of(users, options, settings, snapshot)
    is_stopped = policy.stopped(options, measured) & (gains.cautious <= 0)
    is_legal = treatable & is_valuable_enough & is_unhindered & ~is_stopped
    limits = limits_of(options, settings, codes or {})
    random = random_side(is_legal, users, options, draws, settings, snapshot, limits)
    side, sampled = random, sampled_rows(None, users, options, settings, snapshot)
    if settings.sampled_share and options:
        mean, deviation = beliefs(users, options, assumed_gains(users, options, settings), measured)
        among_chances = chances(mean, deviation, random.among, settings.sampled_floor_share)
        by_sampling = sampled_side(random, among_chances, users, draws, settings, snapshot, limits)
        sampled = sampled_rows(by_sampling, users, options, settings, snapshot, among_chances)
        side = random.beside(by_sampling)
    profits[side.is_drawn] = -np.inf
    members = {name: users["user_id"].is_in(ids.to_list()).to_numpy() for name, ids in (groups or {}).items()}
    usual = Usual.nobody(len(users), len(limits))
    if settings.usual_share:
        usual_profits, usual_gains = np.full(is_legal.shape, -np.inf), gains.expected
        if settings.usual_policy != NOTHING:
            as_usual = POLICIES[settings.usual_policy]
            assumed = as_usual.gains(users, options, settings)
            usual_gains = assumed.expected
            usual_profits = _profits(as_usual, assumed, users, options, treatable & is_valuable_enough, is_unhindered)[
                1
            ]
            usual_profits[side.is_drawn] = -np.inf
        usual = usual_plan(
            usual_profits, usual_gains, side.is_member, draws, options, limits, side.used, settings, members
        )
    shares = np.array([treated_share(option.arm, settings) for option in options])
    allocation = allocate(profits, draws.left_alone, limits, side.used + usual.reserved, shares, settings, members)
    allocation = replace(allocation, used=allocation.used - usual.reserved + usual.used)
    refusals = _refusals(treatable, np.where(pays, gains.cautious, -np.inf), stops, pays & is_unhindered)
    refusals[waits], refusals[loses] = WAITS, "no_gain"
    ledger = ledger_rows(users, options, settings, snapshot, allocation, gains, draws, refusals, side, usual)
    return DecisionResult(
        DecisionLedger.validate(ledger, lazy=True),
        allocation,
        random.rows(users, options),
        sampled,
        side_rows(users, options, settings, allocation, draws, side, usual),
        side.held_back_rows(users, options),
    )


def _profits(
    policy: Policy, gains: Gains, users: pl.DataFrame, options: tuple[Option, ...], is_for: Flags, is_unhindered: Flags
) -> tuple[Flags, Floats]:
    """(whether each option suits and pays, its profit, -inf where the user cannot get it or prefers another)."""
    preferences = policy.preferences(users, options)
    pays = is_for & (preferences < NEVER) & (gains.cautious > 0)
    is_open = pays & is_unhindered
    best_preference = np.where(is_open, preferences, NEVER).min(axis=1, initial=NEVER)[:, None]
    return pays, np.where(is_open & (preferences == best_preference), gains.cautious, -np.inf)


def _refusals(treatable: Flags, worth: np.ndarray[Any, Any], stops: np.ndarray[Any, Any], is_open: Flags) -> Any:
    """Per user why no option is available, None where one is."""
    users = len(treatable)
    refusals = np.full(users, None, dtype=object)
    if treatable.size:
        best = worth.argmax(axis=1)
        refusals = np.where(worth.max(axis=1) > -np.inf, stops[np.arange(users), best], "no_gain")
    refusals = np.where(treatable.any(axis=1), refusals, "small_stake" if treatable.size else "no_gain")
    refusals[is_open.any(axis=1)] = None
    return refusals
