"""What another policy would have earned, from users who were given an option by chance: off-policy evaluation.

On the random side (`interventions.random_options`) every open option and none had the same known chance p of being
drawn. Whoever drew what a policy would have given speaks for that policy, with weight w = 1 / p; the others do not
(w = 0). With Y the outcome, A what was drawn, and q(x, a) a forecast of Y by users of other folds, the doubly robust
value of a policy is the mean of

    q(x, policy) + w (Y - q(x, A)),

right whatever q is, since p is known, and the more precise the better q is (Dudik, Langford and Li, ICML 2011). The
difference between two policies is the mean of differences user by user. Errors add up each user's weeks first, as in
`pooled`. Below FEWEST_EFFECTIVE users nothing is said: a mean of few weighted users is that of whoever had luck.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

import numpy as np
import polars as pl
from scipy import stats

from churn_assets.contracts.decision_ledger import NO_ARM
from churn_assets.contracts.policy_value import METRICS, PolicyValue
from churn_assets.contracts.random_options import POLICIES
from churn_assets.effects.pooled import CONFIDENCE, Floats, numbered
from churn_assets.effects.user_effects import COVARIATES, FOLDS

SCHEMA = {name: column.dtype.type for name, column in PolicyValue.to_schema().columns.items()}
FEWEST_EFFECTIVE = 100
EVERYBODY = "all:"


def policy_value(drawn: pl.DataFrame, *, used: str, snapshot: date) -> pl.DataFrame:
    """One row per policy and metric (contract PolicyValue), sorted by these; none without a random side.

    `drawn`: one row per user and snapshot of the random side whose window has closed: user_id, snapshot_date,
    treatments, treatment, propensity and a column per policy (contract RandomOptions), a column per metric, and
    COVARIATES. `used`: the policy that is set.
    """
    if drawn.is_empty():
        return pl.DataFrame(schema=SCHEMA)
    choices = _choices(drawn)
    taken = drawn["treatment"].to_numpy()
    weights = {name: (choice == taken) / drawn["propensity"].to_numpy() for name, choice in choices.items()}
    rows = []
    for metric in METRICS:
        forecasts, outcome = _forecasts(drawn, metric), drawn[metric].cast(pl.Float64).to_numpy()
        of_taken = _picked(forecasts, taken)
        robust = {
            name: _picked(forecasts, choice) + weights[name] * (outcome - of_taken) for name, choice in choices.items()
        }
        rows += [_row(name, metric, used, drawn, weights, robust, outcome) for name in choices]
    frame = pl.DataFrame([dict.fromkeys(SCHEMA) | row for row in rows], infer_schema_length=None)
    dated = frame.with_columns(snapshot_date=pl.lit(snapshot))
    result = dated.select(list(SCHEMA)).cast(pl.Schema(SCHEMA)).sort("policy", "metric")
    return PolicyValue.validate(result, lazy=True)


def _choices(drawn: pl.DataFrame) -> dict[str, np.ndarray]:
    """What each policy gives to each row, of what was open to it; to whom it is not open, nothing."""
    treatments = sorted(set(drawn["treatments"].explode().drop_nulls()))
    constant = {f"{EVERYBODY}{name}": pl.lit(name) for name in treatments}
    policies: Mapping[str, pl.Expr] = {name: pl.col(name) for name in POLICIES} | constant
    given = {
        name: pl.when(pl.col("treatments").list.contains(choice)).then(choice).otherwise(pl.lit(NO_ARM))
        for name, choice in policies.items()
    }
    frame = drawn.select(**given, **{NO_ARM: pl.lit(NO_ARM)})
    return {name: frame[name].to_numpy() for name in frame.columns}


def _forecasts(drawn: pl.DataFrame, metric: str) -> dict[str, Floats]:
    """Per option the outcome forecast for every row, by a line of users of other folds: a level per option, and slopes
    of what was there before that all options share.
    """
    options = sorted({NO_ARM, *drawn["treatment"], *drawn["treatments"].explode().drop_nulls()})
    taken, outcome = drawn["treatment"].to_numpy(), drawn[metric].cast(pl.Float64).to_numpy()
    before = drawn.select(pl.col(list(COVARIATES)).cast(pl.Float64)).to_numpy()
    before = (before - before.mean(axis=0)) / np.maximum(before.std(axis=0), 1e-12)
    levels = np.column_stack([taken == option for option in options]).astype(np.float64)
    folds = numbered(drawn["user_id"]) % FOLDS
    forecasts = {option: np.zeros(drawn.height) for option in options}
    for fold in np.unique(folds):
        others, here = folds != fold, folds == fold
        line = np.linalg.lstsq(np.column_stack([levels, before])[others], outcome[others], rcond=None)[0]
        for number, option in enumerate(options):
            forecasts[option][here] = line[number] + before[here] @ line[len(options) :]
    return forecasts


def _picked(forecasts: Mapping[str, Floats], choice: np.ndarray) -> Floats:
    picked = np.zeros(len(choice))
    for option, values in forecasts.items():
        is_it = choice == option
        picked[is_it] = values[is_it]
    return picked


def _row(
    policy: str, metric: str, used: str, drawn: pl.DataFrame, weights: Mapping[str, Floats],
    robust: Mapping[str, Floats], outcome: Floats,
) -> dict[str, Any]:  # fmt: skip
    own = weights[policy]
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
    value = _interval("value", robust[policy], users)
    effect = _interval("effect", robust[policy] - robust[NO_ARM], users)
    beyond = _interval("beyond_used", robust[policy] - robust[used], users)
    constants = [name for name in robust if name.startswith(EVERYBODY) and name != policy]
    beaten = [_interval("", robust[policy] - robust[name], users)["_low"] > 0 for name in constants]
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
    """The mean of `values`, and its interval with each user's rows added up first."""
    mean = float(values.mean())
    of_users = np.bincount(users, weights=values - mean)
    error = float(np.sqrt((of_users**2).sum()) / len(values))
    reach = float(stats.norm.ppf((1 + CONFIDENCE) / 2)) * error
    return {name: mean, f"{name}_low": mean - reach, f"{name}_high": mean + reach}
