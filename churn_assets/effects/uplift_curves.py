"""How good a ranking of users by predicted effect is: calibration by tenths, Qini, and the cost curve (AUCC).

Chance has treated users with known probabilities p, so each row says something of the effect on whom it is about,

    e = (T - p) (Y - m) / (p (1 - p)),

m being what was expected of the row without looking at T (its stratum's mean, and a line over the profile): right on
average whatever m is. Users are in FOLDS parts by chance; each part is ranked by a line learned from the parts before
it, and the first by none. With every part ranked by all the others, parts would be judged by what they taught each
other: of 60 programmes without any difference 8 had a Qini whose interval was above zero.

Means of e over users of a tenth are effects; their sum from the best user down is the gain of treating so many
(Radcliffe 2007), and the same over costs the cost of doing it (Du, Lee and Ghaffarizadeh 2019). Intervals come from
resampling users, in GROUPS groups at most, with all their weeks: a user is in many of them.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Any

import numpy as np
import polars as pl

from churn_assets.contracts.uplift_comparison import METRICS
from churn_assets.contracts.uplift_curves import TENTHS, UpliftCurves
from churn_assets.effects.pooled import FEWEST_USERS, Floats, numbered
from churn_assets.effects.profile import NAMES
from churn_assets.effects.uplift import fit_uplift, without_level
from churn_assets.effects.user_effects import FOLDS

SCHEMA = {name: column.dtype.type for name, column in UpliftCurves.to_schema().columns.items()}
STEPS = 100  # places on a curve
GROUPS, RESAMPLES = 500, 400
PERCENTILES = (2.5, 97.5)
FEWEST_ROWS = 500  # below, a tenth has fewer than 50 users


def uplift_curves(known: pl.DataFrame, snapshot: date) -> pl.DataFrame:
    """One row per treatment, metric and tenth (contract UpliftCurves), sorted; none of a treatment with few users.

    `known`: `known_users` with profiles, as of `uplift_comparison`.
    """
    rows = [
        {"snapshot_date": snapshot, "treatment": users.item(0, "treatment"), "metric": metric} | row
        for users in known.partition_by("treatment", maintain_order=True)
        for metric in METRICS
        for row in _curve(users, metric)
    ]
    if not rows:
        return pl.DataFrame(schema=SCHEMA)
    frame = pl.DataFrame(rows, infer_schema_length=None).select(list(SCHEMA))
    result = frame.cast(pl.Schema(SCHEMA)).sort("treatment", "metric", "tenth")
    return UpliftCurves.validate(result, lazy=True)


def _curve(users: pl.DataFrame, metric: str) -> Iterator[dict[str, Any]]:
    usable = _usable(users, metric)
    whole = fit_uplift(usable, metric, NAMES) if usable.height >= FEWEST_ROWS else None
    if whole is None:
        return
    predictions = forward_predictions(usable, metric)
    rows, predicted = usable.filter(pl.Series(np.isfinite(predictions))), predictions[np.isfinite(predictions)]
    if rows.height < FEWEST_ROWS:
        return
    cost = pl.col("redeemed_amount") + pl.col("contact_cost_amount")
    costs = rows.select(cost.cast(pl.Float64)).to_series().to_numpy()
    values = np.column_stack([_row_effects(rows, rows[metric].cast(pl.Float64).to_numpy()), _row_effects(rows, costs)])
    # The best first; of equal predictions the order is that of chance, not that of ids.
    order = np.lexsort((np.random.default_rng(0).random(rows.height), -predicted))
    step = np.empty(rows.height, dtype=np.int64)
    step[order] = np.arange(rows.height) * STEPS // rows.height
    sums = _Sums.of(step, numbered(rows["user_id"]), np.column_stack([np.ones(rows.height), predicted, values]))
    whole_sample = sums.figures(np.ones((1, sums.groups)))
    draws = np.random.default_rng(1).multinomial(sums.groups, np.full(sums.groups, 1 / sums.groups), RESAMPLES)
    lows, highs = _ends(sums.figures(draws.astype(np.float64)))
    figures = {name: value[0] for name, value in whole_sample.items()}
    is_priced = lows["total_gross" if metric == "margin_amount" else "total_gain"] > 0 and lows["total_cost"] > 0
    aucc_of = "aucc_gross" if metric == "margin_amount" else "aucc"
    areas = (float(figures[aucc_of]), float(lows[aucc_of]), float(highs[aucc_of])) if is_priced else (None, None, None)
    is_spread = float(predicted.std()) > 0
    common = {
        "learner": "line" if whole.differs else "average",
        **{f"qini{end}": float(of["qini"]) for end, of in (("", figures), ("_low", lows), ("_high", highs))},
        **dict(zip(("aucc", "aucc_low", "aucc_high"), areas, strict=True)),
        **{
            f"calibration_slope{end}": float(of["slope"]) if is_spread else None
            for end, of in (("", figures), ("_low", lows), ("_high", highs))
        },
    }
    counts = np.bincount(step * TENTHS // STEPS, minlength=TENTHS)
    for place in range(TENTHS):
        tenth = {"effect": figures["effects"][place], "gain": figures["gains"][place], "cost": figures["costs"][place]}
        bounds = {
            f"{name}{end}": of[f"{name}s"][place]
            for name in ("effect", "gain")
            for end, of in (("_low", lows), ("_high", highs))
        }
        yield (
            common
            | tenth
            | bounds
            | {
                "tenth": TENTHS - place,
                "users": int(counts[place]),
                "predicted_effect": figures["predicted"][place],
            }
        )


class _Sums:
    """Sums over rows by group of users and step of the curve: (groups, steps, columns), of one, prediction, effect on
    the metric and effect on costs.
    """

    def __init__(self, sums: Floats) -> None:
        self.sums, self.groups = sums, len(sums)

    @classmethod
    def of(cls, step: np.ndarray, users: np.ndarray, columns: Floats) -> _Sums:
        groups = min(int(users.max()) + 1, GROUPS)
        # Users are numbered by id, so the next one is in the next group, whoever they are.
        cell = (users % groups) * STEPS + step
        sums = [np.bincount(cell, weights=column, minlength=groups * STEPS) for column in columns.T]
        return cls(np.stack(sums, axis=-1).astype(np.float64).reshape(groups, STEPS, columns.shape[1]))

    def figures(self, weights: Floats) -> dict[str, Floats]:
        """Of samples of groups: (samples, groups) how often each is drawn. Each figure (samples, ...)."""
        drawn = np.tensordot(weights, self.sums, axes=1)  # (samples, steps, columns)
        rows = np.maximum(drawn[:, :, 0].sum(axis=1), 1.0)[:, None]
        gain, cost = np.cumsum(drawn[:, :, 2], axis=1) / rows, np.cumsum(drawn[:, :, 3], axis=1) / rows
        share = np.cumsum(drawn[:, :, 0], axis=1) / rows
        tenths = drawn.reshape(len(drawn), TENTHS, STEPS // TENTHS, drawn.shape[2]).sum(axis=2)
        of_tenth = np.maximum(tenths[:, :, 0], 1.0)
        predicted, effects = tenths[:, :, 1] / of_tenth, tenths[:, :, 2] / of_tenth
        last = slice(STEPS // TENTHS - 1, None, STEPS // TENTHS)
        gross = gain + cost
        return {
            "predicted": predicted,
            "effects": effects,
            "gains": gain[:, last],
            "costs": cost[:, last],
            "qini": (gain - share * gain[:, -1:]).mean(axis=1),
            "slope": _slope(predicted, effects),
            "total_gain": gain[:, -1],
            "total_gross": gross[:, -1],
            "total_cost": cost[:, -1],
            "aucc": _area(cost, gain),
            "aucc_gross": _area(cost, gross),
        }


def _ends(samples: dict[str, Floats]) -> tuple[dict[str, Any], dict[str, Any]]:
    ends = {name: np.percentile(values, PERCENTILES, axis=0) for name, values in samples.items()}
    return {name: end[0] for name, end in ends.items()}, {name: end[1] for name, end in ends.items()}


def _area(cost: Floats, gain: Floats) -> Floats:
    """Under the curve of the share of all gain by the share of all cost, from nobody to everybody."""
    totals = (cost[:, -1:], gain[:, -1:])
    x, y = (
        np.column_stack([np.zeros(len(cost)), part / np.where(total == 0, 1.0, total)])
        for part, total in zip((cost, gain), totals, strict=True)
    )
    return np.asarray(((y[:, 1:] + y[:, :-1]) / 2 * np.diff(x, axis=1)).sum(axis=1))


def _slope(predicted: Floats, effects: Floats) -> Floats:
    x = predicted - predicted.mean(axis=1, keepdims=True)
    spread = np.maximum((x**2).sum(axis=1), 1e-300)
    return np.asarray((x * effects).sum(axis=1) / spread)


def forward_predictions(rows: pl.DataFrame, metric: str) -> Floats:
    """The effect of each row by a line learned from the parts of users before its own; NaN where there is none."""
    folds = np.random.default_rng(2).permutation(rows["user_id"].n_unique())[numbered(rows["user_id"])] % FOLDS
    predicted = np.full(rows.height, np.nan)
    for fold in range(1, FOLDS):
        line = fit_uplift(rows.filter(pl.Series(folds < fold)), metric, NAMES, always_by_profile=True)
        if line is not None and line.is_by_profile:
            predicted[folds == fold] = line.effects(rows.filter(pl.Series(folds == fold)))[0]
    return predicted


def _usable(users: pl.DataFrame, metric: str) -> pl.DataFrame:
    """Rows with an outcome, of strata with both sides."""
    known = users.filter(pl.col(metric).is_not_null() & pl.col(metric).is_finite())
    sides = pl.col("is_treated").sum().over("stratum"), (~pl.col("is_treated")).sum().over("stratum")
    return known.filter(pl.min_horizontal(*sides) >= FEWEST_USERS)


def _row_effects(rows: pl.DataFrame, outcome: Floats) -> Floats:
    treated, p = rows["is_treated"].cast(pl.Float64).to_numpy(), rows["propensity"].cast(pl.Float64).to_numpy()
    profile = rows.select(pl.col(list(NAMES)).cast(pl.Float64)).to_numpy()
    spread = profile.std(axis=0)
    profile = (profile - profile.mean(axis=0))[:, spread > 0] / spread[spread > 0]
    design = np.column_stack([np.ones(rows.height), profile])
    residual = without_level(outcome, design, numbered(rows["stratum"]))
    return np.asarray((treated - p) * residual / (p * (1 - p)))
