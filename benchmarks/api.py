"""How long the API takes for one user at 200 requests a second, over HTTP from a process of its own.

`python -m benchmarks.api --home HOME [--users N] [--rate 200] [--seconds 30]`. With --users the newest snapshot of HOME
is copied and its users are repeated under new ids. Each request asks for a user drawn by chance; its time counts from
when it was due, so a server that falls behind shows. Every answer is held against scoring.scored_users, bit by bit.
The floor is the same load on an application that answers at once, in the same server.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import random
import struct
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import quote

import numpy as np
import polars as pl
import uvicorn
from rich.console import Console

from benchmarks.report import enlarged
from churn_assets.api.app import Api
from churn_assets.api.tokens import add_token
from churn_assets.stages import Stage
from churn_assets.ui.hosts import allowed_hosts
from churn_assets.ui.listener import listen
from churn_assets.workplace import Workplace

TABLES = (
    (Stage.SCORING, "scored_users"), (Stage.SCORING, "user_reasons"), (Stage.INTERVENTIONS, "decision_ledger"),
)  # fmt: skip
CONNECTIONS, WARM_SECONDS = 16, 3.0
EMPTY = [(b"content-type", b"application/json"), (b"content-length", b"2")]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--home", type=Path, required=True)
    parser.add_argument("--users", type=int, default=0)
    parser.add_argument("--rate", type=float, default=200)
    parser.add_argument("--seconds", type=float, default=30)
    parser.add_argument("--serve", choices=("api", "floor"), help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.serve:
        _serve(chosen.home, chosen.serve)
        return
    with tempfile.TemporaryDirectory() as folder:
        home = enlarged(chosen.home, Path(folder) / "home", chosen.users, TABLES) if chosen.users else chosen.home
        scored = _scored(home)
        token = add_token(
            Workplace(home_path=str(home)).record, f"benchmark-{time.time_ns()}", ["users:read"], 1, "benchmark", _now()
        )
        console = Console()
        for kind in ("floor", "api"):
            console.print(_line(kind, *_loaded(home, kind, token, scored, chosen.rate, chosen.seconds)))


def _line(kind: str, times: list[float], peak: dict[str, float], ready: float) -> str:
    p50, p99, worst = np.percentile(np.array(times) * 1000, [50, 99, 100])
    return (
        f"{kind}: {len(times):,} requests, p50 {p50:.1f} ms, p99 {p99:.1f} ms, slowest {worst:.1f} ms; peak "
        f"{peak['VmHWM'] / 1e6:.2f} GB, of it its own {peak['RssAnon'] / 1e6:.2f} GB; first answer after {ready:.1f} s"
        f"; CPU {peak['cpu'] * 1000:.2f} ms a request; load of the machine {os.getloadavg()[0]:.0f}"
    )


def _loaded(
    home: Path, kind: str, token: str, scored: dict[str, tuple[object, ...]], rate: float, seconds: float
) -> tuple[list[float], dict[str, float], float]:
    command = [sys.executable, "-m", "benchmarks.api", "--serve", kind, "--home", str(home)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        try:
            port = int(server.stdout.readline())  # type: ignore[union-attr]
            checked = scored if kind == "api" else {}
            started = time.perf_counter()
            asyncio.run(_load(port, token, list(scored)[:1], rate, 1 / rate, checked))
            ready = time.perf_counter() - started
            asyncio.run(_load(port, token, list(scored), rate, WARM_SECONDS, checked))
            before = _cpu_seconds(server.pid)
            times = asyncio.run(_load(port, token, list(scored), rate, seconds, checked))
            cpu = (_cpu_seconds(server.pid) - before) / len(times)
            return times, _memory(server.pid) | {"cpu": cpu}, ready
        finally:
            server.terminate()


async def _load(
    port: int, token: str, users: Sequence[str], rate: float, seconds: float, checked: dict[str, tuple[object, ...]]
) -> list[float]:
    """Seconds from when each request was due until its answer was read."""
    free: asyncio.Queue[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = asyncio.Queue()
    for _ in range(CONNECTIONS):
        free.put_nowait(await asyncio.open_connection("127.0.0.1", port))
    drawn, begun, times = random.Random(7), time.perf_counter(), list[float]()  # noqa: S311 - a load, no secret

    async def ask(due: float, user: str) -> None:
        reader, writer = await free.get()
        writer.write(
            f"GET /v1/users/{quote(user, safe='')} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n"
            f"Authorization: Bearer {token}\r\n\r\n".encode()
        )
        head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
        body = await reader.readexactly(int(head.split("content-length: ")[1].split("\r\n")[0]))
        times.append(time.perf_counter() - due)
        free.put_nowait((reader, writer))
        if checked:
            _compare(user, head, body, checked[user])

    async with asyncio.TaskGroup() as tasks:
        for number in range(max(1, round(rate * seconds))):
            due = begun + number / rate
            await asyncio.sleep(max(0.0, due - time.perf_counter()))
            tasks.create_task(ask(due, drawn.choice(users)))
    while not free.empty():
        free.get_nowait()[1].close()
    return times


def _compare(user: str, head: str, body: bytes, row: tuple[object, ...]) -> None:
    if not head.startswith("http/1.1 200"):
        raise SystemExit(f"{user}: {head.splitlines()[0]} {body[:200]!r}")
    score = json.loads(body)["score"]
    for name, value in zip(SCORES, row, strict=True):
        answered = score[name]
        is_same = answered == value if not isinstance(value, float) else _bits(answered) == _bits(value)
        if not is_same:
            raise SystemExit(f"{user}: {name} is {value!r} in scored_users and {answered!r} in the answer")


SCORES = (
    "status", "churn_probability", "usual_probability", "risk_rank", "risk_tier", "expected_spend_amount",
    "expected_spend_low_amount", "expected_spend_high_amount", "value_at_risk_amount",
)  # fmt: skip


def _bits(value: float) -> bytes:
    return struct.pack("<d", value)


def _scored(home: Path) -> dict[str, tuple[object, ...]]:
    """The scores of users who are shown, from the published table."""
    workplace = Workplace(home_path=str(home))
    day = workplace.record.readable_partitions(Stage.SCORING, "scored_users")[-1].snapshot
    frame = workplace.tables.read(Stage.SCORING, "scored_users", day).filter(pl.col("status") == "eligible")
    return {row[0]: row[1:] for row in frame.select("user_id", *SCORES).iter_rows()}


def _memory(process: int) -> dict[str, float]:
    """In kB: VmHWM is the peak, files that are mapped included, RssAnon what is the process's own."""
    lines = Path(f"/proc/{process}/status").read_text().splitlines()
    return {name: float(rest.split()[0]) for name, _, rest in (line.partition(":") for line in lines) if "kB" in rest}


def _cpu_seconds(process: int) -> float:
    fields = Path(f"/proc/{process}/stat").read_text().rsplit(") ", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _serve(home: Path, kind: str) -> None:
    listener = listen(0)
    port = listener.getsockname()[1]
    api = Api(Workplace(home_path=str(home)))
    app = api.application(allowed_hosts(port)) if kind == "api" else _floor
    print(port, flush=True)
    server = uvicorn.Server(uvicorn.Config(app, log_level="warning", access_log=False))
    if kind == "floor":
        server.run(sockets=[listener])
        return
    with api.kept_fresh():
        server.run(sockets=[listener])


async def _floor(scope: dict[str, object], receive: object, send: object) -> None:
    del receive
    if scope["type"] == "http":
        await send({"type": "http.response.start", "status": 200, "headers": EMPTY})  # type: ignore[operator]
        await send({"type": "http.response.body", "body": b"{}"})  # type: ignore[operator]


def _now() -> datetime:
    return datetime.now(UTC).replace(tzinfo=None)


if __name__ == "__main__":
    main()
