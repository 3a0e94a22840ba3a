"""What the plans did as they were made, against the holdout, a legal option by chance, and business as usual.

Against holdout and business as usual it is a comparison of users whom chance has put on either side, over those for
whom a plan intended something: what is intended does not depend on the side, and nobody else can differ. Against a
legal option by chance the plan is judged by the users of the random side (`off_policy`): whoever drew what the plan
intended speaks for it, and all of them together for chance.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from datetime import date
from typing import Any

import numpy as np
import polars as pl
from scipy import stats

from churn_assets.contracts.decision_ledger import NO_ARM
from churn_assets.contracts.experiment_readout import SAMPLE_RATIO_THRESHOLD
from churn_assets.contracts.policy_readout import BY_CHANCE, PolicyReadout
from churn_assets.contracts.policy_sides import BY_POLICY, BY_USUAL, HOLDOUT
from churn_assets.contracts.random_options import POLICIES
from churn_assets.effects.always_valid import always_valid_reach
from churn_assets.effects.metrics import METRICS
from churn_assets.effects.off_policy import mean_of, robust
from churn_assets.effects.policy_value import FEWEST_EFFECTIVE
from churn_assets.effects.pooled import about_one_user, numbered, pooled_effect
from churn_assets.effects.remarks import sample_ratio_p_value
from churn_assets.effects.user_effects import COVARIATES

SCHEMA = {name: column.dtype.type for name, column in PolicyReadout.to_schema().columns.items()}
WEEK_AND_USER = ["snapshot_date", "user_id"]  # the last bits of a sum depend on its order
RAN = "ran"  # the policy that made the plan of the week


def policy_readout(
    sides: pl.DataFrame, drawn: pl.DataFrame, *, snapshot: date, window_days: int, recorded: Collection[str]
) -> pl.DataFrame:
    """One row per side and metric (contract PolicyReadout), sorted by these; none for a side without users.

    `sides`: contract PolicySides, `drawn`: RandomOptions, both of snapshots whose windows have closed, with a column
    per metric and COVARIATES. `recorded`: raw tables the shop has; without its table a metric has no row.
    """
    # Of a survey only who answered is known, and they are not drawn.
    metrics = [name for name, metric in METRICS.items() if metric.table in recorded and metric.table != "surveys"]
    dated = {"window_days": window_days, "snapshot_date": snapshot}
    sides, drawn = sides.sort(WEEK_AND_USER), drawn.sort(WEEK_AND_USER)
    rows = [row | dated for against in (HOLDOUT, BY_USUAL) for row in _compared(sides, against, metrics)]
    rows += [row | dated for row in _by_chance(drawn, metrics)]
    if not rows:
        return pl.DataFrame(schema=SCHEMA)
    frame = pl.DataFrame([dict.fromkeys(SCHEMA) | row for row in rows], infer_schema_length=None)
    result = frame.select(list(SCHEMA)).cast(pl.Schema(SCHEMA)).sort("against", "metric")
    return PolicyReadout.validate(result, lazy=True)


def _compared(sides: pl.DataFrame, against: str, metrics: Collection[str]) -> Iterator[dict[str, Any]]:
    honest, left_out = _with_stated_sizes(sides)
    both = honest.filter(pl.col("side").is_in([BY_POLICY, against]))
    if left_out and both.is_empty():
        both = sides.filter(pl.col("side").is_in([BY_POLICY, against]))
        yield from (_blocked(both, against, metric, left_out) for metric in metrics)
        return
    if both.filter(pl.col("side") == against).is_empty():
        return
    is_treated = pl.col("side") == BY_POLICY
    chances = {
        side: pl.col("propensity").filter(pl.col("side") == side).first().over("stratum")
        for side in (BY_POLICY, against)
    }
    rows = both.with_columns(is_treated=is_treated, stratum=pl.col("snapshot_date").cast(pl.String)).with_columns(
        propensity=chances[BY_POLICY] / (chances[BY_POLICY] + chances[against])
    )
    for metric in metrics:
        effect = pooled_effect(rows.filter(pl.col("propensity").is_not_null()), metric, COVARIATES)
        figures = {
            "against": against,
            "metric": metric,
            "weeks": both["snapshot_date"].n_unique(),
            "users": effect.users,
            "against_users": effect.control_users,
            "mean": effect.mean,
            "against_mean": effect.control_mean,
            "effect": effect.effect,
            "note": "; ".join([*left_out, *effect.notes]) or None,
        }
        if effect.effect is None or effect.low is None or effect.high is None or effect.error is None:
            yield figures | {"verdict": "unknown"}
            continue
        spread = float(both[metric].std() or 0.0)  # type: ignore[arg-type]
        interval = {"effect_low": effect.low, "effect_high": effect.high, "p_value": effect.p_value}
        yield figures | interval | _lasting(metric, effect.effect, effect.low, effect.high, effect.error, spread)


def _with_stated_sizes(sides: pl.DataFrame) -> tuple[pl.DataFrame, list[str]]:
    """Weeks whose sides have the sizes that their propensities say, and a remark on the others: whoever is missing on
    one side may be why the other looks better.
    """
    weeks = sides.partition_by("snapshot_date", maintain_order=True)
    kept = []
    for week in weeks:
        p_value = sample_ratio_p_value(week.with_columns(stratum=pl.lit(0), arm="side"))
        if p_value is None or p_value >= SAMPLE_RATIO_THRESHOLD:
            kept.append(week)
    if len(kept) == len(weeks):
        return sides, []
    why = f"{len(weeks) - len(kept)} of {len(weeks)} weeks left out: sides do not have the sizes that chance gave them"
    return pl.concat([sides.clear(), *kept]), [why]


def _blocked(both: pl.DataFrame, against: str, metric: str, why: Collection[str]) -> dict[str, Any]:
    """Without any figure."""
    is_other = both["side"] == against
    return {
        "against": against,
        "metric": metric,
        "weeks": both["snapshot_date"].n_unique(),
        "users": int((~is_other).sum()),
        "against_users": int(is_other.sum()),
        "verdict": "unknown",
        "note": "; ".join(why),
    }


def _by_chance(drawn: pl.DataFrame, metrics: Collection[str]) -> Iterator[dict[str, Any]]:
    if drawn.is_empty():
        return
    choice = _ran(drawn)
    users = numbered(drawn["user_id"])
    for metric in metrics:
        values = robust(drawn, metric, {RAN: choice})
        figures = {
            "against": BY_CHANCE,
            "metric": metric,
            "weeks": drawn["snapshot_date"].n_unique(),
            "users": drawn["user_id"].n_unique(),
            "against_users": drawn["user_id"].n_unique(),
        }
        effective = values.effective_users(RAN)
        effect = mean_of(values.scores[RAN] - values.outcome, users)
        if effective < FEWEST_EFFECTIVE or values.has_one_outcome or effect.error == 0:
            why = f"no interval: {effective:,.0f} users' worth of draws, {FEWEST_EFFECTIVE} needed"
            if effective >= FEWEST_EFFECTIVE:
                why = "no interval: all users have the same outcome"
            yield figures | {"verdict": "unknown", "note": why}
            continue
        means = {"mean": float(values.scores[RAN].mean()), "against_mean": float(values.outcome.mean())}
        interval = {
            "note": "; ".join(about_one_user(effect.largest_share, drawn.height)) or None,
            "effect": effect.value,
            "effect_low": effect.low,
            "effect_high": effect.high,
            "p_value": float(2 * stats.norm.sf(abs(effect.value) / effect.error)),
        }
        spread = float(values.outcome.std())
        yield figures | means | interval | _lasting(metric, effect.value, effect.low, effect.high, effect.error, spread)


def _ran(drawn: pl.DataFrame) -> np.ndarray:
    """What the policy that made the plan of the week intended, where that was open."""
    name = pl.col("policy_version").str.extract(r"^([a-z]+)-")
    intended = pl.coalesce(pl.when(name == policy).then(pl.col(policy)) for policy in POLICIES)
    is_open = pl.col("treatments").list.contains(intended)
    return drawn.select(ran=pl.when(is_open).then(intended).otherwise(pl.lit(NO_ARM)))["ran"].to_numpy()


def _lasting(metric: str, effect: float, low: float, high: float, error: float, spread: float) -> dict[str, Any]:
    """The interval that may be read every week, and the verdict by it."""
    reach = always_valid_reach(error, spread)
    lasting_low, lasting_high = min(effect - reach, low), max(effect + reach, high)
    verdict = "not proven"
    if lasting_low > 0 or lasting_high < 0:
        verdict = "better" if (effect > 0) == METRICS[metric].is_good else "worse"
    return {"always_valid_low": lasting_low, "always_valid_high": lasting_high, "verdict": verdict}
