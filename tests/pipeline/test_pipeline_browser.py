"""The way of a plan in a real browser: log in, read, approve, dispatch to a receiver, unsubscribe, see it counted.

Some 40 s on two cores, most of it the browser: what a browser sends with a form, and from where, no other client shows.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import TYPE_CHECKING

import polars as pl
import pytest
import yaml

from churn_assets.command.person import with_considered
from churn_assets.console.accounts import add_account
from churn_assets.console.audit import newest
from churn_assets.contracts.channels import SENDING_CHANNELS
from churn_assets.delivery.dispatch import utc_now
from churn_assets.delivery.plan import Plan
from churn_assets.delivery.sending import send
from churn_assets.workplace import Workplace
from tests.browser.conftest import CHROMIUM
from tests.unit.console.conftest import PASSWORD, Served, served

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

    from tests.pipeline.conftest import Base

DAY, NOW = date(2026, 11, 16), datetime(2026, 11, 17, 9)
SECRET = "whsec_" + "QUJD" * 10
Taken = list[dict[str, str]]


@contextmanager
def server(answer: type[BaseHTTPRequestHandler]) -> Iterator[str]:
    """The address of a server on this machine."""
    running = HTTPServer(("127.0.0.1", 0), answer)
    thread = threading.Thread(target=running.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{running.server_port}"
    finally:
        running.shutdown()
        running.server_close()


def receiver(taken: Taken) -> type[BaseHTTPRequestHandler]:
    """Takes whatever is posted."""

    class Receiver(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            taken.append(json.loads(self.rfile.read(int(self.headers["content-length"]))))
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    return Receiver


def page_elsewhere(text: str) -> type[BaseHTTPRequestHandler]:
    class Elsewhere(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("content-type", "text/html")
            self.end_headers()
            self.wfile.write(text.encode())

        def log_message(self, *_: object) -> None:
            pass

    return Elsewhere


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    if CHROMIUM is None:
        pytest.skip("no browser here: apt-get install chromium lets the pages be tried in one")
    from playwright.sync_api import sync_playwright  # noqa: PLC0415 - needed with a browser only

    with sync_playwright() as playwright:
        made = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield made
        made.close()


@pytest.fixture(scope="module")
def taken() -> Taken:
    return []


@pytest.fixture(scope="module")
def console(base: Base, taken: Taken, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """The newest plan, its mails and messages posted to a receiver on this machine."""
    made = base.final.copy(tmp_path_factory.mktemp("browser") / "home")
    workplace = Workplace(home_path=str(made.home))
    for name, role in (("vera", "viewer"), ("anton", "approver"), ("arthur", "approver")):
        add_account(workplace.record, name, role, PASSWORD, "root", utc_now())
    with server(receiver(taken)) as address, served(workplace, with_considered) as running:
        running.clock.now = NOW
        file = made.home / "churn.yaml"
        delivery = dict.fromkeys(SENDING_CHANNELS, "webhook") | {
            "webhook_url": address, "webhook_secret": SECRET,
            "unsubscribe_url": running.address + "/unsubscribe?key={message_key}",
        }  # fmt: skip
        file.write_text(yaml.safe_dump(yaml.safe_load(file.read_text()) | {"delivery": delivery}))
        yield running


@contextmanager
def tab(browser: Browser, console: Served, name: str | None) -> Iterator[Page]:
    """A window of one person, logged in where a name is given."""
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    page = context.new_page()
    try:
        if name:
            page.goto(console.address)
            page.fill("#name", name)
            page.fill("#password", PASSWORD)
            page.click("main button")
        yield page
    finally:
        context.close()


def main_text(page: Page) -> str:
    return page.inner_text("main")


def test_a_viewer_reads_and_decides_nothing(browser: Browser, console: Served) -> None:
    with tab(browser, console, "vera") as page:
        page.click(f"text=Snapshot of {DAY.day} November {DAY.year}")
        assert "users are slipping away" in page.inner_text("h1")
        page.goto(console.address)
        page.click("nav >> text=Plan")
        assert page.locator("text=Approve in the name of").count() == 0
        answer = page.request.get(f"{console.address}/person?user=u000001")
        assert (answer.status, "Allowed" in answer.text() or "Not allowed" in answer.text()) == (403, True)


def test_a_page_elsewhere_cannot_approve(browser: Browser, console: Served) -> None:
    """Its form brings no cookie (SameSite) and names its own origin."""
    form = (
        f'<form method="post" action="{console.address}/plan/approve"><input name="csrf" value="x">'
        f'<input name="snapshot" value="{DAY}"><button>Win a prize</button></form>'
    )
    with server(page_elsewhere(form)) as elsewhere, tab(browser, console, "anton") as page:
        page.goto(elsewhere)
        page.click("button")
        assert "may not use this server" in page.inner_text("body")
    assert set(Plan.at(console.workplace, DAY).messages["state"]) == {"planned"}


def test_a_plan_is_approved_once_and_a_form_sent_again_is_refused(browser: Browser, console: Served) -> None:
    with tab(browser, console, "anton") as page, tab(browser, console, "arthur") as other:
        for window in (page, other):
            window.click("nav >> text=Plan")
        page.click("text=Approve in the name of anton")
        assert "messages may go" in main_text(page)
        page.reload()  # sends the form a second time, as people do
        assert "This form was sent already" in main_text(page)
        # As a page that was made before the plan was decided again.
        other.evaluate("() => document.querySelectorAll('[name=sha256]').forEach(f => f.value = '0'.repeat(64))")
        other.click("text=Decline")
        assert "has changed since this page was made" in main_text(other)
    assert set(Plan.at(console.workplace, DAY).messages["state"]) == {"approved"}
    assert ("anton", "approve") in [row[1:3] for row in newest(console.workplace.record, 3)]


def test_what_was_sent_is_ended_by_its_own_link_and_counted(browser: Browser, console: Served, taken: Taken) -> None:
    workplace = Workplace(home_path=str(console.workplace.home.root))
    counts = send(workplace, DAY, clock=lambda: NOW)
    assert (counts["delivered"], len(taken)) == (len(taken), counts["delivered"])
    message = next(each for each in taken if console.address in each["body"])
    link = next(word for word in message["body"].split() if word.startswith(console.address))
    with tab(browser, console, None) as page:
        page.goto(link)
        assert "No more such messages?" in main_text(page)
        page.click("main button")
        assert "You will get no more such messages" in main_text(page)
    with workplace.record.reading() as connection:
        words = connection.execute(
            "select user_id, is_granted from consent_words where source = 'unsubscribe'"
        ).fetchall()
    assert words == [(message["user_id"], 0)]
    console.clock.now = NOW + timedelta(minutes=1)
    with tab(browser, console, "anton") as page:
        page.click("nav >> text=Person")
        page.fill("#user", message["user_id"])
        page.click("main button")
        assert "unsubscribe" in main_text(page)
    sent = workplace.outbox.messages().filter(pl.col("user_id") == message["user_id"])
    assert sent["state"].to_list() == ["delivered"], "what is sent stays sent"
