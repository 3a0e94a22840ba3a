"""What never reaches a mail server: set-ups that cannot work, addresses and subjects that would slip a header in."""

from __future__ import annotations

import socket
from dataclasses import replace
from typing import Any

import pytest

from churn_assets.delivery.channels import Fate, Message
from churn_assets.delivery.smtp import SmtpAdapter

ADDRESS = "planted.wang@example.com"
MESSAGE = Message("0123456789abcdef" * 2, "u-17", "email", "win_back", "Hello", "Hello", "en", "{}")
UNSUBSCRIBE = "https://shop.example/unsubscribe?key={message_key}"


def adapter_of(port: int) -> SmtpAdapter:
    return SmtpAdapter("127.0.0.1", port, "news@shop.example", UNSUBSCRIBE, security="none")


def test_a_refused_connection_is_deferred() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = int(listener.getsockname()[1])
    outcome = adapter_of(port).deliver(MESSAGE, ADDRESS)
    assert (outcome.fate, outcome.detail) == (Fate.DEFERRED, "no connection, or one lost before the content")


@pytest.mark.parametrize("address", [None, ""])
def test_without_an_address_nothing_is_sent(address: str | None) -> None:
    outcome = adapter_of(9).deliver(MESSAGE, address)
    assert (outcome.fate, outcome.detail) == (Fate.FAILED, "no e-mail address")


@pytest.mark.parametrize(
    ("address", "subject"),
    [
        (f"{ADDRESS}\r\nBcc: x@example.com", "Hello"),
        (f"{ADDRESS}\n", "Hello"),
        (f"{ADDRESS}, x@example.com", "Hello"),
        (f"Wang <{ADDRESS}>", "Hello"),
        ("planted", "Hello"),
        ("planted@沉默.example", "Hello"),
        (ADDRESS, "planted\r\nBcc: x@example.com"),
        (ADDRESS, "planted\nx"),
        (ADDRESS, "planted\x00"),
        (ADDRESS, "planted\u2028x"),
    ],
)
def test_a_header_cannot_be_slipped_in(address: str, subject: str) -> None:
    outcome = adapter_of(9).deliver(replace(MESSAGE, subject=subject), address)
    assert outcome.fate is Fate.FAILED
    assert "planted" not in outcome.detail


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({"host": "mail.example.com"}, "on this machine"),
        ({"username": "ann"}, "belong together"),
        ({"sender": "nobody"}, "the sender is not"),
        ({"sender": "A <a@b.example>\r\nBcc: x@example.com"}, "the sender is not"),
        ({"unsubscribe_url": "https://shop.example/"}, "message_key"),
        ({"unsubscribe_url": "http://shop.example/?key={message_key}"}, "https"),
        ({"unsubscribe_url": "https://shop.example/\r\nBcc: x?key={message_key}"}, "message_key"),
    ],
)
def test_what_cannot_work_is_refused_at_once(options: dict[str, Any], reason: str) -> None:
    given = {"host": "127.0.0.1", "port": 9, "sender": "a@shop.example", "unsubscribe_url": UNSUBSCRIBE} | options
    with pytest.raises(ValueError, match=reason):
        SmtpAdapter(**given, security="none")
