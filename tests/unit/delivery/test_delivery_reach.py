"""What is private goes to the internet or to whom is named, wherever a receiver's name leads."""

from __future__ import annotations

import socket
import threading
from contextlib import closing
from ipaddress import ip_address
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr, ValidationError

from churn_assets.delivery.channels import Fate
from churn_assets.delivery.reach import OutOfReach, refuse_inside
from churn_assets.delivery.smtp import SmtpAdapter
from churn_assets.delivery.webhook import WebhookAdapter
from churn_assets.settings.delivery import Delivery
from tests.unit.delivery.test_delivery_webhook import HOOK, MESSAGE, SIGNED_WITH

if TYPE_CHECKING:
    from pytest_httpserver import HTTPServer

NAME = "hooks.shop.example"
INSIDE = (
    "10.0.0.5", "172.16.3.4", "192.168.1.1", "169.254.169.254", "100.64.0.1", "0.0.0.0", "127.0.0.1",  # noqa: S104
    "::1", "fe80::1%eth0",
    "fd00::1", "::ffff:10.0.0.5", "::ffff:169.254.169.254", "224.0.0.1", "::", "198.18.0.1", "192.0.2.1",
)  # fmt: skip


@pytest.fixture
def pointed_inside(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every name leads to this machine, as it would for whoever serves its own answers of DNS."""
    real = socket.getaddrinfo
    monkeypatch.setattr(socket, "getaddrinfo", lambda _, port, *rest, **more: real("127.0.0.1", port, *rest, **more))


@pytest.mark.parametrize("address", INSIDE)
def test_a_machine_inside_is_no_receiver_unless_it_is_named(address: str) -> None:
    with pytest.raises(OutOfReach, match=r"leads to an address inside .* name it in delivery\.private_hosts"):
        refuse_inside(NAME, address, ())
    refuse_inside("Hooks.Shop.Example", address, {NAME})


@given(st.ip_addresses())
def test_whatever_is_not_of_the_internet_is_refused(address: Any) -> None:
    mapped = getattr(address, "ipv4_mapped", None)
    is_public = (mapped or address).is_global and not (mapped or address).is_multicast
    try:
        refuse_inside(NAME, str(address), ())
        assert is_public
    except OutOfReach:
        assert not is_public
    assert ip_address("93.184.216.34").is_global


def test_a_name_that_was_pointed_inside_gets_nothing(httpserver: HTTPServer, pointed_inside: None) -> None:
    del pointed_inside
    httpserver.expect_request(HOOK).respond_with_data("", status=204)
    url = f"https://{NAME}:{httpserver.port}{HOOK}"
    with closing(WebhookAdapter(url, SIGNED_WITH, timeout_seconds=2)) as adapter:
        outcome = adapter.deliver(MESSAGE, None)
    assert outcome.fate is Fate.DEFERRED, "nothing was sent, so it may go once the setting is right"
    assert outcome.detail == (
        "the receiver's name leads to an address inside (127.0.0.1): if that is meant, name it in "
        "delivery.private_hosts, attempt 1"
    )
    assert httpserver.log == []


def test_this_machine_is_a_receiver_where_it_is_named(httpserver: HTTPServer) -> None:
    httpserver.expect_request(HOOK).respond_with_data("", status=204)
    for host in ("127.0.0.1", "localhost"):
        with closing(
            WebhookAdapter(f"http://{host}:{httpserver.port}{HOOK}", SIGNED_WITH, timeout_seconds=2)
        ) as adapter:
            assert adapter.deliver(MESSAGE, None).fate is Fate.DELIVERED, host


def test_a_mail_server_inside_is_named_too(pointed_inside: None) -> None:
    del pointed_inside
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        adapter = SmtpAdapter(
            "mail.shop.example", port, "a@shop.example", "https://shop.example/?key={message_key}", timeout_seconds=0.5
        )
        listener.settimeout(5)

        def greet() -> None:
            connection, _ = listener.accept()
            with connection:
                connection.sendall(b"220 mail\r\n")
                received.append(connection.recv(1000))

        received: list[bytes] = []
        thread = threading.Thread(target=greet)
        thread.start()
        outcome = adapter.deliver(MESSAGE, "planted@example.com")
        adapter.close()
        thread.join(5)
    assert (outcome.fate, "delivery.private_hosts" in outcome.detail, received) == (Fate.DEFERRED, True, [b""])


@pytest.mark.parametrize(("field", "value", "said"), [
    ("webhook_url", "https://user:secret@hooks.example/x", "a name or password before the host"),
    ("webhook_url", "http://hooks.example/x", "is not https"),
    ("webhook_url", "https://", "cannot be read"),
    ("webhook_url", "https://hooks.example:99999/x", "cannot be read"),
    ("webhook_url", "https://hooks.example/a\nb", "cannot be read"),
    ("webhook_url", "ftp://hooks.example/x", "is not https"),
    ("webhook_secret", SecretStr("whsec_short"), "none of Standard Webhooks"),
    ("sender", "Shop <a@b.example>, c@d.example", "is not one e-mail address"),
    ("unsubscribe_url", "http://shop.example/?key={message_key}", "asks for https"),
    ("unsubscribe_url", "https://shop.example/", "message_key"),
    ("dispatch_minutes", 0, "greater than 0"),
])  # fmt: skip
def test_a_wrong_setting_is_refused_before_a_dispatch(field: str, value: Any, said: str) -> None:
    with pytest.raises(ValidationError) as caught:
        Delivery(**{field: value})
    (error,) = caught.value.errors()
    assert said in error["msg"]
    assert "secret" not in error["msg"].replace("webhook's secret", "")
