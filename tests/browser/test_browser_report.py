"""The report in a browser: readable on a telephone and on paper, in both languages, to everybody, loading nothing."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import pytest

from churn_assets.report.page import snapshot_page
from tests.unit.report.shop_facts import LOSING, facts

if TYPE_CHECKING:
    from playwright.sync_api import Page

Open = Callable[..., "Page"]
MOST_BYTES = 1_500_000


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("report") / "snapshot.html"
    made.write_text(snapshot_page(facts(stopped=[LOSING], drifted=["visits_28d"]), "EUR"), encoding="utf-8")
    return made


def test_it_loads_nothing_but_itself_and_is_small(opened: Open, file: Path) -> None:
    page = opened(file)
    assert page.requested == [file.as_uri()]  # type: ignore[attr-defined]
    assert file.stat().st_size < MOST_BYTES


@pytest.mark.parametrize("width", [360, 768, 1280])
def test_nothing_is_wider_than_the_window(opened: Open, file: Path, width: int) -> None:
    page = opened(file, width)
    for language in ("en", "zh"):
        page.check(f"#choose-{language}", force=True)
        wide = page.evaluate(
            "() => [...document.querySelectorAll('main *')].filter(e => e.checkVisibility() && "
            "e.getBoundingClientRect().right > innerWidth + 1 && !e.closest('thead')).map(e => e.outerHTML)"
        )
        assert wide == []
        assert page.evaluate("() => document.scrollingElement.scrollWidth <= innerWidth")


def test_one_language_is_seen_at_a_time_without_a_script(opened: Open, file: Path) -> None:
    page = opened(file)
    assert "<script" not in page.content()
    assert page.locator("main.in-en").is_visible()
    assert not page.locator("main.in-zh").is_visible()
    page.locator("label[for=choose-zh]").click()
    assert page.locator("main.in-zh h1").inner_text().startswith("3,202 位用户正在流失")
    assert not page.locator("main.in-en").is_visible()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("language", ["en", "zh"])
def test_axe_finds_nothing(opened: Open, file: Path, scheme: Literal["light", "dark"], language: str) -> None:
    from axe_playwright_python.sync_playwright import Axe  # noqa: PLC0415 - needed with a browser only

    page = opened(file, color_scheme=scheme)
    page.check(f"#choose-{language}", force=True)
    for details in page.locator(f"main.in-{language} details").all():
        details.evaluate("e => e.open = true")
    results = Axe().run(page)
    assert [(each["id"], each["nodes"][0]["html"][:90]) for each in results.response["violations"]] == []


def test_it_can_be_printed_on_a4(opened: Open, file: Path) -> None:
    page = opened(file)
    pdf = page.pdf(format="A4")
    assert pdf.startswith(b"%PDF")
    assert 2 <= pdf.count(b"/Type /Page\n") + pdf.count(b"/Type /Page ") <= 9
