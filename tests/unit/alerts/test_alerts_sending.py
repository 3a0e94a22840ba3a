"""Who is sent what, when, and how often; nothing is lost on the way, and no address is shown."""

from __future__ import annotations

import json
import logging
from collections import Counter
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import SecretStr, ValidationError

from churn_assets.alerts import sending
from churn_assets.alerts.alert import KINDS, Alert
from churn_assets.alerts.queue import newest, raise_alerts
from churn_assets.alerts.sending import Sent, message_of, send_alerts, send_test_alert, send_waiting_alerts
from churn_assets.instance.record.store import Record
from churn_assets.settings.alerts import AlertKind, AlertReceiver, Alerts

if TYPE_CHECKING:
    from pathlib import Path

    from pytest_httpserver import HTTPServer

NOW = datetime(2026, 11, 16, 9)
PLAN = Alert("plan_waiting", "2026-11-16", "The plan waits.", "churn approve", date(2026, 11, 16))
FAILED = Alert("run_failed", "2026-11-16", "The run ended.", "churn run", date(2026, 11, 16))


def taken(httpserver: HTTPServer, path: str) -> list[str]:
    return [json.loads(request.get_data())["message"] for request, _ in httpserver.log if request.path == path]


def test_each_is_told_what_it_asked_for_once(httpserver: HTTPServer, record: Record, receiving: Alerts) -> None:
    httpserver.expect_request("/all").respond_with_data("", status=200)
    httpserver.expect_request("/plans").respond_with_data("", status=200)
    assert send_alerts(record, receiving, "shop", [PLAN, FAILED], NOW) == [Sent("all", 2, None), Sent("plans", 1, None)]
    assert send_alerts(record, receiving, "shop", [PLAN], NOW + timedelta(hours=1)) == []
    (whole,), (plans,) = taken(httpserver, "/all"), taken(httpserver, "/plans")
    assert ("The plan waits." in whole, "The run ended." in whole) == (True, True)
    assert ("The plan waits." in plans, "The run ended." in plans) == (True, False)
    assert send_alerts(record, receiving, "shop", [PLAN], NOW + timedelta(hours=161)) == [
        Sent("all", 1, None), Sent("plans", 1, None)
    ]  # fmt: skip


def test_a_receiver_that_is_down_is_told_later_and_its_address_stays_unsaid(
    httpserver: HTTPServer, record: Record, receiving: Alerts, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG, "apprise")
    httpserver.expect_ordered_request("/all").respond_with_data("", status=503)
    (sent,) = send_alerts(record, receiving, "shop", [FAILED], NOW)
    assert (sent.receiver, sent.problem is None) == ("all", False)
    assert "password" not in str(sent) + repr(receiving) + caplog.text
    httpserver.clear()
    httpserver.expect_request("/all").respond_with_data("", status=200)
    assert send_waiting_alerts(record, receiving, "shop", NOW + timedelta(minutes=5)) == [Sent("all", 1, None)]
    assert [(raised.alert, by) for raised, by in newest(record, 5)] == [(FAILED, "all")]


def test_an_address_that_is_none_is_said_to_be_none(record: Record) -> None:
    wrong = Alerts(receivers=(AlertReceiver(name="data", url=SecretStr("nothing://planted-password")),))
    (sent,) = send_alerts(record, wrong, "shop", [FAILED], NOW)
    assert (sent.receiver, "none that apprise knows" in str(sent.problem)) == ("data", True)
    assert "planted-password" not in str(sent)


@pytest.mark.parametrize(("quiet", "zone", "hour", "is_quiet"), [
    ([22, 7], "UTC", 21, False), ([22, 7], "UTC", 22, True), ([22, 7], "UTC", 6, True), ([22, 7], "UTC", 7, False),
    ([9, 17], "UTC", 9, True), ([9, 17], "UTC", 17, False), ([22, 7], "Asia/Shanghai", 15, True),
    (None, "UTC", 3, False),
])  # fmt: skip
def test_in_quiet_hours_only_what_is_urgent_is_told(
    record: Record, receiving: Alerts, monkeypatch: pytest.MonkeyPatch, quiet: Any, zone: str, hour: int, is_quiet: bool
) -> None:
    posted: list[str] = []
    monkeypatch.setattr(sending, "_post", lambda _, __, body: posted.append(body))
    chosen = receiving.model_copy(update={"quiet_hours": quiet, "time_zone": zone})
    send_alerts(record, chosen, "shop", [PLAN, FAILED], NOW.replace(hour=hour))
    assert ("The plan waits." in "".join(posted), "The run ended." in "".join(posted)) == (not is_quiet, True)
    send_waiting_alerts(record, receiving, "shop", NOW + timedelta(days=1))
    assert "".join(posted).count("The plan waits.") == 2, "to each of the two, sooner or later"


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(st.sampled_from([PLAN, FAILED]), st.integers(0, 400), st.booleans()), max_size=12))
def test_every_alert_reaches_its_receiver_once_whatever_fails(
    tmp_path_factory: pytest.TempPathFactory, steps: list[tuple[Alert, int, bool]]
) -> None:
    """Alerts at some hours, with a receiver that is up or down; at the end it is up."""
    folder: Path = tmp_path_factory.mktemp("record")
    record, now, got = Record(folder / "record.sqlite"), NOW, Counter[int]()
    one = Alerts(receivers=(AlertReceiver(name="data", url=SecretStr("json://localhost")),))
    is_up = True

    def post(_: AlertReceiver, __: str, body: str) -> str | None:
        if not is_up:
            return "down"
        got.update(each.sequence for each, _ in newest(record, 100) if f"{each.sequence}" and each.alert.text in body)
        return None

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sending, "_post", post)
        for alert, hours, up in steps:
            now += timedelta(hours=hours % 20)  # all within the seven days in which an alert is news
            is_up = up
            send_alerts(record, one, "shop", [alert], now)
        is_up = True
        send_waiting_alerts(record, one, "shop", now)
        assert send_waiting_alerts(record, one, "shop", now) == [], "nothing waits any more"
    raised = newest(record, 100)
    assert all(by == "data" for each, by in raised if now - each.raised_at < timedelta(days=7))
    assert len(raised) <= 2 + sum(hours % 20 for _, hours, _ in steps) // 160


def test_the_same_is_raised_once_in_a_while(record: Record) -> None:
    hours = timedelta(hours=160)
    assert [raise_alerts(record, [PLAN], NOW + timedelta(hours=n), hours) for n in (0, 1, 159, 161)] == [1, 0, 0, 1]


def test_a_test_message_reaches_everybody(httpserver: HTTPServer, receiving: Alerts) -> None:
    httpserver.expect_request("/all").respond_with_data("", status=200)
    httpserver.expect_request("/plans").respond_with_data("", status=500)
    (first, second) = send_test_alert(receiving, "shop")
    assert (first.problem, second.problem is None) == (None, False)
    assert "alerts reach you" in taken(httpserver, "/all")[0]


def test_a_message_says_what_it_is_about_and_what_to_do() -> None:
    title, body = message_of("shop", [PLAN, FAILED])
    assert title == "churn shop: 2 things to look at"
    assert body == "plan waiting: The plan waits.\n  churn approve\n\nrun failed: The run ended.\n  churn run"


def test_settings_name_the_kinds_there_are() -> None:
    assert set(AlertKind.__args__) == set(KINDS)  # type: ignore[attr-defined]
    with pytest.raises(ValidationError, match="must be unique"):
        Alerts.model_validate({"receivers": [{"name": "a", "url": "x://"}, {"name": "a", "url": "y://"}]})
    with pytest.raises(ValidationError, match="two hours from 0 to 23"):
        Alerts.model_validate({"quiet_hours": [22, 24]})
