"""In whichever order past weeks were made, effects and the plan after them are the same, to the last bit."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta

import numpy as np
import polars as pl
import pytest

from churn_assets.catalogue.arms import Arm
from churn_assets.contracts.channels import CHANNELS
from churn_assets.decisions.decide import decide
from churn_assets.decisions.meant import resting_before
from churn_assets.effects.assignments import ledger_assignments, ledger_traits
from churn_assets.effects.policy_readout import policy_readout
from churn_assets.effects.policy_value import policy_value
from churn_assets.effects.slot_effects import slot_effects
from churn_assets.settings import Decisions
from tests.unit.effects.test_effects_bad_input import RECORDED, assigned, bought, tables
from tests.unit.effects.test_effects_policy_readout import drawn, sides
from tests.unit.effects.test_effects_slot_effects import TABLES, messages
from tests.unit.effects.weeks import SNAPSHOT, WINDOW_DAYS

FIRST, WEEKS = date(2026, 3, 2), 5
SCHEMA = {
    "risk_rank": pl.Int64, "reason_2": pl.String, "reason_3": pl.String, "cooling_arms": pl.List(pl.String),
    "wordless_arms": pl.List(pl.String), **{f"hindrance_{channel}": pl.String for channel in CHANNELS},
}  # fmt: skip
SETTINGS = Decisions(
    arms=(Arm(arm="coupon", channel="email", template="t", cost_amount=2, assumed_lift=0.1, cool_down_days=14),),
    policy="value", budget_amount=300.0, holdout_share=0.2, random_share=0.2, usual_share=0.2,
)  # fmt: skip


def mixed(frame: pl.DataFrame, seed: int) -> pl.DataFrame:
    return frame.sample(fraction=1, shuffle=True, seed=seed)


@pytest.mark.parametrize("seed", [1, 2])
def test_effects_are_the_same_whichever_week_was_published_first(seed: int) -> None:
    whole = assigned()
    made = bought(whole)
    _, once = tables(whole, made)
    _, again = tables(mixed(whole, seed), mixed(made, seed + 10))
    # Which user has which profile is drawn by place in this test's own frame, so these two are not held against it.
    for name in set(once) - {"user_effects", "uplift_comparison", "early_signals", "fatigue_effects"}:
        assert once[name].equals(again[name]), name


def test_readouts_of_policies_and_slots_are_the_same() -> None:
    random = np.random.default_rng(1)
    by_side, by_draw, sent = sides(random, 900, [(0.1, 0.2)] * 3), drawn(random, 600), messages(1, 600)
    for read in (
        lambda seed: policy_readout(
            mixed(by_side, seed), mixed(by_draw, seed), snapshot=SNAPSHOT, window_days=WINDOW_DAYS, recorded=RECORDED
        ),
        lambda seed: policy_value(mixed(by_draw, seed), used="learned", snapshot=SNAPSHOT),
        lambda seed: slot_effects(mixed(sent, seed), snapshot=SNAPSHOT, window_days=WINDOW_DAYS, recorded=TABLES),
    ):
        assert read(1).equals(read(2))


@pytest.fixture(scope="module")
def plans() -> list[tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame]]:
    """(ledger, sides, held back) of weeks that do not know each other: nothing was sent in between."""
    return [_plan(FIRST + timedelta(weeks=week)) for week in range(WEEKS)]


def _plan(day: date, cooling: pl.Series | None = None) -> tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame]:
    users = 400
    random = np.random.default_rng(day.toordinal())
    ids = [f"u{n:03}" for n in range(users)]
    resting = set() if cooling is None else set(cooling)
    candidates = pl.DataFrame({
        "user_id": ids, "snapshot_date": [day] * users, "churn_probability": random.uniform(0.2, 0.9, users),
        "risk_rank": list(range(1, users + 1)), "risk_tier": "urgent",
        "value_at_risk_amount": random.lognormal(4, 0.7, users),
        "reason_1": "price", "reason_2": None, "reason_3": None,
        **{f"hindrance_{channel}": None for channel in CHANNELS},
        "cooling_arms": [["coupon"] if user in resting else [] for user in ids], "wordless_arms": [[]] * users,
        "unit_id": ids,
    }, schema_overrides=SCHEMA)  # fmt: skip
    decided = decide(candidates, SETTINGS, day)
    return decided.ledger, decided.sides, decided.held_back


def test_past_plans_say_the_same_in_any_order(plans: list[tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame]]) -> None:
    shuffled = [plans[number] for number in (3, 0, 4, 1, 2)]
    first, second = (
        (
            pl.concat([ledger_assignments(ledger, sides) for ledger, sides, _ in each]),
            ledger_traits([ledger for ledger, _, _ in each], []),
        )
        for each in (plans, shuffled)
    )
    keys = ["campaign", "user_id"]
    assert all(one.sort(keys).equals(other.sort(keys)) for one, other in zip(first, second, strict=True))
    made = bought(first[0].sort(keys))
    read, again = tables(first[0], made)[1], tables(second[0], made)[1]
    for name in ("experiment_readout", "arm_effects", "group_effects", "return_on_spend", "program_effects"):
        assert read[name].equals(again[name]), name
    assert read["arm_effects"].height > 0


def test_the_next_plan_is_the_same_whatever_was_planned_first(
    plans: list[tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame]],
) -> None:
    """Who rests follows from what was planned and sent, not from when it became a partition."""
    ledgers, sides, held_back = (pl.concat(each) for each in zip(*plans, strict=True))
    sent = ledgers.filter(pl.col("arm") != "none").select(
        "user_id", "arm", sent_at=pl.col("decided_at") + pl.duration(hours=30)
    )
    assert sent.height > 100
    plans_after = []
    for seed in (1, 2):
        resting = resting_before(
            mixed(sides, seed) if seed == 2 else sides, mixed(held_back, seed), mixed(sent, seed), SETTINGS, 7
        )
        rests = pl.concat([resting.contacts.select("user_id", "sent_at"), resting.meant.select("user_id", "sent_at")])
        now = datetime.combine(FIRST + timedelta(weeks=WEEKS), time())
        cooling = rests.filter(pl.col("sent_at") >= now - timedelta(days=14))["user_id"].unique().sort()
        plans_after.append(_plan(now.date(), cooling))
    assert plans_after[0][0].filter(pl.col("binding_constraint") == "cool_down").height > 0
    assert all(one.equals(other) for one, other in zip(*plans_after, strict=True))
