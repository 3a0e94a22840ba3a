"""The report of a snapshot as one HTML file in both languages: no script, nothing loaded, aggregates only."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from jinja2 import Template

from churn_assets.report.facts import Facts
from churn_assets.report.language import LANGUAGES, SHOP, Words
from churn_assets.report.templates import style, templates
from churn_assets.report.view import View
from churn_assets.settings.domain import Domain

FOLDER = Path(__file__).parent
STYLE = FOLDER / "style.css"


def snapshot_page(facts: Facts, currency: str | None, domain: Domain = SHOP) -> str:
    """`currency`: ISO code of the amounts, or None: they are shown without a sign. `domain`: what purchases are
    called.
    """
    views = [View(facts, Words(language, currency, domain)) for language in LANGUAGES]
    title = f"Churn report of {facts.snapshot}"
    return _template().render(views=views, style=style(STYLE), title=title)


@cache
def _template() -> Template:
    return templates(FOLDER).get_template("snapshot.html.j2")
