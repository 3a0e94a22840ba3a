"""Sending alerts to receivers: one message each with all that is new to it, by apprise (https://github.com/caronc/apprise)."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from churn_assets.alerts.alert import KINDS, Alert
from churn_assets.alerts.queue import note_taken, raise_alerts, waiting
from churn_assets.instance.record.store import Record
from churn_assets.settings.alerts import AlertReceiver, Alerts

NOT_TAKEN = "did not take it: check its address, and that this machine reaches it"
UNKNOWN = "its address is none that apprise knows: https://github.com/caronc/apprise/wiki"
Post = Callable[[str, str, str], bool]  # address, title, body; whether it was taken


@dataclass(frozen=True)
class Sent:
    """What became of one receiver's message; `problem` is None where it was taken. Holds no address."""

    receiver: str
    alerts: int
    problem: str | None


def send_alerts(record: Record, settings: Alerts, name: str, alerts: Sequence[Alert], now: datetime) -> list[Sent]:
    """Put alerts on record, and send each receiver all that is new to it. `name`: of the home."""
    raise_alerts(record, alerts, now, timedelta(hours=settings.repeat_after_hours))
    return send_waiting_alerts(record, settings, name, now)


def send_waiting_alerts(record: Record, settings: Alerts, name: str, now: datetime) -> list[Sent]:
    """Send each receiver what it has not taken yet; in quiet hours only what is urgent."""
    sent = []
    for receiver in settings.receivers:
        kinds = [kind for kind in receiver.kinds or KINDS if not _is_quiet(settings, now) or KINDS[kind].is_urgent]
        alerts = waiting(record, receiver.name, kinds, now)
        if not alerts:
            continue
        problem = _post(receiver, *message_of(name, [each.alert for each in alerts]))
        if problem is None:
            note_taken(record, receiver.name, alerts, now)
        sent.append(Sent(receiver.name, len(alerts), problem))
    return sent


def send_test_alert(settings: Alerts, name: str) -> list[Sent]:
    """A message to every receiver, to see that it arrives."""
    text = "churn alerts test: if you read this, alerts reach you."
    return [Sent(each.name, 1, _post(each, f"churn {name}: a test", text)) for each in settings.receivers]


def message_of(name: str, alerts: Sequence[Alert]) -> tuple[str, str]:
    """Title and body."""
    count = "1 thing" if len(alerts) == 1 else f"{len(alerts)} things"
    lines = [f"{each.kind.replace('_', ' ')}: {each.text}\n  {each.next_step}" for each in alerts]
    return f"churn {name}: {count} to look at", "\n\n".join(lines)


def _is_quiet(settings: Alerts, now: datetime) -> bool:
    """`now`: naive UTC."""
    if settings.quiet_hours is None:
        return False
    first, last = settings.quiet_hours
    hour = now.replace(tzinfo=UTC).astimezone(ZoneInfo(settings.time_zone)).hour
    return first <= hour < last if first <= last else hour >= first or hour < last


def _post(receiver: AlertReceiver, title: str, body: str) -> str | None:
    """Why it was not taken; None where it was."""
    import apprise  # noqa: PLC0415 - 0.4 s, only where there is a receiver

    logging.getLogger("apprise").setLevel(logging.CRITICAL + 1)  # its messages may hold the address
    service = apprise.Apprise()
    if not service.add(receiver.url.get_secret_value()):
        return UNKNOWN
    return None if service.notify(body, title, body_format=apprise.NotifyFormat.TEXT) else NOT_TAKEN
