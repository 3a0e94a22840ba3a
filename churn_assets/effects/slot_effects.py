"""What it changes when in the week a message goes out, by the chances with which its slot was drawn.

Everybody here got a message; compared are those whose draw fell on a part of the week with those who could have had it
and were drawn to another, within plan and arm (which has its own quiet hours). The chance of it differs from user to
user, since each has a slot of their own that is most likely; `effects.pooled` is right then, too. What the chances were
made of (own visits) is taken out of the outcome as well, as is the chance itself.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from datetime import date
from types import MappingProxyType
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl
from scipy import stats

from churn_assets.contracts.arm_effects import ArmEffects
from churn_assets.contracts.experiment_readout import SAMPLE_RATIO_THRESHOLD
from churn_assets.contracts.group_effects import ANY
from churn_assets.contracts.send_slots import SLOTS
from churn_assets.contracts.slot_effects import CHOICE, DIMENSIONS, OWN_BEST, SlotEffects
from churn_assets.effects.arm_effects import COVARIATES, figures, with_verdicts
from churn_assets.effects.pooled import PooledEffect, pooled_effect

Floats = npt.NDArray[np.float64]

SCHEMA = {name: column.dtype.type for name, column in ArmEffects.to_schema().columns.items()}
# With the raw table without which nothing is known of it. More of each is wanted.
SLOT_METRICS: Mapping[str, str] = MappingProxyType(
    {"in_slot": "contacts", "opened": "contacts", "visited": "events", "retained": "orders", "margin_amount": "orders"}
)
CERTAIN = 1e-9  # a chance nearer to 0 or 1 leaves nothing to compare
SAME = 1e-9
# Of messages drawn evenly to either side, as many as would tell as much: 4 x sum of p (1 - p). Below, a handful of
# users who were drawn against their chance make the error: of 120 messages with a floor of 0.2 a day was said to do
# harm.
# From here on 5 to 8 of 100 intervals leave zero out where the hour does nothing (120 programmes of 400 to 1,500).
FEWEST_EVEN = 200


def slot_effects(
    messages: pl.DataFrame, *, snapshot: date, window_days: int, recorded: Collection[str]
) -> pl.DataFrame:
    """One row per dimension, segment and metric (contract SlotEffects), sorted.

    `messages`: one row per message of a plan whose windows have closed, with user_id, snapshot_date, arm, slots,
    chances, slot, visits (contract SendSlots), a column per metric of SLOT_METRICS and the COVARIATES; `recorded`: raw
    tables the shop has. Without its table a metric has no row, and a part of the week in which no message could go out
    has none either.
    """
    metrics = [name for name, table in SLOT_METRICS.items() if table in recorded]
    if messages.is_empty() or not metrics:
        return pl.DataFrame(schema=SCHEMA)
    messages = messages.sort("snapshot_date", "user_id")  # the last bits of a sum depend on its order
    chances, drawn = _chances(messages), messages["slot"].replace_strict({s: n for n, s in enumerate(SLOTS)}).to_numpy()
    rows = messages.with_columns(
        stratum=pl.concat_str(pl.col("snapshot_date").cast(pl.String), pl.lit("/"), "arm"),
        visits=pl.col("visits").cast(pl.Float64).log1p(),
    )
    lines: list[dict[str, Any]] = []
    for dimension, segment, is_treated, chance in _splits(chances, drawn):
        open_to_both = (chance > CERTAIN) & (chance < 1 - CERTAIN)
        users = rows.with_columns(is_treated=pl.Series(is_treated), propensity=pl.Series(chance)).filter(
            pl.Series(open_to_both)
        )
        if users.is_empty():
            continue
        blocked = _why_no_figure(is_treated[open_to_both], chance[open_to_both])
        for metric in metrics:
            line = {
                "treatment": ANY, "dimension": dimension, "segment": segment, "metric": metric,
                "window_days": window_days, "campaigns": users["stratum"].n_unique(),
                "weeks": users["snapshot_date"].n_unique(),
            }  # fmt: skip
            lines.append(line | figures(_effect(users, metric, blocked)))
    if not lines:
        return pl.DataFrame(schema=SCHEMA)
    frame = pl.DataFrame(lines, infer_schema_length=None).with_columns(snapshot_date=pl.lit(snapshot))
    is_good = dict.fromkeys(SLOT_METRICS, True)
    parts = [with_verdicts(part, is_good) for part in frame.partition_by("dimension", maintain_order=True)]
    result = pl.concat(parts).select(list(SCHEMA)).cast(pl.Schema(SCHEMA))
    return SlotEffects.validate(result.sort("dimension", "segment", "metric"), lazy=True)


def _effect(users: pl.DataFrame, metric: str, blocked: str | None) -> PooledEffect:
    if blocked:
        treated = int(users["is_treated"].sum())
        return PooledEffect(treated, users.height - treated, notes=(blocked,))
    return pooled_effect(users, metric, (*COVARIATES, "visits", "propensity"))


def _splits(chances: Floats, drawn: npt.NDArray[np.int64]) -> Iterator[tuple[str, str, npt.NDArray[np.bool_], Floats]]:
    """(dimension, segment, whether each message was of it, and with which chance)."""
    for dimension, segments in DIMENSIONS.items():
        if dimension == CHOICE:
            # Where all are equally likely no slot is the best.
            lowest = np.where(chances > 0, chances, np.inf).min(axis=1)
            best = np.where(chances.max(axis=1) - lowest > SAME, chances.argmax(axis=1), -1)
            rows = np.arange(len(chances))
            yield CHOICE, OWN_BEST, drawn == best, np.where(best >= 0, chances[rows, best], 0.0)
            continue
        for segment in segments:
            own = np.array([segment in slot.split("_") for slot in SLOTS])
            yield dimension, segment, own[drawn], chances[:, own].sum(axis=1)


def _chances(messages: pl.DataFrame) -> Floats:
    """(messages, SLOTS): 0 where the slot was not open. Messages of one arm have the same slots: few combinations."""
    result = np.zeros((messages.height, len(SLOTS)))
    keyed = messages.select("chances", key=pl.col("slots").list.join(",")).with_row_index("row")
    for rows in keyed.partition_by("key", maintain_order=True):
        columns = [SLOTS.index(slot) for slot in rows.item(0, "key").split(",")]
        values = rows["chances"].explode().to_numpy().reshape(rows.height, len(columns))
        result[rows["row"].to_numpy()[:, None], np.array(columns)] = values
    return result


def _why_no_figure(is_treated: npt.NDArray[np.bool_], chance: Floats) -> str | None:
    variance = float((chance * (1 - chance)).sum())
    # Of as many messages, or as few, as were drawn, if the chances are right.
    p_value = float(2 * stats.norm.sf(abs(float((is_treated - chance).sum())) / np.sqrt(variance)))
    if p_value < SAMPLE_RATIO_THRESHOLD:
        return f"slots were not drawn as often as their chances say (p = {p_value:.1g}): no figure is given"
    if 4 * variance < FEWEST_EVEN:
        return f"no interval: {4 * variance:,.0f} messages' worth of even draws, {FEWEST_EVEN} needed"
    return None
