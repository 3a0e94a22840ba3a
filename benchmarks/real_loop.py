"""One simulated shop through everything for real, in an empty HOME: run, approve, dispatch, and the users' week.

`python -m benchmarks.real_loop --home HOME [--users N] [--weeks N]`. Each week is a `churn run` of its own, an
approval and a dispatch at nine in the morning of the snapshot (the clock is passed in, everything else is as in use), a
receiver of signed webhooks on this machine, and `churn simulate advance`. Beside it the same shop lives the same weeks
without any message: what the programme earned by the truth is the difference.
"""

from __future__ import annotations

import argparse
import base64
import secrets
import subprocess
import sys
import threading
from datetime import date, datetime, time, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import polars as pl
import yaml
from rich.console import Console
from rich.table import Table

from churn_assets.command.advance import advance
from churn_assets.command.fill import fill_from_shop
from churn_assets.delivery.approval import approve_plan
from churn_assets.delivery.plan import Plan
from churn_assets.delivery.sending import send
from churn_assets.shop import ShopSettings
from churn_assets.shop.answers import MESSAGES
from churn_assets.shop.simulate import live_on
from churn_assets.stages import Stage
from churn_assets.workplace import Workplace

END, HISTORY_WEEKS = date(2026, 3, 2), 60
CHURN = Path(sys.executable).with_name("churn")
MARGIN_SHARE = 0.3
DECISIONS = {"policy": "learned", "margin_share": MARGIN_SHARE, "holdout_share": 0.1, "random_share": 0.1}


class Receiver(BaseHTTPRequestHandler):
    """Takes every message."""

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Say nothing."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--home", type=Path, required=True)
    parser.add_argument("--users", type=int, default=4_000)
    parser.add_argument("--weeks", type=int, default=8)
    chosen = parser.parse_args()
    server = ThreadingHTTPServer(("127.0.0.1", 0), Receiver)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    shop = ShopSettings(end=END, users=chosen.users, weeks=HISTORY_WEEKS)
    fill_from_shop(chosen.home, shop, if_missing=False)
    (chosen.home / "churn.yaml").write_text(yaml.safe_dump(_settings(server.server_port, chosen.users)))
    rows = [_week(chosen.home, END + timedelta(weeks=number)) for number in range(chosen.weeks)]
    subprocess.run(_run(chosen.home, END + timedelta(weeks=chosen.weeks)), check=True, stdout=subprocess.DEVNULL)
    _show(chosen.home, shop, rows, chosen.weeks)


def _settings(port: int, users: int) -> dict[str, object]:
    webhook = {
        "email": "webhook", "webhook_url": f"http://127.0.0.1:{port}",
        "webhook_secret": "whsec_" + base64.b64encode(secrets.token_bytes(24)).decode(),
    }  # fmt: skip
    return {"delivery": webhook, "decisions": DECISIONS | {"budget_amount": 0.05 * users}}


def _run(home: Path, day: date) -> list[str]:
    return [str(CHURN), "run", "--snapshot", day.isoformat(), "--home", str(home)]


def _week(home: Path, day: date) -> tuple[str, int, int]:
    """(snapshot, messages planned, handed over)."""
    subprocess.run(_run(home, day), check=True, stdout=subprocess.DEVNULL)
    workplace, now = Workplace(home_path=str(home)), datetime.combine(day, time(9))
    plan = Plan.at(workplace, day)
    approve_plan(workplace, plan, "the loop", now)
    counts = send(workplace, day, clock=lambda: now)
    advance(home, 1)
    return day.isoformat(), plan.messages.height, counts["delivered"]


def _show(home: Path, shop: ShopSettings, rows: list[tuple[str, int, int]], weeks: int) -> None:
    table = Table("snapshot", "messages", "handed over", title=f"{shop.users:,} users, {weeks} weeks")
    for day, planned, delivered in rows:
        table.add_row(day, f"{planned:,}", f"{delivered:,}")
    console = Console()
    console.print(table)
    really = pl.read_parquet(home / "landing" / "orders" / "*.parquet")
    alone = pl.concat(
        batch.frame
        for batch in live_on(shop, HISTORY_WEEKS, weeks, lambda _: pl.DataFrame(schema=MESSAGES))
        if (batch.folder, batch.table) == ("landing", "orders")
    )
    margins = [_margin(orders) for orders in (really, alone)]
    workplace = Workplace(home_path=str(home))
    ledgers = [frame for _, frame in workplace.tables.read_before(Stage.INTERVENTIONS, "decision_ledger", date.max)]
    console.print(f"By the truth: margin {margins[0]:,.0f} with messages, {margins[1]:,.0f} without, before sending.")
    console.print(
        f"Planned in all: {sum(frame.filter(pl.col('arm') != 'none').height for frame in ledgers):,} messages."
    )
    effects = workplace.tables.read(Stage.EFFECTS, "program_effects", END + timedelta(weeks=weeks))
    for row in effects.filter(pl.col("metric").is_in(["margin_amount", "retained"])).iter_rows(named=True):
        console.print(
            f"Measured by the holdout, {row['metric']}: {row['effect']:+.3f} [{row['effect_low']:+.3f}, "
            f"{row['effect_high']:+.3f}] per user"
        )


def _margin(orders: pl.DataFrame) -> float:
    """Of the orders since the loop began, the newest version of each, broken rows left out; coupons taken off."""
    amount, discount = pl.col("amount"), pl.col("discount_amount").fill_null(0)
    whole = orders.filter(pl.col("order_id").is_not_null(), amount.is_finite(), amount >= 0)
    newest = whole.sort("ingested_at").unique("order_id", keep="last", maintain_order=True)
    since = newest.filter(pl.col("ordered_at") >= datetime.combine(END, time()), pl.col("status") != "cancelled")
    return float(since.select((MARGIN_SHARE * (amount + discount) - discount).sum()).item())


if __name__ == "__main__":
    main()
