"""`churn alerts`, and the alerts of a run from the terminal."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from datetime import date
from pathlib import Path

from rich.table import Table

from churn_assets.alerts.alert import KINDS, Alert
from churn_assets.alerts.conditions import alerts_of
from churn_assets.alerts.queue import newest
from churn_assets.alerts.sending import Sent, send_alerts, send_test_alert, send_waiting_alerts
from churn_assets.delivery.dispatch import utc_now
from churn_assets.instance.terminal import wide_console
from churn_assets.workplace import Workplace

NOBODY = "There is no receiver: name some in alerts.receivers (churn settings alerts says how)."


def send_test(root: Path) -> bool:
    """Whether every receiver took it, and there is one."""
    workplace = Workplace(home_path=str(root))
    return _said(send_test_alert(workplace.settings.alerts, workplace.home.root.name), workplace)


def send_waiting(root: Path) -> bool:
    workplace = Workplace(home_path=str(root))
    sent = send_waiting_alerts(workplace.record, workplace.settings.alerts, workplace.home.root.name, utc_now())
    if not sent and workplace.settings.alerts.receivers:
        wide_console().print("Nothing waits.")
        return True
    return _said(sent, workplace)


def show(root: Path, count: int, *, as_json: bool = False) -> None:
    workplace = Workplace(home_path=str(root))
    if as_json:
        rows = [{**asdict(raised), "taken_by": by} for raised, by in newest(workplace.record, count)]
        print(json.dumps(rows, default=str, ensure_ascii=False, indent=2))
        return
    table = Table(title="Alerts", title_justify="left", box=None)
    for heading in ("raised (UTC)", "kind", "about", "owner", "taken by"):
        table.add_column(heading)
    for raised, taken_by in newest(workplace.record, count):
        alert = raised.alert
        owner = KINDS[alert.kind].owner if alert.kind in KINDS else ""
        table.add_row(f"{raised.raised_at:%Y-%m-%d %H:%M}", alert.kind, alert.text, owner, taken_by or "nobody yet")
    wide_console().print(table)


def after_run(workplace: Workplace, days: Sequence[date], of_run: Sequence[Alert], *, is_done: bool) -> list[Sent]:
    """Send the alerts of a run and of its newest snapshot. `of_run`: of its checks and its end."""
    now = utc_now()
    alerts = [*of_run, *(alerts_of(workplace, days[-1], now) if is_done else [])]
    return send_alerts(workplace.record, workplace.settings.alerts, workplace.home.root.name, alerts, now)


def _said(sent: Sequence[Sent], workplace: Workplace) -> bool:
    console = wide_console()
    if not workplace.settings.alerts.receivers:
        console.print(NOBODY)
        return False
    for each in sent:
        console.print(f"{each.receiver}: {'taken' if each.problem is None else each.problem}", markup=False)
    return all(each.problem is None for each in sent)
