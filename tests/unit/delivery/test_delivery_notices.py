"""Who was handed messages to an erased user is asked to erase them too: on record until taken, and then gone."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from datetime import datetime
from email import message_from_bytes, policy

import pytest
import yaml
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session
from pytest_httpserver import HTTPServer
from standardwebhooks import Webhook

from churn_assets.delivery.notices import count_notices, send_notices
from churn_assets.erasure.erase import erase_users
from churn_assets.instance.erasure_notices import add_notices, waiting_notices
from churn_assets.instance.twice import keep_twice
from churn_assets.workplace import Workplace

NOW = datetime(2026, 11, 17, 10)
SIGNED_WITH = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
ATTEMPTS = [
    ("k1", "u1", "webhook"),
    ("k2", "u1", "smtp"),
    ("k3", "u1", "smtp"),
    ("k4", "u2", "file"),
    ("k5", "u3", "file"),
]

INSERT = "insert into attempts (message_key, user_id, adapter, payload_sha256, started_at) values (?, ?, ?, '00', ?)"


@pytest.fixture
def sent(workplace: Workplace) -> Workplace:
    with workplace.record.transaction() as connection:
        for key, user, adapter in ATTEMPTS:
            connection.execute(INSERT, (key.ljust(32, "0"), user, adapter, NOW.isoformat()))
    return workplace


def settle(workplace: Workplace, **delivery: object) -> Workplace:
    workplace.home.settings_file.write_text(yaml.safe_dump({"delivery": delivery}))
    return Workplace(home_path=str(workplace.home.root))


class Mails:
    def __init__(self) -> None:
        self.taken: list[Envelope] = []

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802, ARG002
        self.taken.append(envelope)
        return "250 OK"


class AnyPort(Controller):
    def _trigger_server(self) -> None:
        self.port = self.server.sockets[0].getsockname()[1]
        super()._trigger_server()


@pytest.fixture
def mails() -> Iterator[tuple[Mails, int]]:
    handler = Mails()
    controller = AnyPort(handler, hostname="127.0.0.1", port=0)
    controller.start()
    yield handler, controller.port
    controller.stop()


def test_each_side_is_asked_once_for_each_user(sent: Workplace) -> None:
    assert add_notices(sent.record, {"u1", "u2", "u9"}, NOW) == {"webhook": 1, "smtp": 1, "file": 1}
    assert add_notices(sent.record, {"u1", "u2"}, NOW).total() == 0, "an erasure that is taken up again"
    assert {(n.adapter, n.user_id, len(n.message_keys)) for n in waiting_notices(sent.record)} == {
        ("webhook", "u1", 1), ("smtp", "u1", 2), ("file", "u2", 1),
    }  # fmt: skip


def test_sides_that_are_there_take_them_and_nothing_names_the_user_then(
    sent: Workplace, httpserver: HTTPServer, mails: tuple[Mails, int], capsys: pytest.CaptureFixture[str]
) -> None:
    handler, port = mails
    httpserver.expect_oneshot_request("/hook").respond_with_data(status=204)
    workplace = settle(
        sent, webhook_url=httpserver.url_for("/hook"), webhook_secret=SIGNED_WITH, smtp_host="127.0.0.1",
        smtp_port=port, smtp_security="none", sender="shop@example.com", unsubscribe_url="https://e.org/{message_key}",
        erasure_contact="privacy@mail.example",
    )  # fmt: skip
    assert erase_users(workplace.home.root, ["u1", "u2"], "me", is_notified=True)
    told = capsys.readouterr().out
    assert "Notices to who was sent data of them (file: 1, smtp: 1, webhook: 1)" in told
    assert b'"u1"' in workplace.home.record.read_bytes()
    assert send_notices(workplace, NOW) == {f"notices of erasures taken by {x}": 1 for x in ("file", "smtp", "webhook")}

    ((request, _),) = httpserver.log
    body = request.get_data()
    assert Webhook(SIGNED_WITH).verify(body, dict(request.headers)) == json.loads(body)
    assert json.loads(body)["type"] == "user.erased"
    assert json.loads(body)["data"] == {"user_id": "u1", "message_keys": ["k1".ljust(32, "0")]}
    (envelope,) = handler.taken
    assert envelope.rcpt_tos == ["privacy@mail.example"]
    mail = message_from_bytes(envelope.original_content or b"", policy=policy.SMTP)
    assert mail["List-Unsubscribe"] is None
    text = mail.get_content().replace("\r\n", "")
    assert all(key.ljust(32, "0") in text for key in ("k2", "k3"))
    assert "u1" not in text, "the mail server never had the id"
    (file,) = workplace.home.dispatched.glob("erasures-*.csv")
    assert file.stat().st_mode & 0o777 == 0o600
    assert list(csv.reader(file.read_text("utf-8-sig").splitlines()))[1:] == [["u2", "k4".ljust(32, "0")]]

    assert send_notices(workplace, NOW).total() == 0
    file.unlink()
    keep_twice(workplace.home)
    for each in [path for path in workplace.home.root.rglob("*") if path.is_file()]:
        assert b'"u1"' not in each.read_bytes(), each


def test_what_is_not_taken_waits_and_says_why(sent: Workplace, httpserver: HTTPServer) -> None:
    add_notices(sent.record, {"u1"}, NOW)
    assert count_notices(sent) == {"notices of erasures for smtp": 1, "notices of erasures for webhook": 1}
    assert send_notices(sent, NOW) == {
        "notices of erasures waiting for smtp: delivery.erasure_contact is not set": 1,
        "notices of erasures waiting for webhook: delivery.webhook_url and webhook_secret are not set": 1,
    }
    httpserver.expect_request("/hook").respond_with_data(status=401)
    workplace = settle(sent, webhook_url=httpserver.url_for("/hook"), webhook_secret=SIGNED_WITH)
    (refused,) = [text for text in send_notices(workplace, NOW) if "waiting for webhook" in text]
    assert "HTTP 401 Unauthorized" in refused
    assert len(waiting_notices(sent.record)) == 2


def test_an_address_that_is_none_is_refused_with_the_settings(sent: Workplace) -> None:
    with pytest.raises(ValueError, match="erasure_contact: give one plain e-mail address"):
        _ = settle(sent, erasure_contact="a@b.c, d@e.f").settings
