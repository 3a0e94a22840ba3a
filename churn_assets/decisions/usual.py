"""Business as usual: what would have been done without the policy in use, for a share of the users drawn by chance.

Its plan is made for everybody, within its share of what every limit has left, and carried out for those drawn; the plan
of the policy in use likewise for the others. So what either intends for a user does not depend on the user's own draw,
and both can be compared over the same users.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from churn_assets.decisions.allocation import allocate
from churn_assets.decisions.holdout import usual_share
from churn_assets.decisions.problem import Limit

if TYPE_CHECKING:
    from collections.abc import Mapping

    from churn_assets.decisions.draws import Draws
    from churn_assets.decisions.options import Option
    from churn_assets.decisions.problem import Flags, Floats, Ints
    from churn_assets.settings.decisions import Decisions

NOTHING = "none"


@dataclass(frozen=True)
class Usual:
    """`is_member`, `options` (that business as usual intends, -1: none) and `expected` (gain of that, in the currency
    of orders): (users,). `reserved`, `used`: of every limit.
    """

    is_member: Flags
    options: Ints
    expected: Floats
    reserved: Ints
    used: Ints

    @classmethod
    def nobody(cls, users: int, limits: int) -> Usual:
        none = np.zeros(limits, dtype=np.int64)
        no_option = np.full(users, -1, dtype=np.int64)
        return cls(np.zeros(users, dtype=np.bool_), no_option, np.zeros(users), none, none)


def usual_plan(
    profits: Floats, expected: Floats, is_given_by_chance: Flags, draws: Draws, options: tuple[Option, ...],
    limits: tuple[Limit, ...], taken: Ints, settings: Decisions, groups: Mapping[str, Flags],
) -> Usual:  # fmt: skip
    """`profits`, `expected`: (users, options) by the usual policy, -inf where an option is not allowed.
    `is_given_by_chance`: (users,), who is on another side. `taken`: of every limit, what is used by those.
    """
    users = len(profits)
    nobody = Usual.nobody(users, len(limits))
    is_member = draws.usual & ~is_given_by_chance
    if settings.usual_policy == NOTHING or not options:
        return Usual(is_member, nobody.options, nobody.expected, nobody.reserved, nobody.used)
    left = [limit.most - int(gone) for limit, gone in zip(limits, taken, strict=True)]
    reserved = np.array([int(most * settings.usual_share) for most in left], dtype=np.int64)
    own = tuple(Limit(limit.name, limit.use, int(most)) for limit, most in zip(limits, reserved, strict=True))
    shares = np.array([usual_share(option.arm, settings) for option in options])
    plan = allocate(profits, draws.not_as_usual, own, nobody.used, shares, settings, groups)
    chosen = plan.options
    gains = np.where(chosen >= 0, expected[np.arange(users), np.maximum(chosen, 0)], 0.0)
    return Usual(is_member, chosen, gains, reserved, plan.used)
