"""Bad input to effects: in every table a figure with a note, or none and why; never a number that hides it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import timedelta
from types import MappingProxyType

import numpy as np
import polars as pl
import pytest

from churn_assets.effects.arm_effects import arm_effects
from churn_assets.effects.assignments import TRAITS
from churn_assets.effects.compared_users import ComparedUsers, compared_users
from churn_assets.effects.early_signals import early_signals
from churn_assets.effects.fatigue import fatigue_effects
from churn_assets.effects.group_effects import group_effects
from churn_assets.effects.known_users import known_users
from churn_assets.effects.metrics import METRICS
from churn_assets.effects.policy_gate import policy_gate
from churn_assets.effects.policy_readout import policy_readout
from churn_assets.effects.policy_value import policy_value
from churn_assets.effects.pooled import pooled_effect
from churn_assets.effects.profile import NAMES
from churn_assets.effects.program import members, program_effects, readings
from churn_assets.effects.readout import readout
from churn_assets.effects.return_on_spend import return_on_spend
from churn_assets.effects.user_effects import uplift_comparison, user_effects
from tests.unit.effects.test_effects_policy_readout import drawn, sides
from tests.unit.effects.weeks import SNAPSHOT, WINDOW_DAYS, campaign, outcomes, week

RECORDED = [metric.table for metric in METRICS.values()]
CAMPAIGNS, USERS = 6, 300
ONE_USER = "one user makes"
SAME = "have the same outcome"
POOLED = ("arm_effects", "group_effects", "return_on_spend", "uplift_comparison")


def assigned() -> pl.DataFrame:
    random = np.random.default_rng(1)
    shares = {"coupon": 0.5, "none": 0.5}
    return pl.concat(campaign(random, f"c{n}", week(n), USERS, shares, USERS * n) for n in range(CAMPAIGNS))


def bought(assignments: pl.DataFrame) -> pl.DataFrame:
    """With costs of messages and coupons, so that there is something to return."""
    made = outcomes(np.random.default_rng(3), assignments, {"coupon": 0.1})
    is_treated = assignments["arm"] == "coupon"
    return made.with_columns(contact_cost_amount=is_treated.cast(pl.Float64))


def tables(assignments: pl.DataFrame, made: pl.DataFrame) -> tuple[ComparedUsers, Mapping[str, pl.DataFrame]]:
    """Everything that is made of assignments and outcomes."""
    compared = compared_users(assignments, SNAPSHOT, WINDOW_DAYS)
    random = np.random.default_rng(2)
    known = known_users(compared.rows, made, margin_share=0.3, traits=pl.DataFrame(schema=TRAITS)).with_columns(
        segment=pl.lit("loyal"), **{name: pl.Series(random.normal(0, 1, compared.rows.height)) for name in NAMES}
    )
    users = pl.DataFrame({"user_id": ["a", "b"], **{name: [0.0, 1.0] for name in NAMES}})
    early = assignments.select("campaign", "user_id", visited=1.0, carted=0.0, clicked=0.0).with_columns(
        visited=pl.Series(random.random(assignments.height) < 0.5).cast(pl.Float64)
    )
    before = assignments.filter(pl.int_range(pl.len()) % 2 == 0)
    contacts = before.select("user_id", sent_at=pl.col("assigned_at") - timedelta(days=3))
    joined, _ = members([assignments.select("user_id", is_holdout=pl.col("arm") == "none", decided_at="assigned_at")])
    read = readings(joined, SNAPSHOT, WINDOW_DAYS).select("campaign", "user_id")
    once = made.drop("campaign").unique("user_id", keep="first", maintain_order=True)
    since = read.join(once, on="user_id", how="left", maintain_order="left")
    young = compared_users(assignments, SNAPSHOT, 7).rows
    dated = {"snapshot": SNAPSHOT, "window_days": WINDOW_DAYS, "recorded": RECORDED}
    return compared, {
        "experiment_readout": readout(assignments, made, window_days=WINDOW_DAYS, snapshot=SNAPSHOT),
        "arm_effects": arm_effects(known, **dated),  # type: ignore[arg-type]
        "group_effects": group_effects(known, {"coupon": "coupon"}, {"coupon": "email"}, **dated),  # type: ignore[arg-type]
        "return_on_spend": return_on_spend(known, snapshot=SNAPSHOT),
        "user_effects": user_effects(known, users, ["coupon"], SNAPSHOT),
        "uplift_comparison": uplift_comparison(known, SNAPSHOT),
        "early_signals": early_signals(young, early, known, early_days=7, snapshot=SNAPSHOT),
        "fatigue_effects": fatigue_effects(known, contacts, rest_days=14, snapshot=SNAPSHOT),
        "program_effects": program_effects(joined, since, snapshot=SNAPSHOT, margin_share=0.3, recorded=RECORDED),
    }


def notes(table: pl.DataFrame, metric: str = "margin_amount") -> set[str]:
    rows = table.filter(pl.col("metric") == metric) if "metric" in table.columns else table
    return set(rows["note"].fill_null("").to_list())


# What is not assigned by chance, or not known to be: how, why campaigns are left out, and what the readout says.
NOT_COMPARABLE: Mapping[str, tuple[Callable[[pl.DataFrame], pl.DataFrame], str, str]] = MappingProxyType({
    "no control": (
        lambda rows: rows.filter(pl.col("arm") != "none"), "nobody was treated, or nobody left alone",
        "0 control users, 2 of each needed",
    ),
    "no propensity": (
        lambda rows: rows.with_columns(propensity=pl.lit(None, pl.Float64)), "nobody has a propensity above 0",
        "left out: nobody has a propensity",
    ),
    "propensity 0": (
        lambda rows: rows.with_columns(propensity=pl.lit(0.0)), "nobody has a propensity above 0",
        "left out: nobody has a propensity",
    ),
    "propensity 1": (
        lambda rows: rows.with_columns(propensity=pl.lit(1.0)),
        "a side has a propensity of 1, so that there cannot be another", "they cannot all be right",
    ),
    "propensities 1 and 0": (
        lambda rows: rows.with_columns(propensity=(pl.col("arm") == "coupon").cast(pl.Float64)),
        "users without a propensity above 0", "0 control users, 2 of each needed",
    ),
})  # fmt: skip


@pytest.mark.parametrize("name", NOT_COMPARABLE)
def test_what_chance_has_not_assigned_gives_no_figure_and_says_why(name: str) -> None:
    change, why, in_readout = NOT_COMPARABLE[name]
    whole = assigned()
    changed = change(whole)
    kept = whole.with_row_index().join(changed.select("campaign", "user_id"), on=["campaign", "user_id"])["index"]
    compared, read = tables(changed, bought(whole)[kept.to_list()])
    assert set(compared.left_out) == {f"c{n}" for n in range(CAMPAIGNS)}
    assert all(why in said for said in compared.left_out.values())
    assert all(in_readout in note for note in notes(read["experiment_readout"], "retained"))
    assert all(read[table].is_empty() for table in (*POOLED, "user_effects", "early_signals"))
    assert read["fatigue_effects"].select("loss", "loss_amount").rows() == [(None, 0.0)]
    if name == "no control":  # the programme goes by who is in the holdout, whatever chance of it is stated
        assert all("0 control users" in note for note in notes(read["program_effects"]))


def test_users_of_campaigns_that_overlap_are_counted() -> None:
    first = assigned().filter(pl.col("campaign") == "c0")
    half = pl.int_range(pl.len()) % 2 == 0
    second = first.with_columns(
        campaign=pl.lit("d"), assigned_at=pl.col("assigned_at") + timedelta(days=3),
        arm=pl.when(half).then(pl.lit("coupon")).otherwise(pl.lit("none")),
    )  # fmt: skip
    both = pl.concat([first, second])
    _, read = tables(both, bought(both))
    assert notes(read["experiment_readout"], "retained") == {
        "300 of 300 users were in another campaign within the window"
    }
    for table in ("arm_effects", "group_effects"):
        dimension = {"arm_effects": "all", "group_effects": "arm"}[table]
        rows = read[table].filter(pl.col("dimension") == dimension)
        assert "600 of 600 assignments lie within a window of another of the same user" in rows["note"][0]
    alone = tables(first, bought(first))[1]["arm_effects"]
    assert not any("within a window" in note for note in notes(alone))


def test_a_user_who_spends_a_thousand_times_as_much_is_named_as_the_variance() -> None:
    whole = assigned()
    is_rich = pl.int_range(pl.len()) == 17
    made = bought(whole).with_columns(spent_amount=pl.when(is_rich).then(50_000.0).otherwise("spent_amount"))
    _, read = tables(whole, made)
    assert any(ONE_USER in note for note in notes(read["experiment_readout"], "spent_amount"))
    for table in (*POOLED, "program_effects"):
        assert any(ONE_USER in note for note in notes(read[table])), table
    usual = tables(whole, bought(whole))[1]
    assert not any(ONE_USER in note for table in (*POOLED, "program_effects") for note in notes(usual[table]))
    # A plan weighs by the error, which that user makes: the assumption is kept.
    errors = [each["user_effects"]["margin_error_amount"][0] for each in (usual, read)]
    assert errors[1] > 10 * errors[0]
    assert read["fatigue_effects"]["loss_amount"][0] == 0


@pytest.mark.parametrize("amount", [50.0, 14.7])
def test_where_all_outcomes_are_equal_there_is_no_interval(amount: float) -> None:
    """Sums of 14.70 are not what they should be by some 1e-12, which is no difference between users."""
    whole = assigned()
    made = bought(whole).with_columns(
        orders_count=pl.lit(1, pl.Int64), spent_amount=pl.lit(amount), contact_cost_amount=pl.lit(0.0)
    )
    _, read = tables(whole, made)
    assert all(SAME in note for note in notes(read["experiment_readout"], "spent_amount"))
    for table in (*POOLED, "program_effects"):
        assert all(SAME in note for note in notes(read[table])), table
    assert read["user_effects"].is_empty(), "an error of nothing would be certainty"
    assert read["fatigue_effects"]["loss"].to_list() == [None]
    assert not read["early_signals"]["is_used"].any()


def test_sides_that_each_have_one_outcome_are_no_certainty() -> None:
    rows = pl.DataFrame({
        "stratum": "c", "user_id": [f"u{n}" for n in range(90)], "is_treated": [n % 3 == 0 for n in range(90)],
        "propensity": 1 / 3, "value": [0.3 if n % 3 == 0 else 0.1 for n in range(90)],
    })  # fmt: skip
    effect = pooled_effect(rows, "value")
    assert effect.effect == pytest.approx(0.2)
    assert (effect.low, effect.p_value) == (None, None)
    assert SAME in effect.notes[0]


def test_a_metric_whose_table_is_missing_has_no_row() -> None:
    whole = assigned()
    compared, _ = tables(whole, bought(whole))
    known = known_users(compared.rows, bought(whole), margin_share=0.3, traits=pl.DataFrame(schema=TRAITS))
    dated = {"snapshot": SNAPSHOT, "window_days": WINDOW_DAYS, "recorded": ["orders"]}
    of_orders = {name for name, metric in METRICS.items() if metric.table == "orders"}
    assert set(arm_effects(known, **dated)["metric"]) == of_orders  # type: ignore[arg-type]
    random = np.random.default_rng(1)
    read = policy_readout(sides(random, 900, [(0.1, 0.2)]), drawn(random, 900), **dated)  # type: ignore[arg-type]
    assert set(read["metric"]) == of_orders


def policies(change: Callable[[pl.DataFrame], pl.DataFrame]) -> tuple[pl.DataFrame, pl.DataFrame, Mapping[str, str]]:
    """(policy_readout, policy_value, what the gate says of each policy)."""
    random = np.random.default_rng(1)
    by_side, by_draw = change(sides(random, 1_500, [(0.1, 0.2)] * 2)), change(drawn(random, 900))
    read = policy_readout(by_side, by_draw, snapshot=SNAPSHOT, window_days=WINDOW_DAYS, recorded=RECORDED)
    value = policy_value(by_draw, used="learned", snapshot=SNAPSHOT)
    gate = policy_gate(by_draw, "learned", {"coupon": 1.0, "reminder": 0.1})
    return read, value, {name: evidence.reason for name, evidence in gate.items()}


def test_policies_are_not_judged_by_outcomes_that_are_all_equal() -> None:
    read, value, gate = policies(lambda rows: rows.with_columns(margin_amount=pl.lit(14.7), retained=pl.lit(1.0)))
    assert all(SAME in note for note in notes(read))
    assert value["value_low"].null_count() == value["effect"].null_count() == value.height
    assert notes(value) == {"no interval: all users have the same outcome"}
    assert set(value["verdict"]) == {"in use", "not proven"}
    assert all(SAME in reason for reason in gate.values())


def test_policies_are_not_held_against_what_nobody_drew() -> None:
    """A forecast of none by users who all drew something is no measurement."""
    _, value, gate = policies(
        lambda rows: rows.filter(pl.col("treatment") != "none") if "treatment" in rows.columns else rows
    )
    coupon = value.row(
        by_predicate=(pl.col("policy") == "all:coupon") & (pl.col("metric") == "margin_amount"), named=True
    )
    assert coupon["value_low"] < 3.0 < coupon["value_high"]
    assert (coupon["effect"], coupon["note"]) == (
        None,
        "no difference to none: 0 users' worth of draws of none, 100 needed",
    )
    assert coupon["beyond_used"] is not None
    assert value.filter(pl.col("policy") == "none")["verdict"].unique().to_list() == ["too few users"]
    assert all("100 needed" in reason for reason in gate.values())


def test_a_rich_user_is_named_where_policies_are_judged() -> None:
    is_rich = pl.int_range(pl.len()) == 7
    read, value, _ = policies(
        lambda rows: rows.with_columns(margin_amount=pl.when(is_rich).then(3_000.0).otherwise("margin_amount"))
    )
    assert any(ONE_USER in note for note in notes(read.filter(pl.col("against") == "holdout")))
    assert any(ONE_USER in note for note in notes(read.filter(pl.col("against") == "random")))
    assert any(ONE_USER in note for note in notes(value))
    assert not any(ONE_USER in note for note in notes(value, "retained"))
