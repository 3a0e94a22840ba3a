"""What can be said of a shop of this size and age: which definition suits it, whether a model is trained, and what
users left alone can ever show. Said by `churn check`, before anything runs.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from churn_assets.effects.power import Sides, holdout_share_needed, weeks_needed

# Windows that are tried, in days: a proposal is the shortest in which at most half of the users leave.
HORIZONS = (14, 28, 42, 56, 91, 126, 182)
MOST_LEAVING, FEWEST_LEAVING = 0.5, 0.05
TWO_POINTS, HALF_A_YEAR = 0.02, 26.0
A_YEAR = 365
BUY_AGAIN = 0.1  # with fewer users who ever bought twice, there is little to keep


@dataclass(frozen=True)
class Rhythm:
    """What orders say. `days`: from the first to the last of them; `buyers`, `repeat_buyers`: users with an order, with
    two; `half_back_days`: days after which half of those who come back are back; `active`: window in days -> users who
    were active before it; `leaving`: the share of them without an order in it.
    """

    days: int
    buyers: int
    repeat_buyers: int
    half_back_days: float | None
    active: Mapping[int, int]
    leaving: Mapping[int, float]


def outlook(
    rhythm: Rhythm, *, horizon_days: int, active_within_days: int | None, min_users: int, holdout_share: float
) -> Iterator[str]:
    """Sentences for people. `horizon_days`: a window of HORIZONS or another, of which `rhythm` has the share."""
    users = rhythm.active.get(horizon_days, 0)
    back = "" if rhythm.half_back_days is None else f", half of them within {rhythm.half_back_days:.0f} days"
    yield (
        f"{rhythm.buyers:,} users ordered in {_months(rhythm.days)}; {rhythm.repeat_buyers:,} of them bought "
        f"again{back}."
    )
    yield from _definition(rhythm, users, horizon_days)
    yield from _model(rhythm, users, horizon_days, active_within_days, min_users)
    leaving = rhythm.leaving.get(horizon_days)
    if users and leaving is not None and 0 < leaving < 1:
        yield _holdout(users, leaving, horizon_days, holdout_share)


def _definition(rhythm: Rhythm, users: int, horizon_days: int) -> Iterator[str]:
    leaving = rhythm.leaving.get(horizon_days)
    if not users or leaving is None:
        yield (
            f"Nobody was active before the last {horizon_days} days, so no window of churn.horizon_days has passed: "
            "scores need older orders."
        )
        return
    if rhythm.repeat_buyers < BUY_AGAIN * rhythm.buyers:
        yield (
            f"Few buy twice here ({rhythm.repeat_buyers / rhythm.buyers:.0%}): most who leave never came back; what "
            "follows a first order matters more than who leaves."
        )
    say = f"With churn.horizon_days {horizon_days}, {leaving:.0%} of {users:,} active users would have left"
    fitting = [days for days, share in sorted(rhythm.leaving.items()) if FEWEST_LEAVING <= share <= MOST_LEAVING]
    if leaving > MOST_LEAVING:
        other = next((days for days in fitting if days > horizon_days), None)
        yield f"{say}, which says little about any one of them. " + (
            f"Within {other} days it is {rhythm.leaving[other]:.0%}: churn.horizon_days: {other} suits this shop."
            if other
            else "No window of up to half a year has fewer than half: churn definitions compares other definitions."
        )
    elif leaving < FEWEST_LEAVING:
        other = next((days for days in reversed(fitting) if days < horizon_days), None)
        yield f"{say}: so few that little can be learned. " + (
            f"Within {other} days it is {rhythm.leaving[other]:.0%}: churn.horizon_days: {other} warns earlier."
            if other
            else "churn definitions compares other definitions, such as buying less than before."
        )
    else:
        yield f"{say}, which is a share to learn from."


def _model(
    rhythm: Rhythm, users: int, horizon_days: int, active_within_days: int | None, min_users: int
) -> Iterator[str]:
    if users < min_users:
        yield (
            f"A model of trees needs {min_users:,} active users (training.min_users), and there are {users:,}: until "
            "then a logistic regression ranks them, and says so."
        )
    wanted = 2 * horizon_days + (active_within_days or 0)
    if rhythm.days < wanted:
        yield (
            f"{_months(rhythm.days).capitalize()} of orders are short: two windows and the time in which a user counts "
            f"as active are {wanted} days. Scores of the first weeks are rough."
        )
    elif rhythm.days < A_YEAR + horizon_days:
        yield "There is no year before this one to learn its seasons from: estimates are wide until there is."


def _holdout(users: int, leaving: float, horizon_days: int, share: float) -> str:
    """What 2 points of retention need, of the users who could be treated at most."""
    spread = math.sqrt(leaving * (1 - leaving))
    held = round(users * share)
    weeks = weeks_needed(Sides(users - held, held), spread, TWO_POINTS, horizon_days)
    if not held:
        return "Nobody is left alone (decisions.holdout_share 0): what messages earn will never be known."
    say = f"{held:,} users left alone (decisions.holdout_share {share:g}) show a gain of 2 points of retention after "
    if weeks <= HALF_A_YEAR:
        return f"{say}{math.ceil(weeks)} weeks."
    needed = holdout_share_needed(users, spread, TWO_POINTS, HALF_A_YEAR, horizon_days)
    if needed is None:
        return f"{say}{math.ceil(weeks):,} weeks, and no share shows it in half a year: look at larger gains, by arm."
    return f"{say}{math.ceil(weeks):,} weeks; {math.ceil(needed * 100)} % of users would in half a year."


def _months(days: int) -> str:
    months = round(days / 30.4)
    return "a month" if months == 1 else f"{months} months" if months else f"{days} days"
