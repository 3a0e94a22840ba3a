"""An e-mail can be left with one click, and what became of it is certain or said to be unknown. A real mail server."""

from __future__ import annotations

import logging
import shutil
import socket
import ssl
import subprocess
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field, replace
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any, Literal

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import MISSING, SMTP, AuthResult, Envelope, LoginPassword, Session

from churn_assets.delivery.channels import Adapter, Fate, Message
from churn_assets.delivery.smtp import SmtpAdapter

ADDRESS = "planted.wang@example.com"
PASSWORD = "planted-password"  # noqa: S105 - what must not be told
BODY = "您好\n" + "沉默" * 600 + "\n.\n..\n.dot\n"
MESSAGE = Message("0123456789abcdef" * 2, "u-17", "email", "win_back", "我们想念您" * 12, BODY, "zh", "{}")
UNSUBSCRIBE = "https://shop.example/a/rather/long/path/of/a/page/to/unsubscribe/at?lang=zh&key={message_key}"


@dataclass
class Server:
    """Answers each step as told; "drop" hangs up instead. Takes what it is given otherwise."""

    told: dict[str, str] = field(default_factory=dict)
    mails: list[Envelope] = field(default_factory=list)
    peers: list[Any] = field(default_factory=list)

    async def handle_MAIL(self, smtp: SMTP, *_: Any) -> Any:  # noqa: N802 - aiosmtpd's names
        return self._answer("MAIL", smtp)

    async def handle_RCPT(self, smtp: SMTP, *_: Any) -> Any:  # noqa: N802
        return self._answer("RCPT", smtp)

    async def handle_DATA(self, smtp: SMTP, session: Session, envelope: Envelope) -> Any:  # noqa: N802
        answer = self._answer("DATA", smtp)
        if answer is MISSING:
            self.mails.append(envelope)
            self.peers.append(session.peer)
        return "250 OK" if answer is MISSING else answer

    def _answer(self, step: str, smtp: SMTP) -> Any:
        answer = self.told.get(step, MISSING)
        if answer == "drop":
            smtp.transport.abort()
        return answer

    def only_mail(self) -> EmailMessage:
        (envelope,) = self.mails
        parsed = message_from_bytes(envelope.original_content or b"", policy=policy.SMTP)
        assert isinstance(parsed, EmailMessage)
        return parsed


class AnyPort(Controller):
    """aiosmtpd connects to itself at the port it was given, which is 0 here."""

    def _trigger_server(self) -> None:
        self.port = self.server.sockets[0].getsockname()[1]
        super()._trigger_server()


@pytest.fixture
def server() -> Server:
    return Server()


def started(server: Server, **options: Any) -> Iterator[int]:
    controller = AnyPort(server, hostname="127.0.0.1", port=0, **options)
    controller.start()
    yield controller.port
    controller.stop()


@pytest.fixture
def port(server: Server) -> Iterator[int]:
    yield from started(server)


@pytest.fixture
def adapter(port: int) -> Iterator[SmtpAdapter]:
    with closing(adapter_of(port)) as made:
        yield made


def adapter_of(
    port: int, host: str = "127.0.0.1", security: Literal["starttls", "tls", "none"] = "none", **options: Any
) -> SmtpAdapter:
    return SmtpAdapter(
        host, port, "商店 <news@shop.example>", UNSUBSCRIBE, security=security, timeout_seconds=2, **options
    )


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    openssl = shutil.which("openssl") or pytest.skip("openssl makes the certificate")
    file = tmp_path_factory.mktemp("tls") / "server.pem"
    wanted = "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=localhost"
    names = ["-addext", "subjectAltName=IP:127.0.0.1", "-keyout", str(file), "-out", str(file.with_suffix(".crt"))]
    subprocess.run([openssl, *wanted.split(), *names], check=True, capture_output=True)
    file.write_text(file.read_text() + file.with_suffix(".crt").read_text())
    return file


def log_in(_: SMTP, __: Session, ___: Envelope, ____: str, given: LoginPassword) -> AuthResult:
    return AuthResult(success=given == LoginPassword(b"ann", PASSWORD.encode()), handled=False)


@pytest.mark.parametrize("security", ["starttls", "tls"])
@pytest.mark.parametrize(
    ("trusted", "password", "detail"),
    [
        (True, PASSWORD, "content taken: 250"),
        (True, PASSWORD + "!", "login refused: 535"),
        (False, PASSWORD, "the mail server's certificate is not trusted"),
    ],
)
def test_passwords_and_mails_go_to_a_server_with_a_trusted_certificate_only(
    server: Server,
    certificate: Path,
    monkeypatch: pytest.MonkeyPatch,
    security: Literal["starttls", "tls"],
    trusted: bool,
    password: str,
    detail: str,
) -> None:
    if trusted:
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate)
    options = {"tls_context" if security == "starttls" else "ssl_context": context, "authenticator": log_in}
    for port in started(server, auth_require_tls=security == "starttls", **options):
        with closing(adapter_of(port, security=security, username="ann", password=password)) as adapter:
            outcome = adapter.deliver(MESSAGE, ADDRESS)
    assert outcome.detail == detail
    assert len(server.mails) == (outcome.fate is Fate.DELIVERED)


def test_without_starttls_nothing_is_sent(server: Server, port: int) -> None:
    outcome = adapter_of(port, security="starttls").deliver(MESSAGE, ADDRESS)
    assert outcome.fate is Fate.DEFERRED
    assert "no STARTTLS" in outcome.detail
    assert not server.mails


def test_a_mail_can_be_read_answered_and_left_with_one_click(server: Server, adapter: Adapter) -> None:
    assert adapter.deliver(MESSAGE, ADDRESS).fate is Fate.DELIVERED
    (envelope,), mail = server.mails, server.only_mail()
    assert (envelope.mail_from, envelope.rcpt_tos) == ("news@shop.example", [ADDRESS])
    assert (mail["From"], mail["To"], mail["Subject"]) == ("商店 <news@shop.example>", ADDRESS, MESSAGE.subject)
    assert mail["Message-ID"] == f"<{MESSAGE.message_key}@shop.example>"
    assert mail["Date"].datetime.tzinfo is not None
    assert mail.get_content().replace("\r\n", "\n") == BODY
    assert mail.get_content_charset() == "utf-8"


def test_the_unsubscribe_headers_are_those_of_rfc_8058_in_plain_text(server: Server, adapter: Adapter) -> None:
    adapter.deliver(MESSAGE, ADDRESS)
    url = UNSUBSCRIBE.replace("{message_key}", MESSAGE.message_key)
    content = server.mails[0].original_content or b""
    assert f"List-Unsubscribe: <{url}>\r\n".encode() in content  # unfolded and not encoded, whatever its length
    assert server.only_mail()["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"


def test_a_dot_on_a_line_of_its_own_does_not_end_the_mail(server: Server, adapter: Adapter) -> None:
    body = "one\n.\nMAIL FROM:<x@example.com>\n..two\n"
    assert adapter.deliver(replace(MESSAGE, body=body), ADDRESS).fate is Fate.DELIVERED
    assert server.only_mail().get_content().replace("\r\n", "\n") == body


@pytest.mark.parametrize(
    ("step", "answer", "fate", "is_hard_bounce"),
    [
        ("RCPT", "550 No such user", Fate.FAILED, True),
        ("RCPT", f"550 5.1.1 <{ADDRESS}> unknown", Fate.FAILED, True),
        ("RCPT", "551 5.1.6 Moved", Fate.FAILED, True),
        ("RCPT", "553 Mailbox name not allowed", Fate.FAILED, True),
        ("RCPT", "550 5.7.1 Blocked", Fate.FAILED, False),  # of the sender's standing, not of the address
        ("RCPT", "553 5.1.8 Sender's domain does not exist", Fate.FAILED, False),
        ("RCPT", "552 5.2.2 Mailbox full", Fate.FAILED, False),
        ("RCPT", f"451 4.7.1 <{ADDRESS}> greylisted", Fate.DEFERRED, False),
        ("RCPT", "421 Busy", Fate.DEFERRED, False),
        ("RCPT", "drop", Fate.DEFERRED, False),
        ("MAIL", "451 Later", Fate.DEFERRED, False),
        ("MAIL", "550 5.7.1 Sender refused", Fate.DEFERRED, False),
        ("MAIL", "drop", Fate.DEFERRED, False),
        ("DATA", "drop", Fate.UNKNOWN, False),
        ("DATA", "999 What", Fate.UNKNOWN, False),
        ("DATA", "452 Disk full", Fate.DEFERRED, False),
        ("DATA", "550 Looks like spam", Fate.FAILED, False),
        ("DATA", "550 5.1.1 No such user", Fate.FAILED, True),
    ],
)
def test_the_fate_is_what_the_server_said_and_no_more_is_told(
    server: Server,
    adapter: Adapter,
    caplog: pytest.LogCaptureFixture,
    step: str,
    answer: str,
    fate: Fate,
    is_hard_bounce: bool,
) -> None:
    caplog.set_level(logging.DEBUG, logger="churn_assets")
    server.told[step] = answer
    outcome = adapter.deliver(MESSAGE, ADDRESS)
    assert (outcome.fate, outcome.is_hard_bounce) == (fate, is_hard_bounce)
    assert "planted" not in outcome.detail + caplog.text
    server.told.clear()
    assert adapter.deliver(MESSAGE, ADDRESS).fate is Fate.DELIVERED
    assert server.mails[-1].rcpt_tos == [ADDRESS]


def test_one_connection_serves_all_messages_until_it_is_lost(server: Server, adapter: SmtpAdapter) -> None:
    adapter.deliver(MESSAGE, ADDRESS)
    adapter.deliver(MESSAGE, ADDRESS)
    assert adapter._connection is not None
    adapter._connection.sock.shutdown(socket.SHUT_RDWR)
    assert adapter.deliver(MESSAGE, ADDRESS).fate is Fate.DELIVERED
    first, second, third = server.peers
    assert first == second != third
