"""The outbox in the record store: a key means one content for ever, and nothing leaves without consent."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from datetime import datetime

import polars as pl
import pytest

from churn_assets.contracts.outbox import STATES, Outbox
from churn_assets.delivery.consents import ConsentRecord, add_consents
from churn_assets.instance.outbox import OutboxConflict, OutboxStore, content_sha256
from churn_assets.instance.record.store import Record
from churn_assets.instance.suppressions import suppress, suppressed_users

MakeMessages = Callable[..., pl.DataFrame]
NOW = datetime(2026, 11, 17, 10)


@pytest.fixture
def store(record: Record) -> OutboxStore:
    return OutboxStore(record)


def dispatched(record: Record) -> None:
    with record.transaction() as connection:
        connection.execute("update outbox set state = 'dispatched'")


def test_messages_are_added_once_by_key(store: OutboxStore, make_messages: MakeMessages) -> None:
    assert store.add(make_messages({})) == 1
    assert store.add(make_messages({}, {})) == 1, "the second is new, the first is there"
    assert store.add(make_messages({}, {})) == 0
    assert store.messages()["user_id"].to_list() == ["u0", "u1"]
    assert store.messages([f"{1:032x}"])["user_id"].to_list() == ["u1"]


def test_messages_read_back_keep_their_contract_to_the_microsecond(
    store: OutboxStore, make_messages: MakeMessages
) -> None:
    planned = make_messages({"expires_at": datetime(2026, 11, 23, 0, 0, 0, 1)})
    store.add(planned)
    assert Outbox.validate(store.messages()).rows() == planned.rows()


def test_only_what_has_not_left_can_be_cancelled(
    record: Record, store: OutboxStore, make_messages: MakeMessages
) -> None:
    store.add(make_messages(*({"state": state} for state in STATES), {}))
    keys = store.messages()["message_key"].to_list()
    with record.transaction() as connection:
        connection.execute(
            "insert into attempts (message_key, user_id, adapter, payload_sha256, started_at, fate) "
            "values (?, 'u', 'smtp', '', '2026-11-17', 'lost')",
            (keys[-1],),
        )
    assert store.cancel(keys) == 3
    now = store.messages()["state"].to_list()
    assert now[: len(STATES)] == [{"planned": "cancelled", "approved": "cancelled"}.get(s, s) for s in STATES]
    assert now[-1] == "unknown", "an earlier try may have arrived"
    assert store.cancel(keys) == 0


def test_no_messages_keep_the_contract_too(store: OutboxStore) -> None:
    assert Outbox.validate(store.messages()).is_empty()


@pytest.mark.parametrize("change", [{"payload": "{}"}, {"user_id": "u9"}, {"channel": "sms"}, {"template": "other"}])
def test_a_key_that_comes_with_another_content_is_a_conflict_and_adds_nothing(
    store: OutboxStore, make_messages: MakeMessages, change: dict[str, str]
) -> None:
    store.add(make_messages({}))
    with pytest.raises(OutboxConflict, match=f"message_key {0:032x} is there with another content"):
        store.add(make_messages(change, {}))
    assert len(store.messages()) == 1


def test_the_database_refuses_another_content(store: OutboxStore, record: Record, make_messages: MakeMessages) -> None:
    store.add(make_messages({}))
    with (
        pytest.raises(sqlite3.IntegrityError, match="the content of a message never changes"),
        record.transaction() as connection,
    ):
        connection.execute("update outbox set payload = '{}'")


@pytest.mark.parametrize(
    ("words", "may_leave"),
    [
        ([], False),
        ([("email", True, 1)], True),
        ([("sms", True, 1)], False),
        ([("all", True, 1)], True),
        ([("all", True, 1), ("email", False, 2)], False),
        ([("email", False, 1), ("email", True, 2)], True),
        ([("email", True, 2), ("email", False, 1)], True),  # told later, said earlier
        ([("email", True, 1), ("email", False, 2)], False),
        ([("email", True, 2), ("all", False, 1)], False),
        ([("email", True, 2), ("all", False, 1), ("all", True, 3)], True),
    ],
)
def test_nothing_leaves_without_the_newest_word_on_its_channel(
    store: OutboxStore, record: Record, make_messages: MakeMessages, words: list[tuple[str, bool, int]], may_leave: bool
) -> None:
    store.add(make_messages({}))
    for channel, is_granted, day in words:
        add_consents(record, [ConsentRecord("u0", channel, is_granted, datetime(2026, 11, day))], "landing", NOW)
    if may_leave:
        dispatched(record)
    else:
        with pytest.raises(sqlite3.IntegrityError, match="no valid consent"):
            dispatched(record)
    assert store.messages()["state"].to_list() == ["dispatched" if may_leave else "planned"]


def test_nothing_leaves_to_the_suppressed(store: OutboxStore, record: Record, make_messages: MakeMessages) -> None:
    store.add(make_messages({}))
    add_consents(
        record, [ConsentRecord("u0", "email", is_granted=True, changed_at=datetime(2026, 1, 1))], "landing", NOW
    )
    assert suppress(record, "u0", "complaint", "ana", NOW)
    assert not suppress(record, "u0", "again", "ana", NOW)
    with pytest.raises(sqlite3.IntegrityError, match="suppressed"):
        dispatched(record)
    assert suppressed_users(record, NOW.date()) == [], "a snapshot sees what was known before it"
    assert suppressed_users(record, datetime(2026, 11, 18).date()) == ["u0"]


def test_a_word_is_added_once(record: Record) -> None:
    word = ConsentRecord("u0", "email", is_granted=True, changed_at=datetime(2026, 1, 1))
    assert [add_consents(record, [word, word], "landing", NOW), add_consents(record, [word], "landing", NOW)] == [1, 0]


def test_the_hash_of_a_plan_follows_its_contents_and_times_but_not_its_states(make_messages: MakeMessages) -> None:
    plan = make_messages({}, {})
    same = [plan.reverse(), make_messages({"state": "approved"}, {})]
    others = [
        make_messages({}), make_messages({}, {"payload": "{}"}), make_messages({}, {"expires_at": NOW}),
        make_messages({}, {"not_before": NOW}), make_messages({}, {"user_id": "u7"}),
    ]  # fmt: skip
    assert {content_sha256(frame) for frame in same} == {content_sha256(plan)}
    assert content_sha256(plan) not in {content_sha256(frame) for frame in others}
