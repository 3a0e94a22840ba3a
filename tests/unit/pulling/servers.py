"""Database servers of Debian, started by the tests in a folder of their own and stopped by them."""

from __future__ import annotations

import os
import pwd
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
import sqlalchemy as sa

USER, PASSWORD = "churn_reader", "s3cret:p@ss/word"


@dataclass(frozen=True)
class Server:
    """`kind`: postgresql or mysql."""

    kind: str
    port: int

    @property
    def url(self) -> str:
        """As mapping.yaml has it: nobody's."""
        return f"{self.kind}://127.0.0.1:{self.port}/shop"

    @contextmanager
    def engine(self) -> Iterator[sa.Engine]:
        driver = {"postgresql": "postgresql+psycopg", "mysql": "mysql+pymysql"}[self.kind]
        url = sa.URL.create(driver, USER, PASSWORD, "127.0.0.1", self.port, "shop")
        engine = sa.create_engine(url, poolclass=sa.NullPool, isolation_level="AUTOCOMMIT")
        yield engine
        engine.dispose()

    def run(self, *statements: str) -> None:
        with self.engine() as engine, engine.connect() as connection:
            for statement in statements:
                connection.exec_driver_sql(statement.replace("%", "%%"))


@contextmanager
def postgres(folder: Path) -> Iterator[Server]:
    """About 2 s to be set up, 0.3 s to start."""
    binaries = sorted(Path("/usr/lib/postgresql").glob("*/bin"))
    if not binaries:
        pytest.skip("Postgres is not installed (Debian: postgresql)")
    programs, port = binaries[-1], _free_port()
    folder.chmod(0o755)
    (folder / "password").write_text(PASSWORD)
    _give(folder, "postgres")
    options = f"-p {port} -k {folder} -c fsync=off -c listen_addresses=127.0.0.1 -c max_connections=20"
    _as(
        "postgres", programs / "initdb", "-D", folder / "data", "-U", USER, "--auth=scram-sha-256", "--no-sync",
        f"--pwfile={folder / 'password'}", "-E", "UTF8", "--locale=C.UTF-8",
    )  # fmt: skip
    _as("postgres", programs / "pg_ctl", "-D", folder / "data", "-w", "-l", folder / "log", "-o", options, "start")
    try:
        server = Server("postgresql", port)
        url = sa.URL.create("postgresql+psycopg", USER, PASSWORD, "127.0.0.1", port, "postgres")
        engine = sa.create_engine(url, poolclass=sa.NullPool, isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            connection.exec_driver_sql("create database shop")
        engine.dispose()
        yield server
    finally:
        _as("postgres", programs / "pg_ctl", "-D", folder / "data", "-m", "immediate", "stop")


@contextmanager
def mariadb(folder: Path) -> Iterator[Server]:
    """About 2 s to be set up and to start."""
    places = f"{os.environ.get('PATH', '')}{os.pathsep}/usr/sbin"  # where Debian has it, and not everybody looks
    program, setup = shutil.which("mariadbd", path=places), shutil.which("mariadb-install-db", path=places)
    if not program or not setup:
        pytest.skip("MariaDB is not installed (Debian: mariadb-server)")
    port, data = _free_port(), folder / "data"
    folder.chmod(0o755)
    first = folder / "first.sql"
    first.write_text(
        "create database shop;\n"
        f"create user '{USER}'@'%' identified by '{PASSWORD}';\ngrant all on *.* to '{USER}'@'%';\n"
    )
    _give(folder, "nobody")
    _as(
        "nobody", setup, "--no-defaults", f"--datadir={data}", "--skip-test-db", "--skip-name-resolve",
        "--auth-root-authentication-method=normal",
    )  # fmt: skip
    options = [
        "--no-defaults", f"--datadir={data}", f"--port={port}", f"--socket={folder / 's'}", "--bind-address=127.0.0.1",
        f"--pid-file={folder / 'pid'}", f"--init-file={first}", f"--log-error={folder / 'log'}", "--skip-name-resolve",
    ]  # fmt: skip
    process = subprocess.Popen([program, *options], **_identity("nobody"))
    try:
        server = Server("mysql", port)
        _wait(server)
        yield server
    finally:
        process.terminate()
        process.wait(30)


def _wait(server: Server, seconds: float = 30) -> None:
    deadline = time.monotonic() + seconds
    while True:
        try:
            server.run("select 1")
        except sa.exc.OperationalError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.1)
        else:
            return


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def _identity(name: str) -> dict[str, object]:
    """Neither server runs as root."""
    if os.geteuid():
        return {}
    entry = pwd.getpwnam(name)
    return {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": [], "cwd": "/"}


def _give(folder: Path, name: str) -> None:
    if not os.geteuid():
        for path in (folder, *folder.iterdir()):
            shutil.chown(path, name)


def _as(name: str, *command: object) -> None:
    done = subprocess.run(
        [str(part) for part in command], check=False, capture_output=True, text=True, **_identity(name)
    )
    assert done.returncode == 0, done.stderr + done.stdout
