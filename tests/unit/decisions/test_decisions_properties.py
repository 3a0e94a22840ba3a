from __future__ import annotations

from collections import Counter
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import polars as pl
from hypothesis import event, given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from churn_assets.catalogue.arms import Arm, Level
from churn_assets.contracts.channels import SENDING_CHANNELS
from churn_assets.contracts.decision_ledger import HINDRANCES
from churn_assets.contracts.feature import REASON_GROUPS
from churn_assets.decisions.decide import decide as decide_all
from churn_assets.decisions.options import options_of
from churn_assets.settings import Decisions

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import date

    MakeCandidates = Callable[..., pl.DataFrame]

CENTS = st.integers(0, 1_000).map(lambda cents: cents / 100)
SHARES = st.sampled_from([0.0, 0.1, 0.5, 1.0])
BUDGETS = st.integers(0, 20_000).map(lambda cents: cents / 100)
# Rare, and of few kinds: drawn evenly, all but one user in twenty-five were meant for nothing whatever they drew.
OFTEN_NONE = st.integers(0, 9).flatmap(lambda one: st.none() if one else st.sampled_from(HINDRANCES))
REASONS = st.none() | st.sampled_from(REASON_GROUPS)
USERS = st.lists(
    st.fixed_dictionaries(
        {
            "risk_tier": st.sampled_from(["urgent", "watch", "small"]),
            "value_at_risk_amount": st.floats(0, 10_000) | st.floats(500, 10_000),
            "reason_1": REASONS,
            "reason_2": REASONS,
            "reason_3": REASONS,
        }
        | {f"hindrance_{channel}": OFTEN_NONE for channel in SENDING_CHANNELS}
        | {f"{what}_arms": st.lists(st.sampled_from(["one"]), max_size=1) for what in ("cooling", "wordless")}
    ),
    min_size=1,
    max_size=40,
)
ARMS = st.lists(
    st.builds(
        Arm,
        arm=st.sampled_from(["one", "two", "three", "four"]),
        channel=st.sampled_from(SENDING_CHANNELS),
        template=st.just("t"),
        answers=st.lists(st.sampled_from(REASON_GROUPS), max_size=3).map(tuple),
        levels=st.lists(
            st.builds(
                Level,
                level=st.sampled_from(["a", "b"]),
                cost_amount=CENTS,
                assumed_lift=st.floats(0, 1) | st.floats(0.3, 1),
                margin_loss_share=st.just(0.0) | st.floats(0, 0.2),
            ),
            min_size=1,
            max_size=2,
            unique_by=lambda level: level.level,
        ).map(tuple),
        control_share=st.sampled_from([0.0, 0.3]),
        capacity=st.none() | st.integers(0, 5),
        min_value_amount=CENTS,
    ),
    min_size=1,
    max_size=4,
    unique_by=lambda arm: arm.arm,
).map(tuple)
POLICIES = st.builds(
    Decisions,
    budget_amount=BUDGETS,
    holdout_share=SHARES,
    exploration_share=SHARES,
    random_share=SHARES,
    random_limit_share=SHARES,
    policy=st.sampled_from(["rules", "value"]),
    max_risk_tiers=st.sampled_from([("urgent", "watch"), ("urgent", "watch", "small")]),
    channel_capacities=st.sampled_from([{}, {"email": 3}]),
    arms=ARMS,
)


def decide(candidates: pl.DataFrame, policy: Decisions, snapshot: date) -> pl.DataFrame:
    return decide_all(candidates, policy, snapshot).ledger


@settings(max_examples=30, deadline=None)
@given(users=USERS, policy=POLICIES)
def test_every_ledger_keeps_the_promises(
    make_candidates: MakeCandidates, snapshot: date, users: list[dict[str, Any]], policy: Decisions
) -> None:
    candidates = make_candidates(*users)

    ledger = decide(candidates, policy, snapshot)

    assert ledger.get_column("user_id").to_list() == candidates.get_column("user_id").to_list()
    acted = ledger.join(
        candidates.drop("snapshot_date", "churn_probability", "value_at_risk_amount"), on="user_id"
    ).filter(pl.col("arm") != "none")
    costs = {(o.arm.arm, o.level.level): Decimal(str(o.level.cost_amount)) for o in options_of(policy)}
    spent = sum((costs[given] for given in acted.select("arm", "level").iter_rows()), Decimal(0))
    assert spent <= Decimal(str(policy.budget_amount))
    treated = Counter(acted.get_column("arm"))
    assert all(arm.capacity is None or treated[arm.arm] <= arm.capacity for arm in policy.arms)
    assert not acted.get_column("is_holdout").any()
    assert all(row[f"hindrance_{row['channel']}"] is None for row in acted.iter_rows(named=True))
    assert not any(row["arm"] in row["cooling_arms"] + row["wordless_arms"] for row in acted.iter_rows(named=True))
    assert all(acted["channel"].to_list().count(name) <= n for name, n in policy.channel_capacities.items())
    assert set(acted.get_column("risk_tier")) <= set(policy.max_risk_tiers)


@settings(max_examples=10, deadline=None)
@given(users=USERS, policy=POLICIES, data=st.data())
def test_order_of_the_candidates_does_not_matter(
    make_candidates: MakeCandidates, snapshot: date, users: list[dict[str, Any]], policy: Decisions, data: st.DataObject
) -> None:
    candidates = make_candidates(*users)
    order = data.draw(st.permutations(range(candidates.height)))

    assert_frame_equal(decide(candidates[order], policy, snapshot), decide(candidates, policy, snapshot))


@settings(max_examples=10, deadline=None)
@given(users=USERS, policy=POLICIES, shares=st.tuples(st.floats(0, 1), st.floats(0, 1)))
def test_a_larger_holdout_never_treats_a_user_held_out_before(
    make_candidates: MakeCandidates,
    snapshot: date,
    users: list[dict[str, Any]],
    policy: Decisions,
    shares: tuple[float, float],
) -> None:
    small, large = (
        decide(make_candidates(*users), policy.model_copy(update={"holdout_share": share}), snapshot)
        for share in sorted(shares)
    )

    assert (~small.get_column("is_holdout") | large.get_column("is_holdout")).all()
    assert (large.filter(small.get_column("is_holdout")).get_column("arm") == "none").all()


@settings(max_examples=60, deadline=None)
@given(users=USERS, policy=POLICIES, data=st.data())
def test_what_a_policy_means_a_user_to_get_does_not_depend_on_their_own_draw(
    make_candidates: MakeCandidates, snapshot: date, users: list[dict[str, Any]], policy: Decisions, data: st.DataObject
) -> None:
    """Of whom the policy decides about in both draws: on the random side what was drawn is meant, and who is there (or
    would be, but for the holdout) says the own draw.
    """
    everybody = {"policy": "value", "max_risk_tiers": ("urgent", "watch", "small")}
    policy = policy.model_copy(update=everybody)  # or few are meant for anything
    candidates = make_candidates(*users)
    one = data.draw(st.sampled_from(candidates["user_id"].to_list()))
    redrawn = candidates.with_columns(
        unit_id=pl.when(pl.col("user_id") == one).then(pl.lit(data.draw(st.text(min_size=1)))).otherwise("unit_id")
    )

    results = [decide_all(frame, policy, snapshot) for frame in (candidates, redrawn)]
    by_chance = [one in {*result.random_side["user_id"], *result.held_back["user_id"]} for result in results]
    meant = [
        result.ledger.filter(pl.col("user_id") == one).select("intended_arm", "intended_level").row(0)
        for result in results
    ]

    event(f"by chance in {sum(by_chance)} of 2 draws, meant for {'nothing' if meant[0][0] == 'none' else 'an arm'}")
    assert any(by_chance) or meant[0] == meant[1]
