"""Messages handed to a webhook by a process that is killed again and again, to a receiver that loses answers.

`python -m benchmarks.delivery [--sends 100000] [--kills 200] [--lost 0.05]`. Every message holds a coupon code, and
there are just as many codes. The receiver checks signatures and drops a webhook-id it has taken already, as Standard
Webhooks asks of it; it takes a share of requests without ever answering, and keeps count.
Wanted: every message taken once, none twice, none left `unknown`, and no code in two of them.
"""

from __future__ import annotations

import argparse
import base64
import json
import os
import random  # which answers are lost, and when a process is killed
import resource
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import polars as pl
from rich.console import Console
from rich.table import Table
from standardwebhooks import Webhook, WebhookVerificationError

from churn_assets.delivery.consents import ConsentRecord, add_consents
from churn_assets.instance.outbox import OutboxStore
from churn_assets.instance.record.store import Record

SECRET = "whsec_" + base64.b64encode(b"benchmark" * 3).decode()
PAYLOAD = '{"arm":"coupon","body":"{code}","code":null,"code_from":"pool","items":[],"language":"en","level":null,"products":[],"reason":null,"snapshot_date":"2026-11-16","subject":"","user_id":"USER","value_tier":"low"}'  # noqa: E501
START_SECONDS = 1.5  # of a worker: nothing is sent before


@dataclass
class Receiver:
    """Takes a webhook-id once; loses `lost_share` of its answers."""

    lost_share: float
    taken: dict[str, bytes] = field(default_factory=dict)
    counts: Counter[str] = field(default_factory=Counter)
    random: random.Random = field(default_factory=lambda: random.Random(7))  # noqa: S311 - chance, no secret

    @property
    def codes_given_twice(self) -> int:
        """Codes that more than one message held; a body without one counts as such."""
        codes = Counter(json.loads(body)["code"] for body in self.taken.values())
        return sum(count > 1 or code is None for code, count in codes.items())

    def take(self, key: str, body: bytes) -> bool:
        """Take one request; returns whether it is answered."""
        if key not in self.taken:
            self.taken[key] = body
        else:
            self.counts["repeats dropped" if self.taken[key] == body else "same key, other content"] += 1
        is_lost = self.random.random() < self.lost_share
        self.counts["answers lost"] += is_lost
        return not is_lost


@contextmanager
def listening(receiver: Receiver) -> Iterator[str]:
    """The receiver's URL while it listens."""
    signed = Webhook(SECRET)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            try:
                signed.verify(body, dict(self.headers))
            except WebhookVerificationError:  # half a request, of a sender that was killed while it wrote
                receiver.counts["broken requests refused"] += 1
                self.close_connection = True
                return
            if not receiver.take(self.headers["webhook-id"], body):
                self.close_connection = True
                return
            self.send_response(204)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

        def handle_one_request(self) -> None:
            try:
                super().handle_one_request()
            except ConnectionError:  # the sender was killed
                self.close_connection = True

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}/"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def fill(record: Record, sends: int) -> None:
    """So many approved messages, each to a user of its own who consents."""
    users = [f"u{number}" for number in range(sends)]
    keys = [f"{number:032x}" for number in range(sends)]
    OutboxStore(record).add(
        pl.DataFrame({
            "message_key": keys, "decision_id": keys, "user_id": users, "channel": "email", "template": "coupon",
            "payload": [PAYLOAD.replace("USER", user) for user in users], "state": "approved",
            "not_before": datetime(2026, 11, 16, 9), "expires_at": datetime(2026, 11, 23),
        }).with_columns(pl.lit("email").alias("channel"))
    )  # fmt: skip
    said = (ConsentRecord(user, "email", is_granted=True, changed_at=datetime(2026, 1, 1)) for user in users)
    add_consents(record, said, "landing", datetime(2026, 11, 16))


def deliver(folder: Path, receiver: Receiver, sends: int, kills: int, life_seconds: float) -> tuple[Counter[str], int]:
    """Dispatch until nothing is left, killing the process `kills` times; returns states and kills that hit."""
    record, hits = Record(folder / "record.sqlite"), 0
    fill(record, sends)
    chance = random.Random(11)  # noqa: S311
    with listening(receiver) as url:
        what = ["benchmarks.delivery_worker", str(record.file), str(folder / "lock"), url, SECRET]
        command = [sys.executable, "-m", *what]
        for _ in range(kills):
            process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            try:
                process.wait(START_SECONDS + chance.random() * life_seconds)
            except subprocess.TimeoutExpired:
                os.kill(process.pid, signal.SIGKILL)
                hits += 1
            process.wait()
        subprocess.run(command, check=True)
    with record.transaction() as connection:
        states = Counter(dict(connection.execute("select state, count(*) from outbox group by state").fetchall()))
    return states, hits


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sends", type=int, default=100_000)
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--lost", type=float, default=0.05)
    chosen = parser.parse_args()
    receiver, began = Receiver(chosen.lost), time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        states, hits = deliver(Path(folder), receiver, chosen.sends, chosen.kills, life_seconds=2.0)
    table = Table("", "", title=f"{chosen.sends:,} sends", show_header=False)
    table.add_row("kills while it ran", f"{hits:,}")
    table.add_row("messages taken", f"{len(receiver.taken):,}")
    table.add_row("lost", f"{chosen.sends - len(receiver.taken):,}")
    for name in ("answers lost", "repeats dropped", "broken requests refused", "same key, other content"):
        table.add_row(name, f"{receiver.counts[name]:,}")
    table.add_row("codes given twice", f"{receiver.codes_given_twice:,}")
    for state, count in sorted(states.items()):
        table.add_row(f"state {state}", f"{count:,}")
    table.add_row("seconds", f"{time.perf_counter() - began:,.0f}")
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1e3
    table.add_row("peak memory of the sender, MB", f"{peak:,.0f}")
    Console().print(table)


if __name__ == "__main__":
    main()
