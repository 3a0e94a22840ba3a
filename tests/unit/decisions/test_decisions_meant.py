"""Who was left alone by chance rests like who was written to, so that the sides of all weeks are those of the draw."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date, datetime, time, timedelta
from typing import Any

import numpy as np
import polars as pl
import pytest
from scipy import stats

from churn_assets.catalogue.arms import Arm
from churn_assets.contracts.channels import SENDING_CHANNELS
from churn_assets.contracts.decision_ledger import IS_GIVEN_BY_CHANCE, NO_ARM
from churn_assets.contracts.held_back_options import HeldBackOptions
from churn_assets.contracts.policy_sides import PolicySides
from churn_assets.decisions.decide import DecisionResult, decide
from churn_assets.decisions.hindrance import with_hindrances
from churn_assets.decisions.meant import Resting, resting_before
from churn_assets.decisions.waiting import Fatigue, days_since_last
from churn_assets.settings import Decisions

FIRST, WEEKS, USERS = date(2026, 3, 2), 5, 3_000
COUPON = Arm(arm="coupon", channel="email", template="t", cost_amount=2, assumed_lift=0.10, cool_down_days=21)
REMINDER = Arm(
    arm="reminder", channel="email", template="t", cost_amount=0.1, assumed_lift=0.04, cool_down_days=14,
    answers=("engagement",),
)  # fmt: skip
QUIET = Arm(arm="points", channel="none", template="t", cost_amount=0.1, assumed_lift=0.01, cool_down_days=90)
SETTINGS = Decisions(
    arms=(COUPON, REMINDER), policy="value", margin_share=0.3, budget_amount=900.0, holdout_share=0.1, usual_share=0.2,
    random_share=0.1, sampled_share=0.15, max_contacts=2, max_contacts_days=28, salt="five weeks",
)  # fmt: skip
CONTACTS = pl.Schema({"user_id": pl.String, "arm": pl.String, "channel": pl.String, "sent_at": pl.Datetime("us")})
SMALLEST_P = 1e-4  # of a sample ratio, in each of the tests below


def as_sent(resting: Resting, contacts: pl.DataFrame) -> Resting:
    """What it was before 2026-11-30: whoever had a message rests from that, others from the midnight of their plan."""
    monday = pl.col("sent_at").dt.truncate("1w")
    return Resting(contacts, resting.meant.with_columns(sent_at=monday))


def lived_through(
    *,
    rests: Callable[[Resting, pl.DataFrame], Resting] | None = lambda resting, _: resting,
    settings: Decisions = SETTINGS,
    hours: int = 0,
    loss: float | None = None,
) -> Iterator[DecisionResult]:
    """Decisions of weeks that follow each other, with users who keep their risk. Every message reaches its user, at
    nine or within as many `hours` after that. `loss`: of a message to a user within 14 days, for plans that wait.
    """  # fmt: skip
    rng = np.random.default_rng(7)
    worth = rng.lognormal(4, 0.7, USERS)
    users = pl.DataFrame({
        "user_id": [f"u{number:04}" for number in range(USERS)],
        "churn_probability": rng.uniform(0.2, 0.9, USERS), "risk_rank": range(1, USERS + 1),
        "risk_tier": "urgent", "value_at_risk_amount": worth,
        "reason_1": rng.choice(["engagement", "price"], USERS), "reason_2": None, "reason_3": None,
    }, schema_overrides={"reason_2": pl.String, "reason_3": pl.String, "risk_rank": pl.Int64})  # fmt: skip
    consents = users.select(
        "user_id", **{f"consent_{channel}": pl.lit(value=True) for channel in SENDING_CHANNELS},
        has_email=pl.lit(value=True), has_phone=pl.lit(value=True),
        household_id=pl.lit(None, pl.String), device_id=pl.lit(None, pl.String),
    )  # fmt: skip
    contacts, sides, held_back = pl.DataFrame(schema=CONTACTS), PolicySides.empty(), HeldBackOptions.empty()
    for week in range(WEEKS):
        day = FIRST + timedelta(weeks=week)
        # Risk moves a little from week to week.
        moved = users.with_columns(
            snapshot_date=pl.lit(day), value_at_risk_amount=pl.Series(worth * rng.uniform(0.8, 1.2, USERS))
        )
        resting = resting_before(sides, held_back, contacts, settings, 7)
        resting = rests(resting, contacts) if rests else Resting(contacts, resting.meant.clear())
        candidates = with_hindrances(
            moved, consents, resting.contacts, suppressed=[], suppressed_channels=[], needs_address=[],
            settings=settings, snapshot=day, meant=resting.meant,
        ).with_columns(wordless_arms=pl.lit([], pl.List(pl.String)))  # fmt: skip
        last = days_since_last(resting.contacts, resting.meant, pl.lit(datetime.combine(day, time())))
        tired = None if loss is None else Fatigue(last, loss, rest_days=14, cadence_days=7, horizon_days=28)
        decided = decide(candidates, settings, day, fatigue=tired)
        yield decided
        sides, held_back = pl.concat([sides, decided.sides]), pl.concat([held_back, decided.held_back])
        written_to = decided.ledger.filter(pl.col("arm") != NO_ARM)
        later = pl.Series(rng.integers(0, hours + 1, written_to.height))
        sent = written_to.select(
            "user_id", "arm", "channel",
            sent_at=pl.lit(datetime.combine(day, time(9))) + pl.duration(hours=later),
        )  # fmt: skip
        contacts = pl.concat([contacts, sent.cast(dict(CONTACTS))])


@pytest.fixture(scope="module")
def weeks() -> list[DecisionResult]:
    return list(lived_through())


def p_value(counts: dict[str, int], chances: dict[str, float]) -> float:
    """Of chi-square."""
    total = sum(counts.values())
    expected = [total * chances[name] for name in chances]
    return float(stats.chisquare([counts.get(name, 0) for name in chances], expected).pvalue)


def test_sides_of_later_weeks_have_the_sizes_that_chance_gave_them(weeks: list[DecisionResult]) -> None:
    for week, decided in enumerate(weeks):
        sizes = dict(decided.sides["side"].value_counts().iter_rows())
        assert p_value(sizes, {"holdout": 0.1, "policy": 0.72, "usual": 0.18}) > SMALLEST_P, (week, sizes)
        assert sum(sizes.values()) > 100


def test_they_do_not_where_only_those_rest_who_had_a_message() -> None:
    sides = pl.concat([decided.sides for decided in lived_through(rests=None)][1:])
    sizes = dict(sides["side"].value_counts().iter_rows())
    assert p_value(sizes, {"holdout": 0.1, "policy": 0.72, "usual": 0.18}) < 1e-9


# Whoever waits goes by the last message alone: nobody cools down for a plan, and there is money for everybody.
ALL_WEEK = SETTINGS.model_copy(update={
    "arms": tuple(arm.model_copy(update={"cool_down_days": 6}) for arm in (COUPON, REMINDER)),
    "budget_amount": 5_000.0, "max_contacts": 4,
})  # fmt: skip


def test_sides_keep_their_sizes_when_messages_go_out_all_week_and_users_wait() -> None:
    """Four seconds: five weeks of decisions, twice. Where each rested from their own message, 638 of 5,281 users meant
    after the first week were of the holdout of 10 %.
    """
    assert _sides_p_value(lived_through(settings=ALL_WEEK, hours=6 * 24, loss=3.0)) > SMALLEST_P
    assert _sides_p_value(lived_through(settings=ALL_WEEK, hours=6 * 24, loss=3.0, rests=as_sent)) < SMALLEST_P


def _sides_p_value(weeks: Iterator[DecisionResult]) -> float:
    sizes = dict(pl.concat([decided.sides for decided in weeks][1:])["side"].value_counts().iter_rows())
    return p_value(sizes, {"holdout": 0.1, "policy": 0.72, "usual": 0.18})


def test_the_propensity_of_everything_that_was_given_is_how_often_it_is(weeks: list[DecisionResult]) -> None:
    """Of users for whom both plans meant the same, over all weeks; what could have been given adds up to one."""
    frames = [
        decided.ledger.filter(~IS_GIVEN_BY_CHANCE)
        .join(decided.sides.select("user_id", "policy", "usual"), on="user_id")
        .select("policy", "usual", "arm", "propensity")
        for decided in weeks
    ]
    given = (
        pl.concat(frames)
        .group_by("policy", "usual", "arm")
        .agg(pl.len(), pl.col("propensity").n_unique().alias("stated"), pl.col("propensity").first())
    )
    assert given["stated"].max() == 1
    strata = [rows for rows in given.partition_by("policy", "usual") if rows["len"].sum() > 150]
    assert len(strata) >= 3
    for rows in strata:
        assert rows["propensity"].sum() == pytest.approx(1)
        counts, chances = (dict(rows.select("arm", name).iter_rows()) for name in ("len", "propensity"))
        assert p_value(counts, chances) > SMALLEST_P, rows


@pytest.mark.parametrize("side", ["random_side", "sampled"])
def test_draws_of_later_weeks_are_as_frequent_as_their_chances(weeks: list[DecisionResult], side: str) -> None:
    """Standardised over users, whose chances differ."""
    rows = pl.concat([getattr(decided, side).select("treatments", "treatment", "propensity") for decided in weeks[1:]])
    assert rows.height > 150
    none = (rows["treatment"] == NO_ARM).to_numpy()
    if side == "random_side":
        chance = 1 / (rows["treatments"].list.len().to_numpy() + 1.0)
        assert rows["propensity"].to_list() == pytest.approx(chance.tolist())
    else:
        frames = [decided.sampled.select(chance=pl.col("chances").list.last()) for decided in weeks[1:]]
        chance = pl.concat(frames)["chance"].to_numpy()
    z = (none - chance).sum() / np.sqrt((chance * (1 - chance)).sum())
    assert abs(z) < 4


def test_the_same_past_gives_the_same_plan(weeks: list[DecisionResult]) -> None:
    again = list(lived_through())[-1]
    for name in ("ledger", "sides", "random_side", "sampled"):
        assert getattr(again, name).equals(getattr(weeks[-1], name)), name


def rows_of(sides: list[tuple[str, str, str]], contacts: list[tuple[str, str, str]]) -> list[tuple[Any, ...]]:
    """`sides`: user, policy, usual, all of FIRST; `contacts`: user, arm, day."""
    frame = pl.DataFrame(
        [(user, FIRST, "value-01234567", policy, usual, "policy", 0.9) for user, policy, usual in sides],
        schema=PolicySides.empty().schema, orient="row",
    )  # fmt: skip
    known = pl.DataFrame(
        [(user, arm, "email", datetime.fromisoformat(day)) for user, arm, day in contacts],
        schema=CONTACTS, orient="row",
    )  # fmt: skip
    resting = resting_before(
        frame, HeldBackOptions.empty(), known, SETTINGS.model_copy(update={"arms": (COUPON, REMINDER, QUIET)}), 7
    )
    return resting.meant.select("user_id", "arm", "counts_as_contact").rows()


def test_a_plan_that_has_not_gone_out_lets_nobody_rest() -> None:
    assert rows_of([("a", "coupon", "none")], []) == []
    assert rows_of([("a", "coupon", "none")], [("b", "coupon", "2026-03-03")]) == [], "a message of somebody else's"
    assert rows_of([("a", "coupon", "none"), ("b", "coupon", "none")], [("b", "coupon", "2026-03-09")]) == [], "later"


def test_all_of_a_plan_rest_from_its_last_message() -> None:
    """Contacts of no plan stay as they were."""
    sides = PolicySides.empty().vstack(
        pl.DataFrame([(user, FIRST, "value-01234567", "coupon", "none", "policy", 0.9) for user in "abc"],
                     schema=PolicySides.empty().schema, orient="row")
    )  # fmt: skip
    sent = [
        ("a", "coupon", "2026-03-02T09:00"), ("b", "coupon", "2026-03-07T18:00"),
        ("b", "other", "2026-03-08T10:00"), ("a", "coupon", "2026-03-09T09:00"),
    ]  # fmt: skip
    contacts = pl.DataFrame(
        [(user, arm, "email", datetime.fromisoformat(at)) for user, arm, at in sent], schema=CONTACTS, orient="row"
    )
    resting = resting_before(sides, HeldBackOptions.empty(), contacts, SETTINGS, 7)
    assert resting.meant.rows() == [("c", "coupon", datetime(2026, 3, 7, 18), True)]
    assert resting.contacts["sent_at"].to_list() == [
        datetime(2026, 3, 7, 18), datetime(2026, 3, 7, 18), datetime(2026, 3, 8, 10), datetime(2026, 3, 9, 9),
    ]  # fmt: skip
    assert resting.contacts.columns == contacts.columns


def test_who_was_reached_counts_once_and_others_as_if_they_had_been() -> None:
    sides = [("a", "coupon", "reminder"), ("b", "coupon", "reminder"), ("c", "points", "none"), ("d", "none", "coupon")]
    assert rows_of(sides, [("b", "coupon", "2026-03-03")]) == [
        ("a", "coupon", True), ("a", "reminder", False), ("b", "reminder", False), ("d", "coupon", True),
    ]  # fmt: skip
