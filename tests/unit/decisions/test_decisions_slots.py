"""Send slots: chances that add up and are how often slots are drawn, within the hours and before the next plan."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import Any

import duckdb
import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from churn_assets.catalogue.arms import Arm
from churn_assets.contracts.send_slots import SLOTS
from churn_assets.decisions.policies import policy_version
from churn_assets.decisions.quiet import is_quiet
from churn_assets.decisions.slots import open_slots, scores, send_slots, slot_chances, to_be_sent
from churn_assets.settings import Decisions
from churn_assets.warehouse.moments import MOMENTS

MONDAY = date(2026, 3, 2)
FLOOR = 0.3
MAIL = Arm(arm="mail", channel="email", template="t", cost_amount=1, assumed_lift=0.1)
NOTHING = pl.DataFrame(
    schema={"user_id": pl.String, "slot": pl.Int64, "visits": pl.Int64, "sent": pl.Int64, "opened": pl.Int64}
)


def settings(**changes: Any) -> Decisions:
    return Decisions(**({"arms": (MAIL,), "send_slots": "learned", "send_slot_floor_share": FLOOR} | changes))


def sent_to(*users: str) -> pl.DataFrame:
    return pl.DataFrame({"user_id": users, "arm": ["mail"] * len(users)})


def moments(*rows: tuple[str, str, int, int, int]) -> pl.DataFrame:
    return pl.DataFrame([(u, SLOTS.index(s), *n) for u, s, *n in rows], schema=NOTHING.schema, orient="row")


def best(row: dict[str, Any]) -> str:
    return str(row["slots"][int(np.argmax(row["chances"]))])


@hypothesis_settings(max_examples=60, deadline=None)
@given(
    hours=st.one_of(st.none(), st.tuples(st.times(), st.times())),
    zone=st.sampled_from(["UTC", "Asia/Kathmandu", "America/New_York"]),
    day=st.dates(date(2026, 1, 1), date(2026, 12, 31)), cadence=st.sampled_from([1, 7, 31]),
)  # fmt: skip
def test_slots_begin_outside_quiet_hours_and_before_the_next_plan(
    hours: tuple[time, time] | None, zone: str, day: date, cadence: int
) -> None:
    arm = MAIL.model_copy(update={"quiet_hours": hours})
    starts = open_slots(arm, settings(time_zone=zone), day, cadence)
    midnight = datetime.combine(day, time())
    assert list(starts.values()) == sorted(starts.values())
    for moment in starts.values():
        assert midnight <= moment <= midnight + timedelta(days=cadence, hours=-6)
        assert not is_quiet(moment, arm, zone)
    if hours is None and cadence > 1:
        assert len(starts) == 28


@given(score=st.lists(st.floats(1e-6, 1e3), min_size=1, max_size=28), floor=st.floats(0.01, 1))
def test_chances_add_up_and_have_their_floor(score: list[float], floor: float) -> None:
    chances = slot_chances(np.array(score), floor)
    assert chances.sum() == pytest.approx(1, abs=1e-12)
    assert (chances >= floor / len(score) - 1e-12).all()
    assert chances[int(np.argmax(score))] == pytest.approx(1 - floor + floor / len(score))


def test_slots_are_drawn_as_often_as_their_chances_say() -> None:
    users = [f"u{number}" for number in range(6_000)]
    rows = send_slots(sent_to(*users), moments(("u0", "tue_evening", 9, 0, 0)), settings(), MONDAY, 7)
    drawn = dict(rows.group_by("slot").len().iter_rows())
    chances = dict(zip(rows["slots"][1], rows["chances"][1], strict=True))
    assert sum(drawn.values()) == 6_000
    for slot, chance in chances.items():
        assert drawn[slot] / 6_000 == pytest.approx(chance, abs=4.5 * np.sqrt(chance * (1 - chance) / 6_000)), slot
    assert rows.filter(pl.col("slot") == "tue_evening")["send_after"].unique().to_list() == [datetime(2026, 3, 3, 18)]


def test_a_call_has_no_slot() -> None:
    rows = [("a", "mail", "email"), ("b", "care_call", "call"), ("c", "points", "none"), ("d", "none", None)]
    ledger = pl.DataFrame(rows, schema=["user_id", "arm", "channel"], orient="row")
    assert to_be_sent(ledger).rows() == [("a", "mail")]


def test_own_habits_count_once_there_are_enough_of_them() -> None:
    """Everybody comes on Tuesday evening; of two who came on Friday afternoon, one did so often."""
    crowd = [(f"c{number}", "tue_evening", 5, 0, 0) for number in range(50)]
    rows = send_slots(
        sent_to("often", "once", *(user for user, *_ in crowd)),
        moments(*crowd, ("often", "fri_afternoon", 20, 0, 0), ("once", "fri_afternoon", 1, 0, 0)),
        settings(), MONDAY, 7,
    )  # fmt: skip
    by_user = {row["user_id"]: best(row) for row in rows.iter_rows(named=True)}
    assert by_user["often"] == "fri_afternoon"
    assert by_user["once"] == "tue_evening"


def test_what_is_opened_counts_by_what_was_sent() -> None:
    """Who gets all messages on Monday morning and opens few of them is not one who opens on Monday mornings."""
    same = [("a", "mon_morning", 10, 20, 2), ("a", "thu_evening", 10, 20, 18)]
    score, visits = scores(pl.Series(["a"]), moments(*same))
    assert score[0].argmax() == SLOTS.index("thu_evening")
    assert visits.tolist() == [20.0]
    by_sending, _ = scores(pl.Series(["a"]), moments(("a", "mon_morning", 0, 50, 25), ("a", "thu_evening", 0, 4, 3)))
    assert by_sending[0].argmax() == SLOTS.index("thu_evening")


def test_without_evidence_every_user_has_the_first_slot_as_the_best_and_off_is_what_it_was() -> None:
    rows = send_slots(sent_to("a", "b"), NOTHING, settings(), MONDAY, 7)
    assert {best(row) for row in rows.iter_rows(named=True)} == {"mon_morning"}
    assert rows["send_after"].min() >= datetime(2026, 3, 2, 9)  # type: ignore[operator]
    assert policy_version(Decisions(send_slots="learned")) != policy_version(Decisions())


def read(events: list[tuple[str, str]], contacts: list[tuple[str, str | None, str]], zone: str = "UTC") -> list[Any]:
    """`events`: occurred_at, known_at; `contacts`: sent_at, opened_at, known_at; all of user a."""
    with duckdb.connect() as connection:
        connection.execute("create schema marts")
        known = "known_at timestamp, superseded_at timestamp"
        connection.execute(f"create table marts.fct_events (user_id varchar, occurred_at timestamp, {known})")
        connection.execute(
            "create table marts.fct_contacts "
            f"(user_id varchar, channel varchar, sent_at timestamp, opened_at timestamp, {known})"
        )
        for row in events:
            connection.execute("insert into marts.fct_events values ('a', ?, ?, null)", row)
        for contact in contacts:
            connection.execute("insert into marts.fct_contacts values ('a', 'email', ?, ?, ?, null)", contact)
        found = connection.execute(MOMENTS, {"users": ["a"], "snapshot": MONDAY, "zone": zone}).fetchall()
    return [(SLOTS[slot], *counts) for _, slot, *counts in found]


def test_visits_are_days_by_the_clock_of_the_shop() -> None:
    seen = [("2026-02-27 10:00", "2026-02-27 11:00"), ("2026-02-27 11:30", "2026-02-27 12:00")]
    assert read(seen, []) == [("fri_morning", 1, 0, 0)]
    assert read(seen, [], "Asia/Shanghai") == [("fri_evening", 1, 0, 0)]


def test_what_is_known_later_or_may_be_an_answer_to_a_message_is_no_habit() -> None:
    late = [("2026-02-20 10:00", "2026-03-02 00:00"), ("2026-03-02 00:00", "2026-03-01 10:00")]
    assert read(late, []) == []
    answered = [("2026-02-20 10:00", "2026-02-20 11:00"), ("2026-02-21 13:00", "2026-02-21 14:00")]
    mail = ("2026-02-20 09:00", "2026-02-20 09:30", "2026-02-20 10:00")
    assert read(answered, [mail]) == [("fri_morning", 0, 1, 1), ("sat_afternoon", 1, 0, 0)]


def test_a_message_counts_when_there_was_time_to_open_it() -> None:
    young = ("2026-02-28 09:00", "2026-02-28 09:30", "2026-02-28 10:00")
    slow = ("2026-02-20 09:00", "2026-02-25 09:30", "2026-02-25 10:00")
    assert read([], [young]) == []
    assert read([], [slow]) == [("fri_morning", 0, 1, 0)]
