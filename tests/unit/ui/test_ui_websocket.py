"""A websocket is for listening: the first message that could change something ends it."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

from churn_assets.ui.guard import POLICY_VIOLATION

if TYPE_CHECKING:
    from tests.unit.ui.conftest import Answer

CHANGE = "mutation { launch }"
READ = "query Runs { runs { id } }"
LATER = "query A { a } mutation B { b }"
Talk = Callable[..., "Answer"]


def start(document: object, kind: str = "start") -> str:
    return json.dumps({"id": "1", "type": kind, "payload": {"query": document}})


def test_a_websocket_is_for_listening(talk: Talk) -> None:
    texts = (
        '{"type": "connection_init", "payload": {}}',
        start("subscription { events }"),
        start(READ),
        '{"type": "stop"}',
    )
    answer = talk(*texts)
    reached = [message.get("text") for message in answer.backend.messages if message["type"] == "websocket.receive"]
    assert reached == list(texts)
    assert {message["type"] for message in answer.sent} == {"websocket.send"}


@pytest.mark.parametrize("kind", ["start", "subscribe", "START", ""])
@pytest.mark.parametrize("document", [CHANGE, LATER, "subscription S { a } mutation M { b }"])
def test_a_mutation_ends_a_websocket(talk: Talk, kind: str, document: str) -> None:
    answer = talk('{"type": "connection_init"}', start(document, kind), start("subscription { events }"))
    kinds = [message["type"] for message in answer.backend.messages]
    assert kinds == ["websocket.connect", "websocket.receive", "websocket.disconnect"]
    assert answer.sent[-1] == {"type": "websocket.close", "code": POLICY_VIOLATION}


@pytest.mark.parametrize(
    "text",
    [
        start(7), start([CHANGE]), start({"a": CHANGE}), json.dumps([json.loads(start(CHANGE))]), "mutation { launch }",
        '"text"', "null", "", "[" * 100_000, start(CHANGE).encode(), b"\x00",
        '{"payload": {"query": "{ a }"}, "payload": {"query": "mutation { b }"}}',
    ],
)  # fmt: skip
def test_what_the_ui_never_says_ends_a_websocket(talk: Talk, text: str | bytes) -> None:
    answer = talk(text)
    assert [message["type"] for message in answer.backend.messages] == ["websocket.connect", "websocket.disconnect"]
    assert answer.sent[-1]["type"] == "websocket.close"
