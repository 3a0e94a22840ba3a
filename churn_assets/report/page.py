"""The report of a snapshot as one HTML file in both languages: no script, nothing loaded, aggregates only."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template
from markupsafe import Markup

from churn_assets.report.facts import Facts
from churn_assets.report.language import LANGUAGES, Words
from churn_assets.report.view import View

FOLDER = Path(__file__).parent


def snapshot_page(facts: Facts, currency: str | None) -> str:
    """`currency`: ISO code of the amounts, or None: they are shown without a sign."""
    views = [View(facts, Words(language, currency)) for language in LANGUAGES]
    style = Markup((FOLDER / "style.css").read_text().replace("\n", ""))  # noqa: S704 - our own file
    title = f"Churn report of {facts.snapshot}"
    return _template().render(views=views, style=style, title=title)


@cache
def _template() -> Template:
    environment = Environment(
        loader=FileSystemLoader(FOLDER),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template("snapshot.html.j2")
