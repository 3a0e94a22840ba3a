"""A webhook is signed, repeated with the same bytes, and given up with the fate that is certain. Real servers only."""

from __future__ import annotations

import logging
import shutil
import socket
import ssl
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path

import pytest
from pytest_httpserver import HTTPServer
from standardwebhooks import Webhook, WebhookVerificationError
from werkzeug import Request, Response

from churn_assets.delivery.channels import Adapter, Fate, Message
from churn_assets.delivery.posts import WAIT_CAP
from churn_assets.delivery.webhook import WebhookAdapter

SIGNED_WITH = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
ADDRESS = "planted.wang@example.com"
MESSAGE = Message(
    message_key="0123456789abcdef0123456789abcdef",
    user_id="u-17",
    channel="push",
    template="win_back",
    subject="我们想念您",
    body="您好",
    language="zh",
    payload='{"arm": "win_back",  "reason":"沉默 é"}',  # not what json.dumps would write
)
HOOK = "/hooks/planted-path"


def adapter_of(url: str, attempts: int = 4) -> WebhookAdapter:
    return WebhookAdapter(url, SIGNED_WITH, timeout_seconds=2, attempts=attempts, wait_initial_seconds=0.01)


@pytest.fixture
def adapter(httpserver: HTTPServer) -> Iterator[WebhookAdapter]:
    with closing(adapter_of(httpserver.url_for(HOOK))) as made:
        yield made


def hang_up(request: Request) -> Response:
    """The body is read, and the connection closed without an answer."""
    request.get_data()
    request.environ["werkzeug.socket"].shutdown(socket.SHUT_RDWR)
    return Response()


def answers(httpserver: HTTPServer, *steps: int | Response | Callable[[Request], Response]) -> None:
    for step in steps:
        expected = httpserver.expect_ordered_request(HOOK, method="POST")
        if isinstance(step, int):
            expected.respond_with_data("planted.wang@example.com is unknown", status=step)
        elif isinstance(step, Response):
            expected.respond_with_response(step)
        else:
            expected.respond_with_handler(step)


def asked(httpserver: HTTPServer) -> list[Request]:
    httpserver.check_assertions()
    return [request for request, _ in httpserver.log]


def test_the_signature_holds_for_the_stored_bytes_and_no_address_is_sent(
    httpserver: HTTPServer, adapter: Adapter
) -> None:
    answers(httpserver, 204)
    assert adapter.deliver(MESSAGE, ADDRESS).fate is Fate.DELIVERED
    (request,) = asked(httpserver)
    assert request.get_data() == MESSAGE.payload.encode()
    assert request.headers["content-type"] == "application/json"
    assert request.headers["webhook-id"] == MESSAGE.message_key
    Webhook(SIGNED_WITH).verify(request.get_data(), dict(request.headers))
    with pytest.raises(WebhookVerificationError):
        Webhook(SIGNED_WITH).verify(request.get_data() + b" ", dict(request.headers))
    assert ADDRESS not in str(request.headers)


@pytest.mark.parametrize("first", [hang_up, 500, 502, 503, 408, 429])
def test_what_passes_is_tried_again_under_the_same_key_with_the_same_bytes(
    httpserver: HTTPServer, adapter: Adapter, first: int | Callable[[Request], Response]
) -> None:
    answers(httpserver, first, first, 200)
    assert adapter.deliver(MESSAGE, None).fate is Fate.DELIVERED
    requests = asked(httpserver)
    assert {request.headers["webhook-id"] for request in requests} == {MESSAGE.message_key}
    assert [request.get_data() for request in requests] == [MESSAGE.payload.encode()] * 3
    for request in requests:
        Webhook(SIGNED_WITH).verify(request.get_data(), dict(request.headers))


@pytest.mark.parametrize(
    ("steps", "fate"),
    [
        ((500, 500, 500, 500), Fate.UNKNOWN),
        ((hang_up, 503, 503, 503), Fate.UNKNOWN),  # the first may have been taken, whatever the last says
        ((hang_up, 404), Fate.UNKNOWN),
        ((503, 429, 503, 429), Fate.DEFERRED),
        ((400,), Fate.FAILED),
        ((401,), Fate.DEFERRED),
        ((409,), Fate.FAILED),
        ((410,), Fate.FAILED),
        ((503, 422), Fate.FAILED),
    ],
)
def test_the_fate_is_what_is_certain_after_the_last_attempt(
    httpserver: HTTPServer,
    adapter: Adapter,
    steps: tuple[int | Callable[[Request], Response], ...],
    fate: Fate,
) -> None:
    answers(httpserver, *steps)
    assert adapter.deliver(MESSAGE, None).fate is fate
    assert len(asked(httpserver)) == len(steps)


def test_a_receiver_that_is_slow_may_have_taken_it(httpserver: HTTPServer) -> None:
    def sleep(_: Request) -> Response:
        time.sleep(0.3)
        return Response()

    httpserver.expect_request(HOOK).respond_with_handler(sleep)
    with closing(WebhookAdapter(httpserver.url_for(HOOK), SIGNED_WITH, timeout_seconds=0.05, attempts=1)) as adapter:
        outcome = adapter.deliver(MESSAGE, None)
    while not httpserver.log:  # so that this late answer is not the next test's
        time.sleep(0.01)
    assert (outcome.fate, outcome.detail) == (Fate.UNKNOWN, "no answer in time, attempt 1")


def test_a_redirect_is_not_followed(httpserver: HTTPServer, adapter: Adapter) -> None:
    answers(httpserver, Response(status=307, headers={"Location": httpserver.url_for("/elsewhere")}))
    outcome = adapter.deliver(MESSAGE, None)
    assert outcome.fate is Fate.FAILED
    assert "redirect is not followed" in outcome.detail
    assert [request.path for request in asked(httpserver)] == [HOOK]


@pytest.mark.parametrize("as_date", [False, True])
def test_retry_after_is_kept(httpserver: HTTPServer, adapter: Adapter, as_date: bool) -> None:
    moment = datetime.now(UTC) + timedelta(seconds=2)  # a date has no fractions: one to two seconds from now
    text = format_datetime(moment, usegmt=True) if as_date else "1"
    answers(httpserver, Response(status=429, headers={"Retry-After": text}), 200)
    start = time.monotonic()
    assert adapter.deliver(MESSAGE, None).fate is Fate.DELIVERED
    assert 0.9 < time.monotonic() - start < 4


def test_a_receiver_that_wants_longer_than_the_cap_is_left_alone(httpserver: HTTPServer, adapter: Adapter) -> None:
    seconds = int(WAIT_CAP.total_seconds()) + 1
    answers(httpserver, Response(status=429, headers={"Retry-After": str(seconds)}))
    assert adapter.deliver(MESSAGE, None).fate is Fate.DEFERRED
    assert len(asked(httpserver)) == 1


@pytest.mark.parametrize("text", ["soon", "-5", "9" * 400, "Wed, 99 Foo 2026 00:00:00 GMT"])
def test_a_retry_after_that_makes_no_sense_does_no_harm(httpserver: HTTPServer, adapter: Adapter, text: str) -> None:
    answers(httpserver, Response(status=400, headers={"Retry-After": text}))
    assert adapter.deliver(MESSAGE, None).fate is Fate.FAILED


@pytest.fixture
def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


def test_a_proxy_that_is_not_there_is_deferred(monkeypatch: pytest.MonkeyPatch, free_port: int) -> None:
    monkeypatch.setenv("https_proxy", f"http://ann:planted@127.0.0.1:{free_port}")
    with closing(adapter_of("https://example.com/", attempts=1)) as adapter:
        outcome = adapter.deliver(MESSAGE, None)
    assert (outcome.fate, outcome.detail) == (Fate.DEFERRED, "the proxy made no connection, attempt 1")


def test_a_certificate_that_is_not_trusted_is_deferred(tmp_path: Path) -> None:
    openssl = shutil.which("openssl") or pytest.skip("openssl makes the certificate")
    key, certificate = tmp_path / "server.key", tmp_path / "server.crt"
    wanted = "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=localhost"
    subprocess.run([openssl, *wanted.split(), "-keyout", key, "-out", certificate], check=True, capture_output=True)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate, key)
    with HTTPServer(ssl_context=context) as server, closing(adapter_of(server.url_for(HOOK), attempts=1)) as adapter:
        outcome = adapter.deliver(MESSAGE, None)
    assert (outcome.fate, outcome.detail) == (Fate.DEFERRED, "the certificate is not trusted, attempt 1")


def test_a_refused_connection_is_deferred(free_port: int) -> None:
    with closing(adapter_of(f"http://127.0.0.1:{free_port}/", attempts=2)) as adapter:
        outcome = adapter.deliver(MESSAGE, None)
    assert (outcome.fate, outcome.detail) == (Fate.DEFERRED, "no connection, attempt 2")


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1/", "http://localhost:8080/", "http://[::1]/", "https://example.com/"]
)
def test_https_or_the_same_machine(url: str) -> None:
    adapter_of(url).close()


@pytest.mark.parametrize(
    "url",
    [
        "http://ann:planted@example.com/",
        "http://127.0.0.1.example.com/planted",
        "ftp://example.com/planted",
        "https://ann:pl/planted@example.com:no",
        "https:///planted",
        "planted",
    ],
)
def test_another_url_is_refused_without_being_quoted(url: str) -> None:
    with pytest.raises(ValueError, match=r"https|password before the host") as caught:
        adapter_of(url)
    assert "planted" not in str(caught.value)
    assert caught.value.__suppress_context__ or caught.value.__context__ is None


@pytest.mark.parametrize("secret", ["", "whsec_", "whsec_planted!", "planted secret", "whsec_planted0"])
def test_a_secret_that_is_none_is_refused_without_being_quoted(secret: str) -> None:
    with pytest.raises(ValueError, match="whsec_ and 24") as caught:
        WebhookAdapter("https://example.com/", secret)
    assert "planted" not in str(caught.value)


def test_at_least_one_attempt() -> None:
    with pytest.raises(ValueError, match="at least one"):
        adapter_of("https://example.com/", attempts=0)


@pytest.mark.parametrize("step", [hang_up, 200, 302, 404, 500])
def test_no_log_and_no_detail_holds_address_secret_or_body(
    httpserver: HTTPServer, caplog: pytest.LogCaptureFixture, step: int | Callable[[Request], Response]
) -> None:
    caplog.set_level(logging.DEBUG)
    answers(httpserver, step)
    with closing(adapter_of(httpserver.url_for(HOOK), attempts=1)) as adapter:
        outcome = adapter.deliver(replace(MESSAGE, body="planted-body"), ADDRESS)
    planted = (ADDRESS, SIGNED_WITH.removeprefix("whsec_"), "planted-body", "planted.wang")
    for word in planted:
        assert word not in outcome.detail + caplog.text + repr(adapter)
