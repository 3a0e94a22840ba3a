"""The console in a browser: logging in and out works without scripts, and every page is there for everybody."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from churn_assets.console.accounts import add_account
from churn_assets.workplace import Workplace
from tests.unit.console.conftest import NOW, PASSWORD, Served, served

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.sync_api import Browser


@pytest.fixture
def console(tmp_path: Path) -> Iterator[Served]:
    workplace = Workplace(home_path=str(tmp_path / "home"))
    add_account(workplace.record, "ada", "admin", PASSWORD, "root", NOW)
    with served(workplace, lambda _, person: person) as made:
        yield made


@pytest.mark.parametrize("width", [360, 1280])
def test_one_logs_in_looks_around_and_logs_out(console: Served, browser: Browser, width: int) -> None:
    from axe_playwright_python.sync_playwright import Axe  # noqa: PLC0415 - needed with a browser only

    context = browser.new_context(viewport={"width": width, "height": 900}, java_script_enabled=True)
    page = context.new_page()
    page.goto(f"{console.address}/acts")
    seen = []

    def look() -> None:
        results = Axe().run(page)
        seen.extend((page.url, each["id"]) for each in results.response["violations"])
        assert page.evaluate("() => document.scrollingElement.scrollWidth <= innerWidth"), page.url

    try:
        page.fill("#name", "ada")
        page.fill("#password", "a wrong password")
        page.click("main button")
        assert "There is no such account" in page.inner_text("main")
        page.fill("#name", "ada")
        page.fill("#password", PASSWORD)
        page.click("main button")
        assert page.url == f"{console.address}/acts", "the page that was asked for, after a wrong password too"
        for path in ("/", "/person", "/acts", "/effects", "/settings", "/health", "/unsubscribe?key=x"):
            page.goto(console.address + path)
            look()
        page.goto(console.address)
        page.click("header button")
        assert page.inner_text("h1") == "Log in"
        look()
    finally:
        context.close()
    assert seen == []
