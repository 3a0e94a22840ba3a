"""Rows of effects.policy_readout, group_effects and slot_effects as the report shows them."""

from __future__ import annotations

import polars as pl

from churn_assets.contracts.group_effects import GroupEffects
from churn_assets.contracts.policy_readout import PolicyReadout
from churn_assets.contracts.slot_effects import SlotEffects
from churn_assets.report.compared import MOST_GROUPS, against_sides, groups_of, slots_of
from churn_assets.report.estimate import Estimate


def rows_of(empty: pl.DataFrame, *rows: dict[str, object]) -> pl.DataFrame:
    return pl.DataFrame([dict.fromkeys(empty.columns) | row for row in rows], schema=empty.schema)


def test_sides_are_those_that_were_measured_in_profit() -> None:
    side = {"weeks": 4, "users": 90, "against_users": 10, "verdict": "not proven", "metric": "margin_amount"}
    figures = {"effect": 1.0, "effect_low": -1.0, "effect_high": 3.0}
    readout = rows_of(
        PolicyReadout.empty(), side | figures | {"against": "usual"},
        side | {"against": "holdout", "verdict": "unknown"},
        side | figures | {"against": "random", "metric": "retained"},
    )  # fmt: skip
    assert [(each.against, each.margin) for each in against_sides(readout)] == [
        ("holdout", None), ("usual", Estimate(1.0, -1.0, 3.0)),
    ]  # fmt: skip
    assert against_sides(PolicyReadout.empty()) == []


def test_groups_without_an_interval_are_left_out_and_proven_ones_come_first() -> None:
    row = {"metric": "margin_amount", "users": 9, "control_users": 9, "verdict": "not proven", "treatment": "any"}
    figures = {"effect": 1.0, "effect_low": -1.0, "effect_high": 3.0}
    many = [row | figures | {"dimension": "segment", "segment": f"s{n:02}"} for n in range(MOST_GROUPS + 3)]
    effects = rows_of(
        GroupEffects.empty(), *many,
        row | figures | {"dimension": "segment", "segment": "z", "treatment": "coupon_10", "verdict": "worse"},
        row | figures | {"dimension": "channel", "segment": "email"},
        row | {"dimension": "arm", "segment": "coupon", "verdict": "unknown"},
        row | figures | {"dimension": "arm", "segment": "call", "metric": "retained"},
    )  # fmt: skip
    shown = groups_of(effects)
    assert [(each.dimension, each.segment, each.treatment) for each in shown[:2]] == [
        ("channel", "email", None), ("segment", "z", "coupon_10"),
    ]  # fmt: skip
    assert len(shown) == 1 + MOST_GROUPS


def test_slots_are_in_the_order_of_the_week_with_what_is_known_of_them() -> None:
    row = {"users": 40, "control_users": 60, "verdict": "not proven", "treatment": "any", "mean": 0.4}
    figures = {"effect": 0.1, "effect_low": -0.1, "effect_high": 0.3}
    effects = rows_of(
        SlotEffects.empty(), row | figures | {"dimension": "part", "segment": "morning", "metric": "opened"},
        row | {"dimension": "day", "segment": "tue", "metric": "retained", "verdict": "unknown"},
        row | figures | {"dimension": "day", "segment": "mon", "metric": "in_slot"},
        row | figures | {"dimension": "choice", "segment": "own_best", "metric": "margin_amount"},
    )  # fmt: skip
    best, monday, tuesday, morning = slots_of(effects)
    assert [each.segment for each in (best, monday, tuesday, morning)] == ["own_best", "mon", "tue", "morning"]
    assert (morning.opened, morning.verdict) == (Estimate(0.1, -0.1, 0.3), "not proven")
    assert (monday.in_slot, monday.opened, monday.verdict) == (0.4, None, "unknown")
    assert (best.margin, best.messages, best.others) == (Estimate(0.1, -0.1, 0.3), 40, 60)
    assert tuesday.retained is None
