"""`churn ui`: Dagster's web server behind the guard, its daemon and its code server, on one instance."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from http import HTTPStatus
from http.client import HTTPConnection
from importlib.metadata import version
from pathlib import Path

import dagster as dg
import uvicorn
import yaml
from dagster._cli.proxy_server_manager import ProxyServerManager
from dagster._core.workspace.context import WorkspaceProcessContext
from dagster._core.workspace.load_target import ModuleTarget, WorkspaceFileTarget
from dagster_webserver.app import create_app_from_workspace_process_context

from churn_assets.command.progress import Progress, output_to
from churn_assets.command.running import instance_of, ready, sweep
from churn_assets.failures import Failure
from churn_assets.instance.process_lock import process_lock
from churn_assets.ui.guard import Guard
from churn_assets.ui.hosts import allowed_hosts
from churn_assets.ui.listener import ADDRESS
from churn_assets.workplace import Workplace

# Two daemons on one instance would both start what a schedule asks for.
BUSY = "The UI of this home is open already: use that one, or end it first."
LOG, WORKSPACE, LOCK = "ui.log", "ui-workspace.yaml", "ui.lock"
LOOKS_ONLY = "It only shows: churn ui --launch also starts runs and switches schedules."
LOCATION, MODULE = "churn_assets", "churn_assets.definitions"  # as workspace.yaml has it
POLL_MILLISECONDS = 2000  # how often the UI asks for what is new, as `dagster dev` has it
LEVEL = "warning"
LOOK_SECONDS = 0.5
ANSWER_SECONDS, STOP_SECONDS = 60, 10


class UiError(Failure, code="server"):
    """The UI cannot be served, or no longer; the message gives the cause and the log."""


def serve(root: Path, listener: socket.socket, *, may_launch: bool) -> None:
    """Serve on `listener` until interrupted. `may_launch`: whether the UI changes anything. Raises UiError."""
    workplace = ready(root)
    log, progress = workplace.home.dagster / LOG, Progress()
    os.chdir(root)
    with suppress(KeyboardInterrupt), process_lock(workplace.home.locks / LOCK, UiError(BUSY)):
        with output_to(log), instance_of(workplace.home) as instance:
            _serve(workplace, instance, listener, progress, may_launch=may_launch)
        raise UiError(f"The daemon or the web server of Dagster ended by itself; its last output is in {log}.")


def _serve(
    workplace: Workplace, instance: dg.DagsterInstance, listener: socket.socket, progress: Progress, *, may_launch: bool
) -> None:
    """Serve until one of the services ends."""
    home, port = workplace.home, int(listener.getsockname()[1])
    sweep(workplace, instance, progress)
    with _services(instance, home.dagster, may_launch=may_launch) as (context, daemon):
        app = create_app_from_workspace_process_context(context, live_data_poll_rate=POLL_MILLISECONDS)
        guard = Guard(app, allowed_hosts(port, home.settings.ui.allowed_hosts))
        with _served(guard, listener) as is_alive:
            _ask(port)
            progress.say(f"Serving {home.root} on http://{ADDRESS}:{port} (Ctrl-C ends it; log: {home.dagster / LOG})")
            if not may_launch:
                progress.say(LOOKS_ONLY)
            while is_alive() and daemon.poll() is None:
                time.sleep(LOOK_SECONDS)


@contextmanager
def _services(
    instance: dg.DagsterInstance, folder: Path, *, may_launch: bool
) -> Iterator[tuple[WorkspaceProcessContext, subprocess.Popen[bytes]]]:
    """The code server, kept alive; the daemon; and the workspace by which the web server finds the code server."""
    with ExitStack() as stack:
        target = ModuleTarget(MODULE, attribute=None, working_directory=str(Path.cwd()), location_name=LOCATION)
        code = stack.enter_context(ProxyServerManager(instance, target, code_server_log_level=LEVEL))
        workspace = folder / WORKSPACE
        workspace.write_text(yaml.safe_dump({"load_from": [dict(spec) for spec in code.get_code_server_specs()]}))
        context = stack.enter_context(
            WorkspaceProcessContext(
                instance,
                WorkspaceFileTarget([str(workspace)]),
                version=version("dagster"),
                code_server_log_level=LEVEL,
                read_only=not may_launch,
            )
        )
        for name, entry in context.create_request_context().get_code_location_entries().items():
            if entry.load_error:
                raise UiError(f"{name} cannot be loaded: {entry.load_error.message.strip()}")
        arguments = ["-m", "dagster._daemon", "run", "--workspace", str(workspace), "--log-level", LEVEL]
        daemon = subprocess.Popen([sys.executable, *arguments], stdin=subprocess.DEVNULL)
        stack.callback(_end, daemon)
        yield context, daemon


def _end(process: subprocess.Popen[bytes]) -> None:
    process.send_signal(signal.SIGINT)
    try:
        process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


@contextmanager
def _served(app: Guard, listener: socket.socket) -> Iterator[Callable[[], bool]]:
    """Serve in a thread, as uvicorn would take the signals that end everything. Yields a check that it is alive."""
    config = uvicorn.Config(
        app, log_level=LEVEL, proxy_headers=False, server_header=False, timeout_graceful_shutdown=STOP_SECONDS // 2
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    try:
        while not server.started:
            if not thread.is_alive():
                raise UiError("The web server of Dagster did not start.")
            time.sleep(LOOK_SECONDS / 10)
        yield thread.is_alive
    finally:
        server.should_exit = True
        thread.join(STOP_SECONDS)


def _ask(port: int) -> None:
    """Raises UiError unless the web server answers a request."""
    connection = HTTPConnection(ADDRESS, port, timeout=ANSWER_SECONDS)
    try:
        connection.request("GET", "/server_info")
        status = connection.getresponse().status
    finally:
        connection.close()
    if status != HTTPStatus.OK:
        raise UiError(f"The web server of Dagster answers with {status} on port {port}.")
