"""The churn definitions compared: base rates, returns of churners, lead time of warnings, agreement.

Everything is computed from two small frames of counts, at a cost that does not depend on the number of users.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import permutations
from typing import TYPE_CHECKING

import polars as pl

from churn_assets.contracts.churn_definitions import BACK_DAYS, ChurnDefinitions
from churn_assets.contracts.definitions import DEFINITIONS

if TYPE_CHECKING:
    from datetime import date

Row = dict[str, object]
SCHEMA = {name: column.dtype.type for name, column in ChurnDefinitions.to_schema().columns.items()}
CROSS_SCHEMA = {
    "snapshot_date": pl.Date,
    **dict.fromkeys(DEFINITIONS, pl.Boolean),
    "observed_days": pl.Int64,
    "back_days": pl.Int64,
    "users": pl.Int64,
}
LEAD_SCHEMA = {"definition": pl.String, "lead_days": pl.Int64, "users": pl.Int64}


def definitions_frame(crossed: pl.DataFrame, leads: pl.DataFrame, *, snapshot: date) -> pl.DataFrame:
    """The table `churn_definitions` of one snapshot, sorted; empty where no label has matured.

    `crossed` (CROSS_SCHEMA): eligible users counted by labelled snapshot, by whether they churned per definition (null:
    that definition has no label there), days from the end of the window to `snapshot`, and days from that end to the
    first purchase after it (null: none yet).
    `leads` (LEAD_SCHEMA): churners, counted by days from their first alarm to the start of the window in which they
    churned (null: no warning before); empty where too few snapshots have been scored.
    """
    rows = [
        row | {"snapshot_date": snapshot}
        for definition in DEFINITIONS
        if crossed[definition].count()
        for row in (
            *_base_rates(crossed, definition),
            *_returns(crossed, definition),
            *_lead(leads, definition),
            *_agreement(crossed, definition),
        )
    ]
    frame = pl.DataFrame(rows, schema=SCHEMA)
    return frame.sort("definition", "measure", "slice_date", "compared_with")


def _base_rates(crossed: pl.DataFrame, definition: str) -> Iterator[Row]:
    known = crossed.filter(pl.col(definition).is_not_null())
    per_slice = known.group_by("snapshot_date", maintain_order=True).agg(
        churners=pl.col("users").filter(pl.col(definition)).sum(), users=pl.col("users").sum()
    )
    for slice_date, churners, users in per_slice.sort("snapshot_date").iter_rows():
        yield _row(definition, "base_rate", users, churners / users) | {"slice_date": slice_date}


def _returns(crossed: pl.DataFrame, definition: str) -> Iterator[Row]:
    """Returns in slices observed for at least so many days: a churner of last month had no time to come back."""
    churners = crossed.filter(pl.col(definition))
    for days in BACK_DAYS:
        observed = churners.filter(pl.col("observed_days") >= days)
        users = _users(observed)
        returned_users = _users(observed.filter(pl.col("back_days") < days))
        yield _row(definition, f"back_within_{days}d_share", users, returned_users / users if users else None)
    longest = max(BACK_DAYS)
    returned = churners.filter((pl.col("observed_days") >= longest) & (pl.col("back_days") < longest))
    yield _row(definition, "back_median_days", _users(returned), _median(returned, "back_days"))


def _lead(leads: pl.DataFrame, definition: str) -> Iterator[Row]:
    churners = leads.filter(definition=definition)
    warned = churners.filter(pl.col("lead_days").is_not_null())
    users, warned_users = _users(churners), _users(warned)
    yield _row(definition, "warned_share", users, warned_users / users if users else None)
    yield _row(definition, "lead_median_days", warned_users, _median(warned, "lead_days"))


def _agreement(crossed: pl.DataFrame, definition: str) -> Iterator[Row]:
    """Cohen's kappa: agreement beyond chance, 1 is full. Jaccard: churned by both over churned by either."""
    for one, other in permutations(DEFINITIONS, 2):
        if one != definition or not crossed[other].count():
            continue
        cells = dict.fromkeys([(False, False), (False, True), (True, False), (True, True)], 0)
        both_known = crossed.filter(pl.col(one).is_not_null() & pl.col(other).is_not_null())
        cells |= {
            (a, b): count
            for a, b, count in both_known.group_by(one, other, maintain_order=True).agg(pl.sum("users")).iter_rows()
        }
        neither, only_other, only_one, both = cells.values()
        users, either = sum(cells.values()), both + only_one + only_other
        equal = (neither + both) / users if users else None
        share_one, share_other = (both + only_one) / max(users, 1), (both + only_other) / max(users, 1)
        chance = share_one * share_other + (1 - share_one) * (1 - share_other)
        kappa = (equal - chance) / (1 - chance) if equal is not None and chance < 1 else None
        jaccard = both / either if either else None
        for measure, value in (("equal_share", equal), ("kappa", kappa), ("jaccard", jaccard)):
            yield _row(definition, measure, users, value) | {"compared_with": other}


def _users(counted: pl.DataFrame) -> int:
    return int(counted["users"].sum())


def _median(counted: pl.DataFrame, column: str) -> float | None:
    """Lower median of a column of counted values."""
    values = counted.sort(column).with_columns(upto=pl.col("users").cum_sum())
    half = _users(values) / 2
    return float(values.filter(pl.col("upto") >= half)[column][0]) if half else None


def _row(definition: str, measure: str, users: int, value: float | None) -> Row:
    return {"definition": definition, "measure": measure, "users": users, "value": value}
