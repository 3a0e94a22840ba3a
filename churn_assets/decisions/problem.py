"""The problem (gains, limits, floors) and a choice: one option per user at most. Solving: optimise.py.

The multiple-choice knapsack problem with several limits (Kellerer, Pferschy, Pisinger, Knapsack Problems, 2004, ch. 11
and 9), plus floors: a minimum number of members of a group who get an option. Limits count whole units (cents, places,
messages), because a float sum may exceed a limit by rounding.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]

NOTHING = -1  # the choice of a user who gets no option
MOST_UNITS = 2**62  # sums of units stay inside int64


@dataclass(frozen=True, eq=False)
class Limit:
    """At most `most` units over all users. `use`: (options,) whole units that one user with an option uses.

    Raises ValueError naming the limit when use is not one row of whole numbers >= 0, or most not a whole number >= 0.
    """

    name: str
    use: Ints
    most: int

    def __post_init__(self) -> None:
        use = np.asarray(self.use)
        if use.ndim != 1:
            raise ValueError(f"limit {self.name!r}: use has shape {use.shape}, not (options,)")
        if use.size and use.dtype.kind not in "iu":
            raise ValueError(f"limit {self.name!r}: use is {use.dtype}, not whole units; count in cents or places")
        if use.size and use.min() < 0:
            option = int(use.argmin())
            raise ValueError(f"limit {self.name!r}: use of option {option} is {use[option]}, below 0")
        if use.size and int(use.max()) > MOST_UNITS:
            raise ValueError(f"limit {self.name!r}: use of option {int(use.argmax())} is too large to count with")
        object.__setattr__(self, "use", use.astype(np.int64))
        object.__setattr__(self, "most", _whole(self.most, f"limit {self.name!r}: most"))


@dataclass(frozen=True, eq=False)
class Floor:
    """At least `least` of the members get any option. `members`: (users,) flags.

    Raises ValueError naming the floor when members is not one row of flags, or least not a whole number >= 0.
    """

    name: str
    members: Flags
    least: int

    def __post_init__(self) -> None:
        members = np.asarray(self.members)
        if members.ndim != 1:
            raise ValueError(f"floor {self.name!r}: members has shape {members.shape}, not (users,)")
        if members.size and members.dtype.kind != "b":
            raise ValueError(f"floor {self.name!r}: members is {members.dtype}, not true or false per user")
        object.__setattr__(self, "members", members.astype(np.bool_))
        object.__setattr__(self, "least", _whole(self.least, f"floor {self.name!r}: least"))


@dataclass(frozen=True, eq=False)
class Problem:
    """`gains`: (users, options) expected incremental profit in one currency, -inf where an option is not allowed.

    No option earns 0 and uses nothing. Limits are never exceeded; floors are met as far as the limits let them.
    Raises ValueError naming user and option of a NaN or +inf gain, the limit or floor of another shape than gains, a
    name given twice, or a limit whose use over all users cannot be counted in 62 bits.
    """

    gains: Floats
    limits: tuple[Limit, ...]
    floors: tuple[Floor, ...] = ()

    def __post_init__(self) -> None:
        gains = np.asarray(self.gains, dtype=np.float64)
        if gains.ndim != 2:  # noqa: PLR2004 - users and options
            raise ValueError(f"gains has shape {gains.shape}, not (users, options)")
        if not gains.max(initial=-np.inf) < np.inf:  # a NaN carries through max, so this is one pass over the gains
            user, option = np.argwhere(~(gains < np.inf))[0]
            raise ValueError(f"gains: user {user}, option {option} is {gains[user, option]}; give a number or -inf")
        object.__setattr__(self, "gains", gains)
        object.__setattr__(self, "limits", tuple(self.limits))
        object.__setattr__(self, "floors", tuple(self.floors))
        users, options = gains.shape
        for limit in self.limits:
            if limit.use.size != options:
                raise ValueError(f"limit {limit.name!r}: use is for {limit.use.size} options, gains for {options}")
            if users * int(limit.use.max(initial=0)) > MOST_UNITS:
                raise ValueError(f"limit {limit.name!r}: the use of {users} users cannot be counted; use larger units")
        for floor in self.floors:
            if floor.members.size != users:
                raise ValueError(f"floor {floor.name!r}: members is for {floor.members.size} users, gains for {users}")
        _named_once("limit", (limit.name for limit in self.limits))
        _named_once("floor", (floor.name for floor in self.floors))

    @cached_property
    def use(self) -> Ints:
        """(limits, options) units."""
        return np.array([limit.use for limit in self.limits], dtype=np.int64).reshape(
            len(self.limits), self.gains.shape[1]
        )

    @cached_property
    def most(self) -> Ints:
        """(limits,) units; no more than all users together can use, so that an unlimited one stays countable."""
        reach = self.gains.shape[0] * self.use.max(axis=1, initial=0)
        return np.array([min(limit.most, int(most)) for limit, most in zip(self.limits, reach, strict=True)], np.int64)

    @cached_property
    def members(self) -> Flags:
        """(floors, users)."""
        return np.array([floor.members for floor in self.floors], dtype=np.bool_).reshape(
            len(self.floors), self.gains.shape[0]
        )

    @cached_property
    def least(self) -> Ints:
        """(floors,) users; may exceed the number of members."""
        return np.array([min(floor.least, MOST_UNITS) for floor in self.floors], dtype=np.int64)

    def used(self, options: Ints) -> Ints:
        """(limits,) units that a choice of one option per user, (users,), uses."""
        counts = np.bincount(options + 1, minlength=self.gains.shape[1] + 1)[1:]
        used: Ints = self.use @ counts.astype(np.int64)
        return used

    def short(self, options: Ints) -> Ints:
        """(floors,) members missing under a choice, 0 where the floor is met."""
        served = np.array([(options[members] != NOTHING).sum() for members in self.members], dtype=np.int64)
        missing: Ints = np.maximum(self.least - served, 0)
        return missing

    def profit(self, options: Ints) -> float:
        """Sum of the gains of a choice."""
        users = np.flatnonzero(options != NOTHING)
        return float(self.gains[users, options[users]].sum())


@dataclass(frozen=True, eq=False)
class Choice:
    """Which option each user gets, and how good that is. Amounts in the currency of the gains.

    `options`: (users,), -1 for none. `bound`: no choice within the limits that is as little short of the floors earns
    more. `prices`: (limits,) what one more unit of a limit would earn, `floor_prices`: (floors,) what one less required
    user would earn; both >= 0, at the margin of the relaxation in which users are divisible. `short`: (floors,) how
    many members are missing, 0 where the floor is met. `is_exact`: proven to be the best choice.
    """

    options: Ints
    profit: float
    bound: float
    prices: Floats
    floor_prices: Floats
    is_exact: bool
    short: Ints

    @property
    def gap(self) -> float:
        """The largest possible loss against the optimum, as a share of the bound; 0 when exact."""
        return 0.0 if self.is_exact else (self.bound - self.profit) / max(abs(self.bound), np.finfo(float).tiny)


def _whole(number: int, what: str) -> int:
    if isinstance(number, bool) or not isinstance(number, int | np.integer):
        raise ValueError(f"{what} is {number!r}, not a whole number")  # noqa: TRY004 - one kind of error for settings
    if number < 0:
        raise ValueError(f"{what} is {number}, below 0")
    return int(number)


def _named_once(kind: str, names: Iterable[str]) -> None:
    seen: set[str] = set()
    for name in names:
        if name in seen:
            raise ValueError(f"{kind} {name!r} is given twice")
        seen.add(name)
