"""What another policy would have earned, from users who were given an option by chance: off-policy evaluation.

On the random side (`interventions.random_options`) every open option and none had the same known chance of being drawn.
`off_policy` says how that speaks for other policies. Below FEWEST_EFFECTIVE users nothing is said: a mean of few
weighted users is that of whoever had luck.
"""

from __future__ import annotations

from datetime import date
from typing import Any

import numpy as np
import polars as pl

from churn_assets.contracts.decision_ledger import NO_ARM
from churn_assets.contracts.policy_value import METRICS, PolicyValue
from churn_assets.effects.off_policy import EVERYBODY, Mean, Robust, choices_of, mean_of, robust
from churn_assets.effects.pooled import about_one_user, numbered

SCHEMA = {name: column.dtype.type for name, column in PolicyValue.to_schema().columns.items()}
FEWEST_EFFECTIVE = 100


def policy_value(drawn: pl.DataFrame, *, used: str, snapshot: date) -> pl.DataFrame:
    """One row per policy and metric (contract PolicyValue), sorted by these; none without a random side.

    `drawn`: one row per user and snapshot of the random side whose window has closed: user_id, snapshot_date,
    treatments, treatment, propensity and a column per policy (contract RandomOptions), a column per metric, and
    COVARIATES. `used`: the policy that is set.
    """
    if drawn.is_empty():
        return pl.DataFrame(schema=SCHEMA)
    drawn = drawn.sort("snapshot_date", "user_id")  # the last bits of a sum depend on its order
    choices = choices_of(drawn)
    rows = []
    for metric in METRICS:
        values = robust(drawn, metric, choices)
        rows += [_row(name, metric, used, drawn, values) for name in choices]
    frame = pl.DataFrame([dict.fromkeys(SCHEMA) | row for row in rows], infer_schema_length=None)
    dated = frame.with_columns(snapshot_date=pl.lit(snapshot))
    result = dated.select(list(SCHEMA)).cast(pl.Schema(SCHEMA)).sort("policy", "metric")
    return PolicyValue.validate(result, lazy=True)


def _row(policy: str, metric: str, used: str, drawn: pl.DataFrame, values: Robust) -> dict[str, Any]:
    own, scores, outcome = values.weights[policy], values.scores, values.outcome
    effective = values.effective_users(policy)
    row = {
        "policy": policy,
        "metric": metric,
        "snapshots": drawn["snapshot_date"].n_unique(),
        "users": drawn["user_id"].n_unique(),
        "effective_users": effective,
    }
    if effective < FEWEST_EFFECTIVE:
        return row | {"verdict": "too few users"}
    row |= {
        "weighted_value": float((own * outcome).mean()),
        "normalised_value": float((own * outcome).sum() / own.sum()),
        "verdict": "in use" if policy == used else "not proven",
    }
    if values.has_one_outcome:
        return row | {"value": float(outcome[0]), "note": "no interval: all users have the same outcome"}
    users = numbered(drawn["user_id"])
    value = mean_of(scores[policy], users)
    row |= _interval("value", value)
    notes = about_one_user(value.largest_share, drawn.height)
    # Of what nobody, or hardly anybody, has drawn a forecast is all there is, and its error is not that of a mean.
    unknown = [name for name in dict.fromkeys((NO_ARM, used)) if values.effective_users(name) < FEWEST_EFFECTIVE]
    if unknown:
        said = " and ".join(f"{values.effective_users(name):,.0f} users' worth of draws of {name}" for name in unknown)
        notes = (*notes, f"no difference to {' and '.join(unknown)}: {said}, {FEWEST_EFFECTIVE} needed")
    if NO_ARM not in unknown:
        row |= _interval("effect", mean_of(scores[policy] - scores[NO_ARM], users))
    if used not in unknown:
        beyond = mean_of(scores[policy] - scores[used], users)
        row |= _interval("beyond_used", beyond) | {"verdict": _verdict(policy, metric, used, beyond, values, users)}
    return row | {"note": "; ".join(notes) or None}


def _verdict(policy: str, metric: str, used: str, beyond: Mean, values: Robust, users: np.ndarray) -> str:
    if policy == used:
        return "in use"
    if beyond.high < 0:
        return "worse"
    rivals = [name for name in values.scores if name.startswith(EVERYBODY) and name != policy]
    differences = (mean_of(values.scores[policy] - values.scores[name], users) for name in rivals)
    is_best = metric == "retained" or all(difference.low > 0 for difference in differences)
    return "better" if beyond.low > 0 and is_best else "not proven"


def _interval(name: str, mean: Mean) -> dict[str, float]:
    return {name: mean.value, f"{name}_low": mean.low, f"{name}_high": mean.high}
