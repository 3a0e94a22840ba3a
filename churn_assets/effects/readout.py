"""Effects of campaigns: every user as assigned, after the window has closed, against users left alone."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

import polars as pl

from churn_assets.contracts.experiment_readout import SAMPLE_RATIO_THRESHOLD, ExperimentReadout
from churn_assets.effects.assignments import Assignments, Outcomes
from churn_assets.effects.comparison import compared
from churn_assets.effects.remarks import LEFT_OUT, about_overlap, about_propensities, about_sizes, sample_ratio_p_value
from churn_assets.effects.strata import MOST_STRATA, is_control, with_strata

NO_FIGURE = "no figure: who is missing on one side may be why the other looks better"
METRICS = {
    "retained": pl.col("orders_count") > 0,
    "spent_amount": pl.col("spent_amount"),
}
SCHEMA = {name: column.dtype.type for name, column in ExperimentReadout.to_schema().columns.items()}


def empty_readout() -> pl.DataFrame:
    """The readout of a shop without any randomised user yet."""
    return pl.DataFrame(schema=SCHEMA)


def readout(
    assignments: pl.DataFrame,
    outcomes: pl.DataFrame,
    *,
    window_days: int,
    snapshot: date,
    remarks: Mapping[str, Sequence[str]] | None = None,
) -> pl.DataFrame:
    """Read all campaigns at `snapshot`: one row per campaign, treated arm and metric, sorted by these.

    `assignments` and `outcomes`: one row per campaign and user, see `effects.assignments`. Every assigned user counts,
    reached or not (intention to treat). A campaign matures when the window of its last assigned user has closed; before
    that its rows have users and sample ratio only. A campaign that has run for longer than a window is read without the
    users whose windows are open.

    The effect is the mean difference within strata of equal allocation (`effects.strata`), weighted by their users,
    with Welch's interval. The sample ratio is a chi-square test of the arms of each stratum against the stated
    propensities.
    A campaign whose sample ratio cannot be chance has no figure at all.
    `note`: why there is no interval, and other remarks (`remarks`: by campaign, from the caller). Users whose
    propensity is unknown or zero cannot be compared. A campaign of such users only is left out with a note, as is one
    whose allocation differs from user to user. A campaign without any treated user has no row.

    Raises ValueError on no assignments, an assignment after the snapshot, or users of a matured campaign without an
    outcome row; pandera SchemaErrors on malformed input.
    """
    if assignments.is_empty():
        raise ValueError(f"assignments: no rows at snapshot_date {snapshot}, so there is no effect to read")
    Assignments.validate(assignments, lazy=True)
    Outcomes.validate(outcomes, lazy=True)
    now = datetime.combine(snapshot, time())
    if late := assignments.filter(pl.col("assigned_at") > now).height:
        raise ValueError(f"assignments: {late} rows with assigned_at after the snapshot {snapshot}; leave them out")
    window = timedelta(days=window_days)
    known = assignments.join(outcomes, on=["campaign", "user_id"], how="left").sort("campaign", "user_id")
    overlaps, outside_remarks = about_overlap(assignments, window), remarks or {}
    rows = [
        {"snapshot_date": snapshot} | row
        for campaign in (_campaign(users, now, window) for users in known.partition_by("campaign", maintain_order=True))
        for row in _rows(campaign, [*outside_remarks.get(campaign.name, []), *overlaps.get(campaign.name, [])])
    ]
    frame = pl.DataFrame(rows, schema=SCHEMA)
    return ExperimentReadout.validate(frame.sort("campaign", "arm", "metric"), lazy=True)


@dataclass(frozen=True)
class _Campaign:
    """The users who are read and their strata; where there are no strata, `why_not`: why the campaign is left out."""

    name: str
    users: pl.DataFrame
    strata: pl.DataFrame | None
    why_not: str
    window: timedelta
    matures_at: datetime
    is_matured: bool
    notes: tuple[str, ...]


def _campaign(users: pl.DataFrame, now: datetime, window: timedelta) -> _Campaign:
    name, notes = users.item(0, "campaign"), []
    first, last = _ends(users)
    closed = users.filter(pl.col("assigned_at") <= now - window)
    if last - first > window and 0 < closed.height < users.height:
        notes.append(f"still running: {users.height - closed.height:,} users whose windows are open are not read yet")
        users, (_, last) = closed, _ends(closed)
    is_matured = last + window <= now
    missing = users["orders_count"].null_count()
    if is_matured and missing:
        raise ValueError(f"outcomes: {missing} users of campaign {name} have no row; give users without orders zeros")
    comparable = users.filter(pl.col("propensity") > 0)
    if comparable.height < users.height:
        notes.append(f"{users.height - comparable.height:,} users whose propensity is unknown or 0 left out")
    strata = None if comparable.is_empty() else with_strata(comparable)
    why_not = (
        "nobody has a propensity"
        if comparable.is_empty()
        else f"propensities differ at one moment, or more than {MOST_STRATA} times"
    )
    return _Campaign(name, users, strata, why_not, window, last + window, is_matured, tuple(notes))


def _ends(users: pl.DataFrame) -> tuple[datetime, datetime]:
    first, last = users.select(pl.min("assigned_at"), last=pl.max("assigned_at")).row(0)
    return first, last


def _rows(campaign: _Campaign, remarks: Sequence[str]) -> Iterator[dict[str, Any]]:
    """One per treated arm and metric."""
    users, strata = campaign.users, campaign.strata
    controls = sorted(set(users.filter(is_control())["arm"].str.to_lowercase()))
    p_value = None if strata is None else sample_ratio_p_value(strata)
    notes = [
        *campaign.notes,
        *([] if strata is None else [*about_sizes(p_value), *about_propensities(strata)]),
        *(["arms control and none are read together as left alone"] if len(controls) > 1 else []),
        *remarks,
    ]
    for arm in sorted(set(users.filter(~is_control())["arm"])):
        for metric, value in METRICS.items():
            if strata is None:
                figures, figures_note = _nothing(users, arm), f"{LEFT_OUT}: {campaign.why_not}"
            elif p_value is not None and p_value < SAMPLE_RATIO_THRESHOLD:
                figures, figures_note = _nothing(users, arm), NO_FIGURE
            elif not campaign.is_matured:
                figures, figures_note = _nothing(users, arm), f"not matured before {campaign.matures_at:%Y-%m-%d %H:%M}"
            else:
                figures, figures_note = _figures(strata, arm, value)
            yield figures | {
                "campaign": campaign.name,
                "arm": arm,
                "control_arm": controls[0] if controls else "none",
                "window_days": campaign.window.days,
                "metric": metric,
                "sample_ratio_p_value": p_value,
                "is_sample_ratio_ok": None if p_value is None else p_value >= SAMPLE_RATIO_THRESHOLD,
                "is_matured": campaign.is_matured,
                "matures_at": campaign.matures_at,
                "note": "; ".join([*([figures_note] if figures_note else []), *notes]) or None,
            }


def _nothing(users: pl.DataFrame, arm: str) -> dict[str, Any]:
    """Without figures: only the number of users assigned."""
    return {
        "users": users.filter(pl.col("arm") == arm).height,
        "control_users": users.filter(is_control()).height,
    }


def _figures(strata: pl.DataFrame, arm: str, value: pl.Expr) -> tuple[dict[str, Any], str]:
    """(figures of a matured campaign, note about them)."""
    comparison = compared(strata, arm, value)
    effect = None
    if comparison.mean is not None and comparison.control_mean is not None:
        effect = comparison.mean - comparison.control_mean
    difference = comparison.difference
    return {
        "users": comparison.users,
        "control_users": comparison.control_users,
        "mean": comparison.mean,
        "control_mean": comparison.control_mean,
        "effect": effect,
        "effect_low": difference.low if difference else None,
        "effect_high": difference.high if difference else None,
        "p_value": difference.p_value if difference else None,
    }, "; ".join(comparison.notes)
