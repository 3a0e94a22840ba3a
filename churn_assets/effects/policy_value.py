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
from churn_assets.effects.off_policy import EVERYBODY, Robust, choices_of, mean_of, robust
from churn_assets.effects.pooled import Floats, numbered

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
    choices = choices_of(drawn)
    rows = []
    for metric in METRICS:
        values = robust(drawn, metric, choices)
        rows += [_row(name, metric, used, drawn, values) for name in choices]
    frame = pl.DataFrame([dict.fromkeys(SCHEMA) | row for row in rows], infer_schema_length=None)
    dated = frame.with_columns(snapshot_date=pl.lit(snapshot))
    result = dated.select(list(SCHEMA)).cast(pl.Schema(SCHEMA)).sort("policy", "metric")
    return PolicyValue.validate(result, lazy=True)


def _row(
    policy: str, metric: str, used: str, drawn: pl.DataFrame, values: Robust
) -> dict[str, Any]:  # fmt: skip
    own, scores, outcome = values.weights[policy], values.scores, values.outcome
    effective = float(own.sum() ** 2 / (own**2).sum()) if own.any() else 0.0
    row = {
        "policy": policy,
        "metric": metric,
        "snapshots": drawn["snapshot_date"].n_unique(),
        "users": drawn["user_id"].n_unique(),
        "effective_users": effective,
    }
    if effective < FEWEST_EFFECTIVE:
        return row | {"verdict": "too few users"}
    users = numbered(drawn["user_id"])
    value = _interval("value", scores[policy], users)
    effect = _interval("effect", scores[policy] - scores[NO_ARM], users)
    beyond = _interval("beyond_used", scores[policy] - scores[used], users)
    constants = [name for name in scores if name.startswith(EVERYBODY) and name != policy]
    beaten = [_interval("", scores[policy] - scores[name], users)["_low"] > 0 for name in constants]
    verdict = "not proven"
    if policy == used:
        verdict = "in use"
    elif beyond["beyond_used_high"] < 0:
        verdict = "worse"
    elif beyond["beyond_used_low"] > 0 and (metric == "retained" or all(beaten)):
        verdict = "better"
    weighted = {
        "weighted_value": float((own * outcome).mean()),
        "normalised_value": float((own * outcome).sum() / own.sum()),
    }
    return row | weighted | value | effect | beyond | {"verdict": verdict}


def _interval(name: str, values: Floats, users: np.ndarray) -> dict[str, float]:
    mean = mean_of(values, users)
    return {name: mean.value, f"{name}_low": mean.low, f"{name}_high": mean.high}
