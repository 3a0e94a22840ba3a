"""`churn ui` as people start it: one line when it answers, no way in for pages elsewhere, nothing left when it ends.

One home for all, with so little in it that a run takes seconds; a UI takes 10 s to start, so the attacks share one.
"""

from __future__ import annotations

import http.client
import json
import os
import re
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import pytest

if TYPE_CHECKING:
    from tests.pipeline.conftest import Instance

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")

CHURN = Path(sys.executable).with_name("churn")
SERVING = re.compile(r"Serving (\S+) on http://127\.0\.0\.1:(\d+) \(Ctrl-C ends it; log: \S+\)\n")
LAUNCH = """
mutation Launch { launchPipelineExecution(executionParams: {
  selector: {pipelineName: "snapshot_job", repositoryName: "__repository__", repositoryLocationName: "churn_assets"},
  mode: "default", runConfigData: %s,
  executionMetadata: {tags: [{key: "dagster/partition", value: "2026-11-09"}]}
}) { __typename ... on RunConfigValidationInvalid { errors { message } } ... on LaunchRunSuccess { run { runId } } } }
"""
REPOSITORY = 'repositoryName: "__repository__", repositoryLocationName: "churn_assets"'
CHANGES = (
    f'startSchedule(scheduleSelector: {{{REPOSITORY}, scheduleName: "weekly_schedule"}})',
    'reloadRepositoryLocation(repositoryLocationName: "churn_assets")',
    'wipeAssets(assetPartitionRanges: [{assetKey: {path: ["scoring", "scored_users"]}}])',
    'deletePipelineRun(runId: "00000000-0000-0000-0000-000000000000")',
    'reportRunlessAssetEvents(eventParams: {eventType: ASSET_MATERIALIZATION, assetKey: {path: ["scoring", "x"]}})',
)
UPGRADE = (
    "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
)
STATUS = "query Status($id: ID!) { runOrError(runId: $id) { ... on Run { status } } }"
Answer = tuple[int, str]


@dataclass(frozen=True)
class Ui:
    process: subprocess.Popen[str]
    home: Path
    port: int
    told: str

    def ask(self, method: str, path: str, body: str | None = None, **headers: str) -> Answer:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        with closing(connection):
            connection.request(method, path, body, {name.replace("_", "-"): value for name, value in headers.items()})
            answer = connection.getresponse()
            return answer.status, answer.read().decode()

    def post(self, document: str, **variables: Any) -> Any:
        body = json.dumps({"query": document, "variables": variables})
        status, text = self.ask("POST", "/graphql", body, Content_Type="application/json")
        assert status == 200, text
        return json.loads(text)["data"]

    def raw(self, request: bytes) -> bytes:
        """The first line of the answer to exactly these bytes."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=60) as connection:
            connection.sendall(request)
            return connection.makefile("rb").readline()

    def runs(self) -> list[str]:
        with closing(sqlite3.connect(self.home / "dagster" / "history" / "runs.db")) as connection:
            return [status for (status,) in connection.execute("select status from runs order by id")]

    def processes(self) -> list[int]:
        """All that live with this home in their environment: whatever was started for it."""
        mark, found = f"CHURN_HOME={self.home}".encode(), []
        for folder in Path("/proc").glob("[0-9]*"):
            try:
                state = (folder / "stat").read_text().rsplit(")", 1)[1].split()[0]
                if state != "Z" and mark in (folder / "environ").read_bytes().split(b"\0"):
                    found.append(int(folder.name))
            except (FileNotFoundError, ProcessLookupError, PermissionError):  # gone, or somebody else's
                continue
        return found


@pytest.fixture
def ui(tmp_path: Path, new_instance: Callable[..., Instance]) -> Iterator[Ui]:
    """One that may start runs."""
    yield from opened(tmp_path, new_instance, "--launch")


@pytest.fixture
def looking(tmp_path: Path, new_instance: Callable[..., Instance]) -> Iterator[Ui]:
    yield from opened(tmp_path, new_instance)


def opened(tmp_path: Path, new_instance: Callable[..., Instance], *options: str) -> Iterator[Ui]:
    instance = new_instance(tmp_path / "home", calendar={"start": "2026-08-03"})
    (instance.landing / "orders").mkdir(parents=True)
    rows = [f"{n},{n % 9},2026-08-{3 + n % 7:02} 12:00:00,9.90\n" for n in range(60)]
    (instance.landing / "orders" / "a.csv").write_text("order_id,user_id,ordered_at,amount\n" + "".join(rows))
    process = subprocess.Popen(
        [str(CHURN), "ui", "--home", str(instance.home), "--port", "0", *options],
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    )  # fmt: skip
    assert process.stdout is not None
    told = process.stdout.readline()
    found = SERVING.fullmatch(told)
    assert found, told + process.stdout.read()
    yield Ui(process, instance.home, int(found[2]), told)
    process.kill()
    process.communicate()


def test_it_answers_its_own_pages_and_nobody_elses(ui: Ui) -> None:
    change, own = quote(LAUNCH % '"{}"'), f"127.0.0.1:{ui.port}"
    assert ui.ask("GET", "/")[0] == 200
    assert json.loads(ui.ask("GET", "/graphql?query=" + quote("{ version }"))[1])["data"]["version"]
    attacks = {
        "a link": ui.ask("GET", f"/graphql?query={change}"),
        "a link to the address with its letters encoded": ui.ask("GET", f"/%67raphql?query={change}"),
        "an image on another page": ui.ask("GET", f"/graphql?query={change}", Sec_Fetch_Site="cross-site"),
        "a rebound name": ui.ask("POST", "/graphql", LAUNCH, Host="evil.example", Content_Type="application/json"),
        "another page": ui.ask(
            "POST", "/graphql", LAUNCH, Origin="http://evil.example", Content_Type="application/json"
        ),
        "a form": ui.ask("POST", f"/graphql?query={change}", "", Content_Type="application/x-www-form-urlencoded"),
        "a form without a body": ui.ask("POST", f"/graphql?query={change}"),
        "text that looks like JSON": ui.ask(
            "POST", "/graphql", json.dumps({"query": LAUNCH % '"{}"'}), Content_Type="text/plain; application/json"
        ),
        "an event": ui.ask("POST", "/report_asset_materialization/scoring/scored_users", "", Origin="null"),
    }
    assert {name: answer for name, answer in attacks.items() if answer[0] not in (400, 403, 405, 415)} == {}
    for request in (
        f"GET /graphql?query={change} HTTP/1.1\r\nHost: {own}\r\nHost: evil.example\r\n\r\n",
        f"GET http://evil.example/graphql?query={change} HTTP/1.1\r\nHost: {own}\r\n\r\n",
        f"HEAD /graphql?query={change} HTTP/1.1\r\nHost: {own}\r\n\r\n",
        f"GET /graphql?query={change} HTTP/1.0\r\n\r\n",
        f"get /graphql?query={change} HTTP/1.1\r\nHost: {own}\r\n\r\n",
        f"GET /graphql HTTP/1.1\r\nHost: {own}\r\nOrigin: http://evil.example\r\n{UPGRADE}\r\n",
    ):
        assert re.match(rb"HTTP/1\.\d 4\d\d ", ui.raw(request.encode())), request
    elsewhere = json.dumps(json.dumps({"resources": {"workplace": {"config": {"home_path": "/elsewhere"}}}}))
    refused = ui.post(LAUNCH % elsewhere)["launchPipelineExecution"]
    assert 'unexpected config entry "home_path"' in refused["errors"][0]["message"]
    assert ui.runs() == [], "nothing was launched by any of these"
    other = subprocess.run(
        [str(CHURN), "ui", "--home", str(ui.home), "--port", str(ui.port)], capture_output=True, text=True, check=False
    )
    assert other.returncode == 1
    assert re.fullmatch(rf"Error: Port {ui.port} of 127\.0\.0\.1 is taken by another program.*--port.*\n", other.stderr)
    ui.process.send_signal(signal.SIGTERM)
    rest, _ = ui.process.communicate(timeout=60)
    assert (ui.process.returncode, rest, ui.processes()) == (0, "", [])


def test_without_launch_it_shows_and_changes_nothing(looking: Ui) -> None:
    """Every way by which Dagster's server changes something: mutations, and what it takes beside them."""
    assert looking.process.stdout is not None
    assert "only shows: churn ui --launch" in looking.process.stdout.readline()
    assert json.loads(looking.ask("GET", "/graphql?query=" + quote("{ version }"))[1])["data"]["version"]
    assert looking.post(LAUNCH % '"{}"')["launchPipelineExecution"]["__typename"] == "UnauthorizedError"
    for mutation in CHANGES:
        answer = looking.post(f"mutation {{ answer: {mutation} {{ __typename }} }}")["answer"]
        assert answer["__typename"] == "UnauthorizedError", mutation
    for report in ("materialization", "check", "observation"):
        status, _ = looking.ask(
            "POST", f"/report_asset_{report}/scoring/scored_users", '{"check_name": "x", "passed": true}',
            Content_Type="application/json",
        )  # fmt: skip
        assert status in (401, 403), report
    assert looking.runs() == []


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
def test_with_it_goes_a_run_that_is_at_work(ui: Ui, number: int) -> None:
    run_id = ui.post(LAUNCH % '"{}"')["launchPipelineExecution"]["run"]["runId"]
    deadline = time.monotonic() + 120
    while ui.post(STATUS, id=run_id)["runOrError"]["status"] != "STARTED" and time.monotonic() < deadline:
        time.sleep(0.1)
    assert ui.runs() == ["STARTED"]
    started = ui.processes()
    assert len(started) >= 5, "server, code server and its child, daemon, run"
    os.kill(ui.process.pid, number)
    ui.process.wait(60)
    deadline = time.monotonic() + 10
    while ui.processes() and time.monotonic() < deadline:
        time.sleep(0.05)
    assert ui.processes() == []
    if number == signal.SIGINT:
        assert (ui.process.returncode, ui.runs()) == (0, ["FAILURE"])
