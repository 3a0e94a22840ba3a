"""Messages as e-mail through a mail server: RFC 5321 for the steps, RFC 8058 for the one-click unsubscribe."""

from __future__ import annotations

import re
import smtplib
import ssl
from collections.abc import Collection
from contextlib import suppress
from datetime import UTC, datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from typing import Literal

from churn_assets.delivery.channels import NOTICE, Fate, Message, Outcome
from churn_assets.delivery.reach import OutOfReach, refuse_inside
from churn_assets.delivery.wording import unsubscribe_link
from churn_assets.settings.receivers import (
    ADDRESS,
    CONTROL,
    checked_sender,
    checked_unsubscribe_url,
    is_loopback,
)

LEADING_DOT = re.compile(rb"^\.", re.MULTILINE)
STATUS = re.compile(rb"[245]\.\d{1,3}\.\d{1,3}\b")
SENDERS_FAULT = {"5.1.7", "5.1.8"}  # the two of 5.1.x that are not about the recipient (RFC 3463)
ADDRESS_CODES = {550, 551, 553}  # what a server without an RFC 3463 status says of an address (RFC 5321 4.2.3)
TAKEN, CONTENT_WANTED, TEMPORARY, FOR_GOOD = 2, 354, 4, 5


class _Unwritable(ValueError):
    """A mail cannot be composed; the text is the reason, without the value."""


class SmtpAdapter:
    """At most once if an unknown fate is not tried again, else at least once: e-mail has no key.

    Message-ID comes from message_key, so a mail sent twice can be recognised, but no server has to drop it. The steps
    are sent one by one: a message cannot be accepted before its content is sent, and is accepted with the answer that
    follows it (RFC 5321 4.1.1.4, 4.2.5). List-Unsubscribe and List-Unsubscribe-Post follow RFC 8058; the
    DKIM signature over both that it asks for is the mail server's to make. Mails that bounce later come back to the
    sender's mailbox and are not seen here. One connection serves all messages and is opened again when lost.

    Fates: final 2xx delivered. A recipient or content refused with 5xx: failed, a hard bounce where the status is about
    the recipient's address (5.1.x; 550, 551, 553 without an RFC 3463 status). 4xx, no connection, login or sender
    refused (a fault of the settings, not of the message): deferred. Lost between content and answer: unknown.

    "starttls" and "tls" require a valid certificate; "none" is for a server on the same machine.
    Raises ValueError for invalid settings: a sender that is no address, an unsubscribe URL without {message_key} or
    https, "none" with another host, a user name without a password.
    """

    name = "smtp"
    is_keyed = False

    def __init__(
        self,
        host: str,
        port: int,
        sender: str,
        unsubscribe_url: str,
        username: str | None = None,
        password: str | None = None,
        security: Literal["starttls", "tls", "none"] = "starttls",
        timeout_seconds: float = 20,
        private_hosts: Collection[str] = (),
    ) -> None:
        if security == "none" and not is_loopback(host):
            raise ValueError("security none is for a mail server on this machine (127.0.0.1): use starttls or tls")
        if (username is None) != (password is None):
            raise ValueError("a user name and a password belong together: give both or neither")
        name, spec = checked_sender(sender)
        self._sender = Address(name, addr_spec=spec)
        self._unsubscribe_url = checked_unsubscribe_url(unsubscribe_url)
        self._private_hosts = private_hosts
        self._host, self._port, self._security, self._timeout = host, port, security, timeout_seconds
        self._login = (username, password) if username is not None and password is not None else None
        self._connection: smtplib.SMTP | None = None

    def deliver(self, message: Message, address: str | None) -> Outcome:
        """Hand one message over in one attempt."""
        if not address:
            return Outcome(Fate.FAILED, "no e-mail address")
        try:
            content = self._composed(message, address)
        except _Unwritable as error:
            return Outcome(Fate.FAILED, str(error))
        try:
            connection = self._ready()
            refusal = self._offer(connection, address)
        except OSError as error:  # also smtplib's errors
            self._drop()
            return Outcome(Fate.DEFERRED, _why(error))
        return refusal or self._sent(connection, content)

    def close(self) -> None:
        if self._connection:
            with suppress(OSError):
                self._connection.quit()
        self._drop()

    def _offer(self, connection: smtplib.SMTP, address: str) -> Outcome | None:
        """All steps before the content; the refusal, or None if the server accepts content."""
        code, text = connection.mail(self._sender.addr_spec)
        if code // 100 != TAKEN:
            return Outcome(Fate.DEFERRED, _detail("sender", code, text))
        code, text = connection.rcpt(address)
        if code // 100 != TAKEN:
            return _refused("recipient", code, text)
        code, text = connection.docmd("data")
        return None if code == CONTENT_WANTED else _refused("content", code, text)

    def _sent(self, connection: smtplib.SMTP, content: bytes) -> Outcome:
        try:
            connection.send(content)
            code, text = connection.getreply()
        except OSError:
            self._drop()
            return Outcome(Fate.UNKNOWN, "connection lost after the content had begun to go out")
        if code // 100 == TAKEN:
            return Outcome(Fate.DELIVERED, f"content taken: {code}")
        if code // 100 in (TEMPORARY, FOR_GOOD):
            return _refused("content", code, text)
        return Outcome(Fate.UNKNOWN, "an answer to the content that is none of SMTP's")

    def _ready(self) -> smtplib.SMTP:
        """The connection, reset; a new one if the server has closed it."""
        if self._connection:
            with suppress(OSError):
                if self._connection.rset()[0] // 100 == TAKEN:
                    return self._connection
            self._drop()
        context = ssl.create_default_context()
        if self._security == "tls":
            connection: smtplib.SMTP = smtplib.SMTP_SSL(self._host, self._port, timeout=self._timeout, context=context)
        else:
            connection = smtplib.SMTP(self._host, self._port, timeout=self._timeout)
        self._connection = connection  # from here on it is dropped if a step fails
        if connection.sock is not None:
            refuse_inside(self._host, connection.sock.getpeername()[0], self._private_hosts)
        if self._security == "starttls":
            connection.starttls(context=context)
        connection.ehlo_or_helo_if_needed()
        if self._login:
            connection.login(*self._login)
        return connection

    def _drop(self) -> None:
        if self._connection:
            self._connection.close()
        self._connection = None

    def _composed(self, message: Message, address: str) -> bytes:
        """The mail as it is sent, with its final dot. Raises _Unwritable."""
        if not ADDRESS.fullmatch(address):
            raise _Unwritable("not one plain e-mail address")
        if CONTROL.search(message.subject):
            raise _Unwritable("the subject holds a line break or another control character")
        mail = EmailMessage(SMTP.clone(cte_type="7bit"))  # not every server takes eight bits
        mail["From"], mail["To"], mail["Subject"] = self._sender, address, message.subject
        mail["Date"] = datetime.now(UTC)
        mail["Message-ID"] = f"<{message.message_key}@{self._sender.domain}>"
        if message.channel == NOTICE:  # nobody who could unsubscribe
            mail.set_content(message.body)
            return LEADING_DOT.sub(b"..", mail.as_bytes()) + b".\r\n"
        mail["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
        mail.set_content(message.body)
        url = unsubscribe_link(self._unsubscribe_url, message.message_key)
        # As bytes: EmailMessage would write a long URL as an encoded word, which no mail program reads as a URL.
        content = f"List-Unsubscribe: <{url}>\r\n".encode() + mail.as_bytes()
        return LEADING_DOT.sub(b"..", content) + b".\r\n"


def _refused(step: Literal["recipient", "content"], code: int, text: bytes) -> Outcome:
    detail = _detail(step, code, text)
    if code // 100 != FOR_GOOD:
        return Outcome(Fate.DEFERRED, detail)
    status = _status(text)
    if status in ("", "5.0.0"):  # without information: the code decides
        return Outcome(Fate.FAILED, detail, is_hard_bounce=step == "recipient" and code in ADDRESS_CODES)
    return Outcome(Fate.FAILED, detail, is_hard_bounce=status.startswith("5.1.") and status not in SENDERS_FAULT)


def _detail(step: str, code: int, text: bytes) -> str:
    """Code and status only: the text of a server often repeats the address."""
    return f"{step} refused: {code} {_status(text)}".strip()


def _status(text: bytes) -> str:
    match = STATUS.match(text)
    return match.group().decode() if match else ""


def _why(error: OSError) -> str:
    if isinstance(error, smtplib.SMTPAuthenticationError):
        return f"login refused: {error.smtp_code}"
    if isinstance(error, smtplib.SMTPNotSupportedError):
        return "the mail server offers no STARTTLS, or no login of a known kind"
    if isinstance(error, OutOfReach):
        return str(error)
    if isinstance(error, ssl.SSLCertVerificationError):
        return "the mail server's certificate is not trusted"
    return "no connection, or one lost before the content"
