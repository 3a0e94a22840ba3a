"""Remarks on an effect: sizes and propensities that do not fit, users who were in several campaigns."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import timedelta

import numpy as np
import polars as pl
from scipy import stats

from churn_assets.contracts.experiment_readout import SAMPLE_RATIO_THRESHOLD
from churn_assets.effects.strata import SUM_TOLERANCE

LEFT_OUT = "left out"


def sample_ratio_p_value(users: pl.DataFrame) -> float | None:
    """Arm sizes against stated propensities: chi-square, summed over strata. None where each stratum has one arm, so
    that no size can differ.
    """
    sizes = (
        users.group_by("stratum", "arm", maintain_order=True)
        .agg(pl.len(), pl.first("propensity"))
        .sort("stratum", "arm")
    )
    statistic, freedom = 0.0, 0
    for stratum in sizes.partition_by("stratum", maintain_order=True):
        propensities, observed = stratum["propensity"].to_numpy(), stratum["len"].to_numpy().astype(np.float64)
        expected = observed.sum() * propensities / propensities.sum()
        statistic += float(((observed - expected) ** 2 / expected).sum())
        freedom += stratum.height - 1
    return float(stats.chi2.sf(statistic, freedom)) if freedom else None


def about_sizes(p_value: float | None) -> list[str]:
    if p_value is None or p_value >= SAMPLE_RATIO_THRESHOLD:
        return []
    return ["arms do not have the sizes that their propensities say: a part may not be known yet, or was not drawn"]


def about_propensities(users: pl.DataFrame) -> list[str]:
    """Where the propensities of a stratum do not add up to 1; strata with a single arm are not compared anyway."""
    arms = users.unique(["stratum", "arm"]).group_by("stratum", maintain_order=True).agg(pl.len(), pl.sum("propensity"))
    inconsistent = arms.filter(pl.col("len") > 1, (pl.col("propensity") - 1).abs() > SUM_TOLERANCE).sort("stratum")
    if inconsistent.is_empty():
        return []
    total = inconsistent.item(0, "propensity")
    why = "an arm is not known" if total < 1 else "they cannot all be right"
    return [f"stated propensities add up to {total:.3g}: {why}"]


def about_overlap(assignments: pl.DataFrame, window: timedelta) -> dict[str, list[str]]:
    """By campaign, how many of its users were in another one less than a window before or after.

    Who drew none on a random or sampled side is in a campaign per option of that one draw.
    """
    draws = assignments.with_columns(draw=pl.col("campaign").str.replace(r"/(random|sampled)/.*$", "/$1"))
    keys = ["user_id", "assigned_at", "draw"]
    at = pl.col("assigned_at")
    gaps = draws.select(keys).unique().sort(keys).with_columns(
        is_near=pl.min_horizontal(
            at - at.shift(1).over("user_id"), at.shift(-1).over("user_id") - at
        ) < window
    )  # fmt: skip
    counts = (
        draws.join(gaps, on=keys, how="left", maintain_order="left")
        .group_by("campaign", maintain_order=True)
        .agg(pl.len(), near=pl.col("is_near").sum())
        .filter(pl.col("near") > 0)
    )
    return {
        campaign: [f"{near:,} of {users:,} users were in another campaign within the window"]
        for campaign, users, near in counts.sort("campaign").iter_rows()
    }


def notes_by_campaign(
    result: pl.DataFrame, campaigns: Collection[str], remarks: Mapping[str, Sequence[str]]
) -> dict[str, str]:
    """Campaign -> its note in the readout `result`. Campaigns without a row have no treated user who can be compared:
    their note says so.
    """
    noted = result.filter(pl.col("note").is_not_null()).unique("campaign", keep="first", maintain_order=True)
    notes = dict(noted.select("campaign", "note").iter_rows())
    for name in set(campaigns) - set(result["campaign"]):
        why_not = f"{LEFT_OUT}: nobody is known who was treated and can be compared"
        notes[name] = "; ".join([why_not, *remarks.get(name, [])])
    return dict(sorted(notes.items()))
