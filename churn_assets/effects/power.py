"""Before a campaign: the smallest effect that its sides can show, so that nobody pays for a question without an answer.

With an effect of `smallest_effect` an interval of 95 % leaves out zero in 80 of 100 cases: 2.8 standard errors (1.96
for the interval, 0.84 for the 80). Errors are those of the difference of two means, less the part that values from
before take out (CUPED), where earlier weeks have shown how much that is.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

import polars as pl
from scipy import stats

from churn_assets.contracts.decision_ledger import IS_GIVEN_BY_CHANCE, NO_ARM, treatment
from churn_assets.contracts.experiment_power import HOLDOUT, METRICS, ExperimentPower

SCHEMA = {name: column.dtype.type for name, column in ExperimentPower.to_schema().columns.items()}
CONFIDENCE, POWER = 0.95, 0.8
ERRORS_NEEDED = float(stats.norm.ppf((1 + CONFIDENCE) / 2) + stats.norm.ppf(POWER))  # 2.80
WEEKS = (1, 4, 13, 26, 52)
POINTS = (0.01, 0.02, 0.05)
YEAR_WEEKS = 52
# What a retention campaign can be hoped to do (of 100 users, 2 stay who would have left), and when it should be known.
WORTH_SEEING, IN_WEEKS = 0.02, 26
WEEK_DAYS = 7


@dataclass(frozen=True)
class Sides:
    """Users of one comparison this week."""

    treated: int
    control: int

    @property
    def factor(self) -> float:
        """Of the variance of one user's outcome in that of the difference. Infinite where a side is empty."""
        return 1 / self.treated + 1 / self.control if self.treated and self.control else math.inf


def smallest_effect(variance: float) -> float | None:
    """By the variance of the effect; None where nothing can be shown."""
    return ERRORS_NEEDED * math.sqrt(variance) if 0 < variance < math.inf else None


def experiment_power(
    ledger: pl.DataFrame, before: pl.DataFrame, so_far: pl.DataFrame, *, horizon_days: int
) -> pl.DataFrame:
    """One row per treatment and the holdout, metric, and number of weeks (contract ExperimentPower).

    `ledger`: of this snapshot; `before`: what each of its users did in the window that ends with it (AllOutcomes),
    whose spread is that to be expected of the next; `so_far`: the arm effects known by now.
    """
    snapshot: date = ledger.item(0, "snapshot_date")
    users = ledger.join(before, on="user_id", how="left", maintain_order="left").with_columns(
        treatment=treatment("intended_arm", "intended_level"),
        retained=(pl.col("orders_before_count") > 0).cast(pl.Float64),
        spent_amount=pl.col("spent_before_amount"),
    )
    known = {
        (row["treatment"], row["metric"]): row for row in so_far.iter_rows(named=True) if row["dimension"] == "all"
    }
    rows = [
        {"snapshot_date": snapshot} | row for row in (*_arms(users, known), *_holdout(users, horizon_days=horizon_days))
    ]
    frame = pl.DataFrame(rows, schema=SCHEMA)
    return ExperimentPower.validate(frame.sort("treatment", "metric", "weeks"), lazy=True)


def _arms(users: pl.DataFrame, known: Mapping[tuple[str, str], Mapping[str, Any]]) -> Iterator[dict[str, Any]]:
    intended = users.filter(pl.col("intended_arm") != NO_ARM, ~IS_GIVEN_BY_CHANCE)
    for part in intended.partition_by("treatment", maintain_order=True):
        name = part.item(0, "treatment")
        treated = int((part["arm"] != NO_ARM).sum())
        sides = Sides(treated, part.height - treated)
        for metric in METRICS:
            past = known.get((name, metric), {})
            spread = _spread(part, metric, past.get("variance_saved_share"))
            alone = spread**2 * sides.factor
            so_far = 1 / past["effect_error"] ** 2 if past.get("effect_error") else 0.0
            base = {"treatment": name, "metric": metric, "spread": spread}
            if so_far:
                yield base | {
                    "weeks": 0,
                    "users": past["users"],
                    "control_users": past["control_users"],
                    "smallest_effect": smallest_effect(1 / so_far),
                }
            for weeks in WEEKS:
                information = (so_far if weeks > 1 else 0.0) + (weeks / alone if 0 < alone < math.inf else 0.0)
                smallest = smallest_effect(1 / information) if information else None
                yield base | {
                    "weeks": weeks,
                    "users": sides.treated,
                    "control_users": sides.control,
                    "smallest_effect": smallest,
                    "note": None if smallest else _why_nothing(sides, spread),
                }


def _holdout(users: pl.DataFrame, *, horizon_days: int) -> Iterator[dict[str, Any]]:
    """Everybody against the holdout. They are the same people every week, and a purchase counts in one window only: so
    weeks count by the windows that fit into them, beginning with the first.
    """
    held = int(users["is_holdout"].sum())
    sides = Sides(users.height - held, held)
    for metric in METRICS:
        spread = _spread(users, metric, None)
        alone = spread**2 * sides.factor
        for weeks in WEEKS:
            smallest = smallest_effect(alone / max(1.0, weeks * WEEK_DAYS / horizon_days))
            yield {
                "treatment": HOLDOUT,
                "metric": metric,
                "weeks": weeks,
                "spread": spread,
                "users": sides.treated,
                "control_users": sides.control,
                "smallest_effect": smallest,
                "note": None if smallest else _why_nothing(sides, spread),
            }


def weeks_needed(sides: Sides, spread: float, effect: float, horizon_days: int) -> float:
    """Weeks until the holdout can show an effect of `effect` on a share; infinite where a side is empty."""
    windows = (ERRORS_NEEDED * spread / effect) ** 2 * sides.factor
    return max(1.0, windows) * horizon_days / WEEK_DAYS


def holdout_share_needed(users: int, spread: float, effect: float, weeks: float, horizon_days: int) -> float | None:
    """Smallest share of `users` left alone with which `effect` is seen within `weeks`; None where no half can."""
    windows = max(1.0, weeks * WEEK_DAYS / horizon_days)
    product = (ERRORS_NEEDED * spread / effect) ** 2 / (users * windows)  # share x (1 - share) must be this
    return (1 - math.sqrt(1 - 4 * product)) / 2 if product <= 1 / 4 else None


def holdout_weeks(power: pl.DataFrame, horizon_days: int) -> list[tuple[float, float]]:
    """(gain in retention, weeks until the holdout shows it; infinite: never) for POINTS; none where nothing can be."""
    rows = power.filter(pl.col("treatment") == HOLDOUT, pl.col("metric") == "retained", pl.col("weeks") == 1)
    if rows.is_empty():
        return []
    row = rows.row(0, named=True)
    sides, spread = Sides(row["users"], row["control_users"]), row["spread"]
    if not (spread and sides.treated + sides.control):
        return []
    return [(points, weeks_needed(sides, spread, points, horizon_days)) for points in POINTS]


def holdout_sentences(power: pl.DataFrame, horizon_days: int) -> list[str]:
    """What a manager reads before paying: the weeks for 1, 2 and 5 points of retention, and a warning where the holdout
    is too small to ever tell, with the share that would be large enough.
    """
    rows = power.filter(pl.col("treatment") == HOLDOUT, pl.col("metric") == "retained", pl.col("weeks") == 1)
    if rows.is_empty():
        return []
    row = rows.row(0, named=True)
    sides, spread = Sides(row["users"], row["control_users"]), row["spread"]
    users = sides.treated + sides.control
    if not (spread and users):
        return ["The holdout can show nothing: in the window before all users did the same."]
    times = [(f"{points:.0%}", weeks) for points, weeks in holdout_weeks(power, horizon_days)]
    lines = ["Weeks until the holdout shows a gain in retention: " + ", ".join(
        f"{weeks:,.0f} for {points}" if weeks < math.inf else f"never for {points}" for points, weeks in times
    ) + "."]  # fmt: skip
    if weeks_needed(sides, spread, WORTH_SEEING, horizon_days) > YEAR_WEEKS:
        share = holdout_share_needed(users, spread, WORTH_SEEING, IN_WEEKS, horizon_days)
        cure = f"decisions.holdout_share {share:.2f} would" if share else "no share can: the shop has too few users"
        lines.append(f"The holdout is too small to tell {WORTH_SEEING:.0%} within a year; in {IN_WEEKS} weeks {cure}.")
    return lines


def arm_sentences(power: pl.DataFrame) -> list[str]:
    """One per treatment whose controls cannot show an effect worth seeing within a year."""
    late = power.filter(
        pl.col("treatment") != HOLDOUT, pl.col("metric") == "retained", pl.col("weeks") == YEAR_WEEKS
    ).filter(pl.col("smallest_effect").is_null() | (pl.col("smallest_effect") > WORTH_SEEING))
    return [
        f"{row['treatment']}: {row['users']:,} users and {row['control_users']:,} left alone a week show in a year "
        + (f"no effect under {row['smallest_effect']:.1%} of retention" if row["smallest_effect"] else "nothing")
        + f"; {_cure(row['users'] + row['control_users'], row['spread'] or 0.0)}."
        for row in late.iter_rows(named=True)
    ]


def _cure(users: int, spread: float) -> str:
    """What would show an effect worth seeing within a year: a larger control, if half of all would do."""
    of_halves = smallest_effect(spread**2 * Sides(users // 2, users // 2).factor / YEAR_WEEKS)
    if of_halves is None or of_halves > WORTH_SEEING:
        return "no control_share would do, the users are too few"
    return "raise its control_share"


def _spread(users: pl.DataFrame, metric: str, variance_saved_share: float | None) -> float:
    """Standard deviation of one user's outcome, less what values from before explain."""
    spread = float(users[metric].std() or 0.0)  # type: ignore[arg-type]
    return spread * math.sqrt(1 - max(0.0, variance_saved_share or 0.0))


def _why_nothing(sides: Sides, spread: float) -> str:
    if not (sides.treated and sides.control):
        return f"nothing can be shown: {sides.treated:,} users treated, {sides.control:,} left alone by chance"
    return "nothing can be shown: in the window before all users did the same" if not spread else "too few users"
