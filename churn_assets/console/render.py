"""Pages of the console from their templates; whatever is filled in is text."""

from __future__ import annotations

from functools import cache, partial
from http import HTTPStatus
from pathlib import Path
from typing import Any

from jinja2 import Environment
from starlette.responses import HTMLResponse

from churn_assets.catalogue.arms import treatment_of
from churn_assets.console.effect_words import (
    effect_in_words,
    estimate_in_words,
    metric_in_words,
    points_in_words,
    return_in_words,
)
from churn_assets.report import names
from churn_assets.report.language import Words
from churn_assets.report.names import named
from churn_assets.report.page import STYLE
from churn_assets.report.templates import style, templates
from churn_assets.report.words_of_person import bought_after, decision_in_words, obstacle_in_words

FOLDER = Path(__file__).parent / "pages"
WORDS = Words("en")


def page(name: str, status: HTTPStatus = HTTPStatus.OK, **values: Any) -> HTMLResponse:
    """`values` has to hold `session`, None for who is not logged in."""
    text = _environment().get_template(f"{name}.html.j2").render(t=WORDS, **values)
    return HTMLResponse(text, status)


@cache
def _environment() -> Environment:
    environment = templates(FOLDER)
    environment.globals |= {
        "style": style(STYLE, FOLDER / "console.css"), "names": names, "label": named, "treatment": treatment_of,
        "decision": decision_in_words, "obstacle": obstacle_in_words, "bought_after": bought_after,
        "metric": metric_in_words, "effect": partial(effect_in_words, WORDS), "ratio": partial(return_in_words, WORDS),
        "estimate": partial(estimate_in_words, WORDS), "points": partial(points_in_words, WORDS),
    }  # fmt: skip
    return environment
