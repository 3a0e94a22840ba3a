"""Rows of the decision ledger, from gains, allocation and draws. Nothing is decided here."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from churn_assets.contracts.decision_ledger import NO_ARM, RANDOM_OPTION, USUAL
from churn_assets.decisions.holdout import treated_share, usual_share
from churn_assets.decisions.keys import stable_keys
from churn_assets.decisions.policies import REASONS, answered, policy_version

if TYPE_CHECKING:
    from datetime import date

    from churn_assets.decisions.allocation import Allocation
    from churn_assets.decisions.draws import Draws
    from churn_assets.decisions.options import Gains, Option
    from churn_assets.decisions.problem import Flags, Floats, Ints
    from churn_assets.decisions.random_side import RandomSide
    from churn_assets.decisions.usual import Usual
    from churn_assets.settings.decisions import Decisions


def ledger_rows(
    users: pl.DataFrame, options: tuple[Option, ...], settings: Decisions, snapshot: date,
    allocation: Allocation, gains: Gains, draws: Draws, refusals: Any, side: RandomSide, usual: Usual,
) -> pl.DataFrame:  # fmt: skip
    """One row per user, in the order given (contract DecisionLedger). `refusals`: why no option is open, or None.
    `side`: who is given an option by chance, whatever the allocation. `usual`: who is treated as usual instead.
    """
    version = policy_version(settings)
    by_policy, by_usual = allocation.options, usual.options
    own = np.where(side.is_member, side.option, np.where(usual.is_member, by_usual, by_policy))
    other = np.where(side.is_member, -1, np.where(usual.is_member, by_policy, by_usual))
    intended = np.where(own >= 0, own, other)
    is_intended, option_of_user = intended >= 0, np.maximum(intended, 0)
    user_numbers = np.arange(len(users))
    controlled = draws.control[user_numbers, option_of_user] if options else np.zeros(len(users), dtype=np.bool_)
    is_kept_from = np.where(usual.is_member, controlled, allocation.is_left_alone)
    kinds = [limit.name.split(":")[0] for limit in allocation.limits]
    shortages = np.array([*kinds, None], dtype=object)[allocation.shortages]
    chance = draws.reason(option_of_user) if options else np.full(len(users), None, dtype=object)
    chance = np.where((own < 0) & (other >= 0) & ~draws.holdout, USUAL, chance)
    binding = np.where(is_intended, chance, np.where(allocation.shortages >= 0, shortages, refusals))
    is_acted_on = (own >= 0) & ~is_kept_from
    binding = np.where(side.is_drawn, np.where(is_acted_on, None, RANDOM_OPTION), binding)  # type: ignore[call-overload]
    reason_places = answered(users, options)

    def pick(values: list[Any], where: Flags, other: Any, dtype: Any = pl.String) -> pl.Series:
        among = np.array([*values, other], dtype=object)
        return pl.Series(among[np.where(where, option_of_user, len(values))].tolist(), dtype=dtype)

    reason_place = reason_places[user_numbers, option_of_user] if options else user_numbers * 0
    reason_columns = [REASONS[number if number < len(REASONS) else 0] for number in reason_place]
    reasons = users.select(REASONS).to_dict(as_series=False)
    expected = gains.expected[user_numbers, option_of_user] if options else user_numbers * 0.0
    expected = np.where(usual.is_member, usual.expected, expected)
    costs = np.array([option.level.cost_amount for option in options] or [0.0])[option_of_user]
    return users.select(
        stable_keys(f"{version}|{snapshot.isoformat()}|" + users["user_id"]).alias("decision_id"),
        "user_id",
        "snapshot_date",
        policy_version=pl.lit(version),
        arm=pick([o.arm.arm for o in options], is_acted_on, NO_ARM),
        # Over the draw of this user's own sides; without an intended arm, leaving alone is certain.
        propensity=pl.Series(
            np.where(
                side.is_member,
                side.propensity,
                _propensities(options, settings, by_policy, by_usual, np.where(is_acted_on, own, -1)),
            )
        ),
        is_holdout=pl.Series(draws.holdout),
        is_exploration=pl.Series((binding == "exploration") | side.is_member, dtype=pl.Boolean),
        binding_constraint=pl.Series(binding.tolist(), dtype=pl.String),
        # An option given by chance may be one that does not pay.
        expected_gain_amount=pl.Series(np.where(is_acted_on, np.maximum(expected, 0.0), 0.0)),
        expected_cost_amount=pl.Series(np.where(is_acted_on, costs, 0.0)),
        decided_at=pl.col("snapshot_date").cast(pl.Datetime("us")),
        intended_arm=pick([o.arm.arm for o in options], is_intended, NO_ARM),
        channel=pick([o.arm.channel for o in options], is_acted_on, None),
        reason=pl.Series(
            [reasons[name][n] if is_intended[n] else None for n, name in enumerate(reason_columns)], dtype=pl.String
        ),
        value_at_risk_amount="value_at_risk_amount",
        churn_probability="churn_probability",
        level=pick([o.level.level for o in options], is_acted_on, None),
        intended_level=pick([o.level.level for o in options], is_intended, None),
    )


def _propensities(
    options: tuple[Option, ...], settings: Decisions, by_policy: Ints, by_usual: Ints, given: Ints
) -> Floats:
    """(users,). Chance of the option that was given (-1: none), by what either plan intends for the user."""
    # The last one is that of no option.
    of_policy = np.array([*(treated_share(option.arm, settings) for option in options), 0.0])[by_policy]
    of_usual = np.array([*(usual_share(option.arm, settings) for option in options), 0.0])[by_usual]
    of_given = np.where(by_policy == given, of_policy, 0.0) + np.where(by_usual == given, of_usual, 0.0)
    return np.where(given >= 0, of_given, 1 - of_policy - of_usual)
