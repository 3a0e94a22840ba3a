"""Effects of the hour: by the chances of the draw, so that who comes in the evening does not speak for evenings."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

import duckdb
import numpy as np
import polars as pl
import pytest

from churn_assets.contracts.send_slots import SLOTS
from churn_assets.decisions.slots import slot_chances
from churn_assets.effects.slot_effects import SCHEMA, SLOT_METRICS, slot_effects
from churn_assets.warehouse.slot_outcomes import SLOT_OUTCOMES

SNAPSHOT = date(2026, 6, 1)
TABLES = ["contacts", "events", "orders"]
EVENINGS = [number for number, slot in enumerate(SLOTS) if slot.endswith("evening")]


def messages(
    seed: int, users: int, *, gain: float = 0.0, habit: float = 0.0, floor: float = 0.4, open_slots: int = len(SLOTS)
) -> pl.DataFrame:
    """Two plans of an arm. A message sent in the evening is opened by `gain` more; users whose best slot is an evening
    open `habit` more, whenever it is sent.
    """
    random = np.random.default_rng(seed)
    best = random.integers(0, open_slots, users)
    chances = np.array([slot_chances(row, floor) for row in np.eye(open_slots)])[best]
    drawn = (chances.cumsum(axis=1) < random.random(users)[:, None]).sum(axis=1).clip(max=open_slots - 1)
    likely = 0.3 + gain * np.isin(drawn, EVENINGS) + habit * np.isin(best, EVENINGS)
    orders = random.random(users) < 0.4
    return pl.DataFrame({
        "user_id": [f"u{n}" for n in range(users)],
        "snapshot_date": [date(2026, 3, 2 + 7 * (n % 2)) for n in range(users)], "arm": "mail",
        "slots": [list(SLOTS[:open_slots])] * users, "chances": chances.tolist(),
        "slot": [SLOTS[n] for n in drawn], "visits": random.poisson(4, users),
        "in_slot": 1.0, "opened": (random.random(users) < likely).astype(float),
        "visited": (random.random(users) < 0.5).astype(float), "retained": orders.astype(float),
        "margin_amount": orders * random.lognormal(2, 0.5, users), "spent_before_amount": random.lognormal(2, 1, users),
        "orders_before_count": random.poisson(1, users), "churn_probability": random.random(users),
        "value_at_risk_amount": random.lognormal(2, 1, users),
    })  # fmt: skip


def read(rows: pl.DataFrame, recorded: list[str] = TABLES) -> dict[tuple[str, str, str], dict[str, Any]]:
    result = slot_effects(rows, snapshot=SNAPSHOT, window_days=28, recorded=recorded)
    return {(row["dimension"], row["segment"], row["metric"]): row for row in result.iter_rows(named=True)}


def test_a_time_at_which_messages_are_opened_is_found() -> None:
    rows = read(messages(1, 6_000, gain=0.2))
    evening = rows["part", "evening", "opened"]
    assert evening["effect_low"] < 0.2 < evening["effect_high"]
    assert (evening["verdict"], evening["campaigns"], evening["weeks"]) == ("better", 2, 2)
    assert evening["users"] + evening["control_users"] == 6_000
    assert rows["part", "morning", "opened"]["effect"] < 0, "others are in the evening at times"
    assert rows["part", "evening", "visited"]["verdict"] == "not proven"


def test_who_comes_in_the_evening_does_not_speak_for_evenings() -> None:
    """Users whose best slot is an evening open far more; the hour itself does nothing."""
    sent = messages(2, 6_000, habit=0.5)
    is_evening = sent["slot"].str.ends_with("evening")
    naive = sent.filter(is_evening)["opened"].mean() - sent.filter(~is_evening)["opened"].mean()  # type: ignore[operator]
    assert naive > 0.2
    evening = read(sent)["part", "evening", "opened"]
    assert evening["effect_low"] < 0 < evening["effect_high"]
    assert evening["effect_high"] - evening["effect_low"] < 0.12


def test_what_going_by_the_users_own_time_brings_is_told() -> None:
    sent = messages(3, 6_000)
    best = pl.Series([SLOTS[int(np.argmax(row))] for row in sent["chances"]])
    better = sent.with_columns(opened=pl.when(sent["slot"] == best).then(1.0).otherwise("opened"))
    own = read(better)["choice", "own_best", "opened"]
    assert own["effect_low"] < 0.7 < own["effect_high"]
    assert own["verdict"] == "better"
    equal = read(messages(3, 400, floor=1.0))
    assert not any(dimension == "choice" for dimension, _, _ in equal), "where all are as likely, none is the best"


def test_without_an_effect_one_interval_in_twenty_leaves_zero_out() -> None:
    """Four seconds: 60 programmes, of which each part of the day has a row."""
    alarms = [
        row["p_value"] < 0.05
        for seed in range(60)
        for row in read(messages(seed, 500, habit=0.3), ["contacts"]).values()
        if row["dimension"] == "part" and row["p_value"] is not None
    ]
    assert len(alarms) > 200
    assert 0.02 < np.mean(alarms) < 0.09


def test_slots_that_were_not_drawn_as_their_chances_say_give_no_figure() -> None:
    moved = messages(4, 2_000).with_columns(slot=pl.lit(SLOTS[3]))
    rows = read(moved)
    assert {row["verdict"] for row in rows.values()} == {"unknown"}
    assert "not drawn as often" in rows["part", "evening", "opened"]["note"]


@pytest.mark.parametrize("rows", [messages(5, 50).clear(), messages(5, 50, open_slots=1)])
def test_where_no_other_time_was_possible_there_is_no_row(rows: pl.DataFrame) -> None:
    assert slot_effects(rows, snapshot=SNAPSHOT, window_days=28, recorded=TABLES).schema == pl.Schema(SCHEMA)
    assert read(rows) == {}


def test_few_messages_give_no_figure() -> None:
    rows = read(messages(7, 120, floor=0.2))
    assert {row["verdict"] for row in rows.values()} == {"unknown"}
    assert rows["choice", "own_best", "opened"]["note"].endswith("messages' worth of even draws, 200 needed")
    assert rows["choice", "own_best", "opened"]["users"] > 80


def test_what_cannot_be_known_is_said() -> None:
    never = messages(6, 500).with_columns(opened=pl.lit(0.0), in_slot=pl.lit(0.0))
    rows = read(never)
    assert rows["part", "evening", "opened"]["note"] == "no interval: all users of each side have the same outcome"
    assert {metric for _, _, metric in read(never, ["orders"])} == {"retained", "margin_amount"}
    assert {metric for _, _, metric in rows} == set(SLOT_METRICS)


def outcomes(
    contacts: list[tuple[str, str, str | None, str]], events: list[tuple[str, str]], zone: str = "UTC"
) -> tuple[float, ...]:
    """Of the message of user a in campaign p@2026-03-02, meant for Tuesday evening, at 2026-06-01.

    `contacts`: campaign, sent_at, opened_at, known_at; `events`: occurred_at, known_at.
    """
    planned = pl.DataFrame({"campaign": ["p@2026-03-02"], "user_id": ["a"], "send_after": [datetime(2026, 3, 3, 18)]})
    planned = planned.with_columns(slot=pl.lit(SLOTS.index("tue_evening")))
    with duckdb.connect() as connection:
        connection.execute("create schema marts")
        known = "known_at timestamp, superseded_at timestamp"
        connection.execute(f"create table marts.fct_events (user_id varchar, occurred_at timestamp, {known})")
        connection.execute(
            "create table marts.fct_contacts (user_id varchar, channel varchar, campaign_id varchar, "
            f"sent_at timestamp, opened_at timestamp, {known})"
        )
        for contact in contacts:
            connection.execute("insert into marts.fct_contacts values ('a', 'email', ?, ?, ?, ?, null)", contact)
        for event in events:
            connection.execute("insert into marts.fct_events values ('a', ?, ?, null)", event)
        connection.register("planned", planned)
        ((_, _, *found),) = connection.execute(SLOT_OUTCOMES, {"snapshot": SNAPSHOT, "zone": zone}).fetchall()
    return tuple(found)


def test_a_message_is_opened_within_three_days_and_answered_by_a_visit_within_a_week() -> None:
    sent = ("p@2026-03-02", "2026-03-03 19:00", "2026-03-05 10:00", "2026-03-05 11:00")
    assert outcomes([sent], [("2026-03-10 17:00", "2026-03-10 18:00")]) == (1.0, 1.0, 1.0)
    late = ("p@2026-03-02", "2026-03-03 19:00", "2026-03-07 10:00", "2026-03-07 11:00")
    assert outcomes([late], [("2026-03-10 19:00", "2026-03-10 20:00")]) == (1.0, 0.0, 0.0)
    assert outcomes([sent], [], "Asia/Tokyo") == (0.0, 1.0, 0.0), "by that clock it was Wednesday"
    missed = ("p@2026-03-02", "2026-03-04 09:00", "2026-03-05 10:00", "2026-03-05 11:00")
    assert outcomes([missed], []) == (0.0, 1.0, 0.0)
    other = ("q@2026-03-02", "2026-03-03 19:00", "2026-03-03 20:00", "2026-03-05 11:00")
    assert outcomes([other], [("2026-03-03 17:00", "2026-03-03 20:00")]) == (0.0, 0.0, 0.0)
    unknown = ("p@2026-03-02", "2026-03-03 19:00", "2026-03-03 20:00", "2026-06-01 00:00")
    assert outcomes([unknown], [("2026-03-04 10:00", "2026-06-01 00:00")]) == (0.0, 0.0, 0.0)
