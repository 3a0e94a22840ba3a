"""What campaigns did, read honestly: everyone as assigned, after the window has closed, against users left alone."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl
from scipy import stats

from churn_assets.contracts.experiment_readout import CONTROL_ARMS, SAMPLE_RATIO_THRESHOLD, ExperimentReadout
from churn_assets.effects.assignments import Assignments, Outcomes
from churn_assets.effects.welch import FEWEST_USERS, welch

if TYPE_CHECKING:
    from datetime import date

METRICS = {
    "retained": (pl.col("orders_count") > 0).cast(pl.Float64),
    "spent_amount": pl.col("spent_amount"),
}
ROUNDING = 1e-9  # propensities closer than this are the same number computed in two ways
SCHEMA = {name: column.dtype.type for name, column in ExperimentReadout.to_schema().columns.items()}


def empty_readout() -> pl.DataFrame:
    """The readout of a shop in which nobody was assigned by chance yet."""
    return pl.DataFrame(schema=SCHEMA)


def readout(assignments: pl.DataFrame, outcomes: pl.DataFrame, *, window_days: int, snapshot: date) -> pl.DataFrame:
    """Read all campaigns at `snapshot`: one row per campaign, treated arm and metric, sorted by these.

    `assignments` and `outcomes`: one row per campaign and user, see `effects.assignments`. Every assigned user counts,
    reached or not (intention to treat). A campaign matures when the window of its last assigned user has closed; before
    that its rows carry users and sample ratio only. Effects are differences of means with Welch's interval; the sample
    ratio is a chi-square test of all arms of the campaign against the stated propensities. `note` says why there is no
    interval. A campaign without any treated user has no row.
    Raises ValueError on no assignments, an assignment after the snapshot, a propensity that varies within an arm, two
    control arms, or users of a matured campaign without an outcome row; pandera SchemaErrors on malformed input.
    """
    if assignments.is_empty():
        raise ValueError(f"assignments: no rows at snapshot_date {snapshot}, so there is no effect to read")
    Assignments.validate(assignments, lazy=True)
    Outcomes.validate(outcomes, lazy=True)
    now = datetime.combine(snapshot, time())
    if late := assignments.filter(pl.col("assigned_at") > now).height:
        raise ValueError(f"assignments: {late} rows with assigned_at after the snapshot {snapshot}; leave them out")
    known = assignments.join(outcomes, on=["campaign", "user_id"], how="left").sort("campaign", "user_id")
    rows = [
        row
        for campaign in known.partition_by("campaign", maintain_order=True)
        for row in _campaign_rows(campaign, now, window_days)
    ]
    frame = pl.DataFrame(rows, schema=SCHEMA)
    return ExperimentReadout.validate(frame.sort("campaign", "arm", "metric"), lazy=True)


def _campaign_rows(users: pl.DataFrame, now: datetime, window_days: int) -> list[dict[str, Any]]:
    name = users.item(0, "campaign")
    control_arm = _control_arm(users)
    last_assigned: datetime = users.get_column("assigned_at").max()  # type: ignore[assignment]  # never null
    matures_at = last_assigned + timedelta(days=window_days)
    is_matured = matures_at <= now
    missing = users.get_column("orders_count").null_count()
    if is_matured and missing:
        raise ValueError(f"outcomes: {missing} users of campaign {name} have no row; give users without orders zeros")
    p_value = _sample_ratio_p_value(users)
    control = users.filter(pl.col("arm") == control_arm)
    rows = []
    for arm in sorted(set(users.get_column("arm")) - {control_arm}):
        treated = users.filter(pl.col("arm") == arm)
        for metric, value in METRICS.items():
            estimate = _estimate(treated.select(value), control.select(value)) if is_matured else _immature(matures_at)
            rows.append({
                "campaign": name,
                "arm": arm,
                "control_arm": control_arm,
                "window_days": window_days,
                "metric": metric,
                "users": treated.height,
                "control_users": control.height,
                "sample_ratio_p_value": p_value,
                "is_sample_ratio_ok": None if p_value is None else p_value >= SAMPLE_RATIO_THRESHOLD,
                "is_matured": is_matured,
                "snapshot_date": now.date(),
                "matures_at": matures_at,
            } | estimate)  # fmt: skip
    return rows


def _control_arm(users: pl.DataFrame) -> str:
    """Find the one arm left alone; `none` when nobody was, which leaves zero control users and no effect."""
    found = [arm for arm in CONTROL_ARMS if arm in set(users.get_column("arm"))]
    if len(found) > 1:
        raise ValueError(f"assignments: campaign {users.item(0, 'campaign')} has two control arms {found}; name one")
    return found[0] if found else "none"


def _sample_ratio_p_value(users: pl.DataFrame) -> float | None:
    """Test arm sizes against stated propensities by chi-square; None with one arm, where nothing can be off."""
    arms = users.group_by("arm").agg(pl.len(), low=pl.min("propensity"), high=pl.max("propensity")).sort("arm")
    uneven = arms.filter(pl.col("high") - pl.col("low") > ROUNDING)
    if not uneven.is_empty():
        raise ValueError(
            f"assignments: propensity of arm {uneven.item(0, 'arm')} in campaign {users.item(0, 'campaign')} varies: "
            f"{uneven.item(0, 'low')} to {uneven.item(0, 'high')}; make a campaign of each group with one propensity"
        )
    if arms.height == 1:
        return None
    stated = arms.get_column("low").to_numpy()
    observed = arms.get_column("len").to_numpy().astype(np.float64)
    return float(stats.chisquare(observed, observed.sum() * stated / stated.sum()).pvalue)


def _immature(matures_at: datetime) -> dict[str, Any]:
    return {"note": f"not matured before {matures_at:%Y-%m-%d %H:%M}"}


def _estimate(treated: pl.DataFrame, control: pl.DataFrame) -> dict[str, Any]:
    sides = treated.to_series().to_numpy(), control.to_series().to_numpy()
    mean, control_mean = (float(side.mean()) if side.size else None for side in sides)
    means = {
        "mean": mean,
        "control_mean": control_mean,
        "effect": None if mean is None or control_mean is None else mean - control_mean,
    }
    difference = welch(*sides)
    if difference is not None:
        return means | {"effect_low": difference.low, "effect_high": difference.high, "p_value": difference.p_value}
    if min(treated.height, control.height) < FEWEST_USERS:
        return means | {
            "note": f"no interval: {treated.height} treated and {control.height} control users, "
            f"{FEWEST_USERS} of each needed"
        }
    return means | {"note": "no interval: all users of each arm have the same outcome"}
