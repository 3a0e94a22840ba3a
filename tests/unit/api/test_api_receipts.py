"""Receipts: who may deliver them, what becomes of each event, and that none counts twice or gets lost."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest
import requests
from standardwebhooks import Webhook

from churn_assets.api.gate import MOST_BODY_BYTES
from churn_assets.console.audit import newest
from churn_assets.delivery.receipts import write_receipts
from churn_assets.delivery.reported import BEFORE, FUTURE, UNKNOWN, UNSENT
from churn_assets.instance.suppressions import suppressed_channels
from tests.unit.api.conftest import ALL, NOW, SECRET
from tests.unit.conftest import _message

if TYPE_CHECKING:
    from tests.unit.api.conftest import Asked

SENT_AT = NOW - timedelta(hours=2)
SENT, OPEN, CALL, UNKNOWN_KEY = (f"{number:032x}" for number in (1, 2, 3, 99))
Posted = Callable[..., requests.Response]


def at(minutes: float) -> str:
    """A time after sending."""
    return f"{(SENT_AT + timedelta(minutes=minutes)).isoformat()}Z"


def event(key: str, name: str, minutes: float = 5, **more: Any) -> dict[str, Any]:
    return {"message_key": key, "event": name, "occurred_at": at(minutes), **more}


@pytest.fixture
def messages(api: Asked) -> None:
    """To u1: one that was sent by e-mail, a second one still planned, and one by telephone."""
    rows = [_message(number, user_id="u1") for number in (1, 2, 3)]
    rows[2]["channel"] = "call"
    api.workplace.outbox.add(pl.DataFrame(rows))
    with api.workplace.record.transaction() as connection:
        connection.execute("update outbox set state = 'delivered' where message_key = ?", (SENT,))
        connection.execute(
            "insert into attempts (message_key, user_id, adapter, payload_sha256, started_at, fate, ended_at) "
            "values (?, 'u1', 'smtp', 'x', ?, 'delivered', ?)",
            (SENT, SENT_AT.isoformat(), (SENT_AT + timedelta(seconds=1)).isoformat()),
        )


@pytest.fixture
def post(api: Asked, messages: None) -> Posted:
    def posted(
        *events: dict[str, Any], request_id: str = "msg_1", body: str | None = None, minutes: float = 0,
        secret: str = SECRET, by: str = ALL, **headers: str,
    ) -> requests.Response:  # fmt: skip
        content = json.dumps({"events": list(events)}) if body is None else body
        moment = datetime.now(UTC) + timedelta(minutes=minutes)
        sent = {
            "authorization": f"Bearer {api.tokens[by]}", "content-type": "application/json",
            "webhook-id": request_id, "webhook-timestamp": str(int(moment.timestamp())),
            "webhook-signature": Webhook(secret).sign(request_id, moment, content),
        } | headers  # fmt: skip
        return requests.post(f"{api.address}/receipts", data=content.encode(), headers=sent, timeout=30)

    return posted


def states(api: Asked) -> dict[str, str]:
    return dict(api.workplace.outbox.messages().select("message_key", "state").iter_rows())


def raw(api: Asked, table: str) -> pl.DataFrame:
    write_receipts(api.workplace)
    return pl.read_parquet(api.workplace.home.received / table / f"{table}.parquet")


def test_events_are_taken_once_and_what_is_refused_is_counted(api: Asked, post: Posted) -> None:
    events = [
        event(SENT, "delivered"), event(SENT, "opened"), event(UNKNOWN_KEY, "opened"), event(OPEN, "opened"),
        event(SENT, "clicked", -2), event(SENT, "clicked", 122), event(SENT, "opened"),
    ]  # fmt: skip
    assert post(*events).json() == {
        "taken": 2, "repeated": 1, "refused": 4,
        "refusals": [
            {"place": 2, "why": UNKNOWN}, {"place": 3, "why": UNSENT}, {"place": 4, "why": BEFORE},
            {"place": 5, "why": FUTURE},
        ],
    }  # fmt: skip
    again = post(*events).json()
    assert (again["taken"], again["repeated"], again["refused"]) == (0, 3, 4), "a repeated request changes nothing"
    assert newest(api.workplace.record, 1)[0][1:5] == ("token:all", "receipts", "", "0 taken, 3 repeated, 4 refused")


def test_openings_are_versions_of_the_contact_known_when_they_were_received(api: Asked, post: Posted) -> None:
    assert post(event(SENT, "opened", 7), event(SENT, "opened", 5)).json()["taken"] == 2
    api.clock.now = NOW + timedelta(hours=1)
    assert post(event(SENT, "clicked", 9), request_id="msg_2").json()["taken"] == 1
    columns = ("opened_at", "clicked_at", "ingested_at")
    opened, clicked = SENT_AT + timedelta(minutes=5), SENT_AT + timedelta(minutes=9)
    assert raw(api, "contacts").select(columns).rows() == [
        (None, None, SENT_AT + timedelta(seconds=1)), (opened, None, NOW),
        (opened, clicked, NOW + timedelta(hours=1)),
    ]  # fmt: skip


@pytest.mark.parametrize("name", ["complained", "unsubscribed"])
@pytest.mark.parametrize("minutes", [5, -60 * 24 * 365 * 30, 60 * 24 * 365])
def test_a_refusal_ends_the_channel_at_once_whatever_its_time(
    api: Asked, post: Posted, name: str, minutes: float
) -> None:
    assert post(event(SENT, name, minutes)).json()["taken"] == 1
    assert states(api) == {SENT: "delivered", OPEN: "cancelled", CALL: "planned"}
    (row,) = raw(api, "consents").rows(named=True)
    assert (row["user_id"], row["channel"], row["is_granted"], row["ingested_at"]) == ("u1", "email", False, NOW)
    assert row["changed_at"] == (SENT_AT + timedelta(minutes=5) if minutes == 5 else NOW)
    assert post(event(SENT, name, minutes), request_id="msg_2").json()["repeated"] == 1
    assert raw(api, "consents").height == 1


@pytest.mark.parametrize(("more", "is_ended"), [({}, True), ({"is_hard": True}, True), ({"is_hard": False}, False)])
def test_a_hard_bounce_suppresses_its_channel_and_no_other(
    api: Asked, post: Posted, more: dict[str, bool], is_ended: bool
) -> None:
    assert post(event(SENT, "bounced", **more)).json()["taken"] == 1
    assert states(api)[OPEN] == ("cancelled" if is_ended else "planned")
    assert states(api)[CALL] == "planned"
    suppressed = suppressed_channels(api.workplace.record, (NOW + timedelta(days=1)).date())
    assert suppressed == ([("u1", "email")] if is_ended else [])


def test_only_who_has_token_and_secret_delivers(api: Asked, post: Posted) -> None:
    fine, other = event(SENT, "complained"), "whsec_" + "b3RoZXIh" * 5
    refused = [
        post(fine, secret=other), post(fine, minutes=-6), post(fine, minutes=6), post(fine, **{"webhook-id": "other"}),
        post(fine, **{"webhook-signature": "v1,AAAA"}), post(fine, **{"webhook-signature": "nonsense"}),
        post(fine, **{"webhook-timestamp": "nan"}), post(fine, body='{"events": []}', **{"webhook-id": ""}),
        post(fine, request_id="x" * 201), post(fine, authorization="Bearer churn_wrong"),
    ]  # fmt: skip
    assert [answer.status_code for answer in refused] == [401] * len(refused)
    assert post(fine, by="users:read").status_code == 403
    assert states(api)[OPEN] == "planned"
    assert post(fine, by="receipts:write").json()["taken"] == 1


def test_an_id_is_for_one_body(post: Posted) -> None:
    assert post(event(SENT, "delivered")).status_code == 200
    assert post(event(SENT, "opened")).status_code == 409
    assert post(event(SENT, "opened"), request_id="msg_2").json()["taken"] == 1


@pytest.mark.parametrize("body", [
    "", "{}", "[]", '{"events": []}', '{"events": [{}]}', '{"events": [null]}', "[" * 5000, '{"events": 1}',
    json.dumps({"events": [event(SENT, "liked")]}), json.dumps({"events": [event(SENT, "opened", user="u1")]}),
    json.dumps({"events": [event("x", "opened")]}), json.dumps({"events": [event(SENT, "opened")] * 1001}),
    json.dumps({"events": [event(SENT, "opened") | {"occurred_at": "2026-11-17T09:00:00"}]}),
    json.dumps({"events": [event(SENT, "opened") | {"occurred_at": 1_800_000_000}]}),
    json.dumps({"events": [event(SENT, "opened", is_hard="yes")]}), '{"events": [NaN]}',
])  # fmt: skip
def test_a_body_that_is_none_is_refused_as_a_whole(api: Asked, post: Posted, body: str) -> None:
    answer = post(body=body)
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    assert SENT not in answer.text
    assert api.workplace.record.file.exists()


def test_a_body_is_json_and_says_how_long_it_is(api: Asked, post: Posted) -> None:
    assert post(event(SENT, "opened"), **{"content-type": "text/plain"}).status_code == 415
    assert post(body="x" * (MOST_BODY_BYTES + 1)).status_code == 413
    chunked = requests.post(f"{api.address}/receipts", data=iter([b"{}"]), timeout=30)
    assert chunked.status_code == 411


def test_nothing_waits_for_a_run_that_holds_the_warehouse(api: Asked, post: Posted) -> None:
    with api.workplace.warehouse.exclusive():
        started = datetime.now(UTC)
        assert post(event(SENT, "unsubscribed")).json()["taken"] == 1
        assert datetime.now(UTC) - started < timedelta(seconds=20), "the run would hold it for an hour"
        assert states(api)[OPEN] == "cancelled"
