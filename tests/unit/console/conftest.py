"""The console of a home on a port of its own, asked as a browser would ask it."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

import pytest
import requests
import uvicorn
from argon2 import PasswordHasher

from churn_assets.console import accounts
from churn_assets.console.accounts import add_account
from churn_assets.console.app import Console
from churn_assets.ui.hosts import allowed_hosts
from churn_assets.ui.listener import listen

if TYPE_CHECKING:
    from churn_assets.report.person import Person
    from churn_assets.workplace import Workplace

NOW = datetime(2026, 11, 17, 9)
PASSWORD = "correct horse battery"  # noqa: S105 - of nobody
CSRF = re.compile(r'name="csrf" value="([^"]+)"')


@dataclass
class Clock:
    now: datetime = NOW

    def __call__(self) -> datetime:
        return self.now


@dataclass
class Browser:
    """One person at the console: cookies, and the origin that forms come from."""

    address: str
    session: requests.Session = field(default_factory=requests.Session)

    def get(self, path: str, **headers: str) -> requests.Response:
        return self.session.get(self.address + path, headers=headers, allow_redirects=False, timeout=30)

    def post(self, path: str, fields: dict[str, str], **headers: str) -> requests.Response:
        sent = {"Origin": self.address, "Sec-Fetch-Site": "same-origin"} | headers
        url = self.address + path
        return self.session.post(url, data=fields, headers=sent, allow_redirects=False, timeout=30)

    def log_in(self, name: str, password: str = PASSWORD) -> requests.Response:
        return self.post("/login", {"name": name, "password": password, "next": "/plan"})

    def csrf(self, path: str = "/") -> str:
        return self.csrf_of(self.get(path))

    @staticmethod
    def csrf_of(page: requests.Response) -> str:
        return CSRF.findall(page.text)[0]


@dataclass
class Served:
    workplace: Workplace
    clock: Clock
    address: str

    def browser(self, name: str | None = None) -> Browser:
        """Of somebody who is logged in, where a name is given."""
        made = Browser(self.address)
        if name:
            assert made.log_in(name).status_code == 303
        return made


@pytest.fixture
def cheap_passwords(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Hashed for 1 ms instead of 200; what a password costs is held by test_console_accounts.py."""
    accounts._hash_of_nobody.cache_clear()
    cheap = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
    monkeypatch.setattr(accounts, "_hasher", lambda: cheap)
    yield
    accounts._hash_of_nobody.cache_clear()


@pytest.fixture
def console(workplace: Workplace, cheap_passwords: None) -> Iterator[Served]:
    """With an account of each role: vera, anton and ada."""
    for name, role in (("vera", "viewer"), ("anton", "approver"), ("arthur", "approver"), ("ada", "admin")):
        add_account(workplace.record, name, role, PASSWORD, "root", NOW)
    with served(workplace, lambda _, person: person) as made:
        yield made


class served:  # noqa: N801 - used as a function
    def __init__(self, workplace: Workplace, considered: Callable[[Any, Person], Person]) -> None:
        self._listener = listen(0)
        port = self._listener.getsockname()[1]
        clock = Clock()
        app = Console(workplace, considered, clock).application(allowed_hosts(port))
        self._server = uvicorn.Server(uvicorn.Config(app, log_level="warning", lifespan="off"))
        self._thread = threading.Thread(target=self._server.run, kwargs={"sockets": [self._listener]}, daemon=True)
        self._made = Served(workplace, clock, f"http://127.0.0.1:{port}")

    def __enter__(self) -> Served:
        self._thread.start()
        return self._made

    def __exit__(self, *_: object) -> None:
        self._server.should_exit = True
        self._thread.join(timeout=10)
        self._listener.close()
