"""Users of all campaigns as they can be compared: treated or left alone by chance, within a stratum, with outcomes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

import polars as pl

from churn_assets.contracts.experiment_readout import SAMPLE_RATIO_THRESHOLD
from churn_assets.effects.remarks import sample_ratio_p_value
from churn_assets.effects.strata import is_control, with_strata

SAME = 1e-6  # propensities closer than this are one, stated twice
# One assignment to a treatment, or to nothing where that treatment was meant or possible.
SCHEMA = pl.Schema(
    {
        "treatment": pl.String(),
        "campaign": pl.String(),
        "stratum": pl.String(),
        "user_id": pl.String(),
        "is_treated": pl.Boolean(),
        "propensity": pl.Float64(),
        "assigned_at": pl.Datetime("us"),
    }
)


@dataclass(frozen=True)
class ComparedUsers:
    """`rows` (SCHEMA) of matured campaigns, and for every campaign that gives none why not."""

    rows: pl.DataFrame
    left_out: Mapping[str, str]


def compared_users(assignments: pl.DataFrame, snapshot: date, window_days: int) -> ComparedUsers:
    """`assignments`: contract Assignments. Of each campaign the users whose windows have closed by the snapshot.

    A campaign whose sides do not have the sizes that their propensities say gives nothing: whoever is missing is
    missing for a reason, and may be why the others look better.
    """
    closed = assignments.filter(
        pl.col("assigned_at") + timedelta(days=window_days) <= datetime.combine(snapshot, time())
    )
    frames, left_out = [], dict.fromkeys(assignments["campaign"], "no window has closed")
    left_out |= dict.fromkeys(closed["campaign"], "nobody has a propensity above 0")
    comparable = closed.filter(pl.col("propensity") > 0)
    for users in comparable.sort("campaign", "user_id").partition_by("campaign", maintain_order=True):
        name = users.item(0, "campaign")
        strata = _strata(users)
        if strata is None:
            left_out[name] = "propensities differ at one moment between more than two arms"
            continue
        p_value = sample_ratio_p_value(strata) if _is_constant(strata) else None
        if p_value is not None and p_value < SAMPLE_RATIO_THRESHOLD:
            left_out[name] = f"sides do not have the sizes that their propensities say (p = {p_value:.1g})"
            continue
        if _is_impossible(strata):
            left_out[name] = "a side has a propensity of 1, so that there cannot be another"
            continue
        pairs = list(_pairs(strata))
        if pairs:
            frames += pairs
            del left_out[name]
        else:
            without = closed.filter(pl.col("campaign") == name).height - users.height
            others = f"; {without:,} users without a propensity above 0" if without else ""
            left_out[name] = f"nobody was treated, or nobody left alone{others}"
    rows = pl.concat(frames) if frames else pl.DataFrame(schema=SCHEMA)
    return ComparedUsers(rows.sort("treatment", "campaign", "user_id"), dict(sorted(left_out.items())))


def _strata(users: pl.DataFrame) -> pl.DataFrame | None:
    """With `stratum`. With one arm beside the control a propensity may differ from user to user."""
    strata = with_strata(users)
    if strata is not None:
        return strata
    sides = users.select(pl.when(is_control()).then(pl.lit("")).otherwise("arm").alias("side"))["side"]
    return users.with_columns(stratum=pl.lit(0)) if sides.n_unique() <= 2 else None  # noqa: PLR2004 - two sides


def _is_constant(strata: pl.DataFrame) -> bool:
    of_side = pl.col("propensity").max() - pl.col("propensity").min()
    spread = strata.group_by("stratum", "arm", maintain_order=True).agg(spread=of_side)
    return spread.filter(pl.col("spread") > SAME).is_empty()


def _is_impossible(strata: pl.DataFrame) -> bool:
    """Whether all users of an arm were sure to get it, in a stratum that has another arm as well."""
    is_sure = pl.col("propensity") > 1 - SAME
    sure = strata.group_by("stratum", "arm", maintain_order=True).agg(is_sure=is_sure.all())
    arms = sure.group_by("stratum", maintain_order=True).agg(pl.len(), pl.col("is_sure").any())
    return not arms.filter(pl.col("is_sure"), pl.col("len") > 1).is_empty()


def _pairs(users: pl.DataFrame) -> Iterator[pl.DataFrame]:
    """Per treated arm: its users and those left alone, with the probability of the treatment given one of both."""
    control = users.filter(is_control())
    treated = users.filter(~is_control())
    for arm in sorted(set(treated["arm"])):
        pair = pl.concat([treated.filter(pl.col("arm") == arm), control]).with_columns(is_treated=~is_control())
        sides = pair.with_columns(
            is_own=pl.col("propensity").max().over("stratum", "is_treated")
            - pl.col("propensity").min().over("stratum", "is_treated")
            > SAME,
            of_treated=pl.col("propensity").filter("is_treated").max().over("stratum"),
            of_control=pl.col("propensity").filter(~pl.col("is_treated")).max().over("stratum"),
        ).filter(pl.col("of_treated").is_not_null() & pl.col("of_control").is_not_null())
        # Where everybody has a propensity of their own there are two sides: the other one's is what remains.
        given = pl.when("is_treated").then("propensity").otherwise(1 - pl.col("propensity"))
        common = pl.col("of_treated") / (pl.col("of_treated") + pl.col("of_control"))
        if sides.height:
            yield sides.select(
                treatment=pl.lit(arm),
                campaign="campaign",
                stratum=pl.concat_str("campaign", pl.lit("#"), pl.col("stratum").cast(pl.String)),
                user_id="user_id",
                is_treated="is_treated",
                propensity=pl.when(pl.col("is_own").any().over("stratum")).then(given).otherwise(common),
                assigned_at="assigned_at",
            )
