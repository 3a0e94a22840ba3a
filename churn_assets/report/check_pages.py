"""Great Expectations' own pages (Data Docs) of the suites evaluated at a snapshot, beside its report.

Its renderer writes the sections; the page around them is ours, as its own loads styles, scripts and pictures from eight
other servers: nothing is loaded and no script runs. Aggregates only, and the same bytes for the same rows: no clock,
no path, no query.
"""

from __future__ import annotations

import re
from copy import deepcopy
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from jinja2 import Template

from churn_assets.instance.files import write_whole
from churn_assets.instance.home import Home
from churn_assets.report.templates import style, templates

if TYPE_CHECKING:
    from great_expectations.core import ExpectationSuiteValidationResult

FOLDER = Path(__file__).parent / "checks"
STYLE = FOLDER / "checks.css"
INDEX = "index"
PAGE_NAME = re.compile(r"[a-z][a-z_]*")
# Written and read here only: how many expectations hold, in the head of each page.
OUTCOME = re.compile(r'<meta name="description" content="(\d+) of (\d+) expectations hold">')


@dataclass(frozen=True)
class Listed:
    """A page of the index."""

    name: str
    held: int
    expectations: int


def check_pages_folder(home: Home, snapshot: date) -> Path:
    return home.reports / f"checks_{snapshot}"


def check_page_file(home: Home, snapshot: date, name: str) -> Path | None:
    """The file of a page, the index among them; None where `name` could not be one, or there is none."""
    file = check_pages_folder(home, snapshot) / f"{name}.html"
    return file if PAGE_NAME.fullmatch(name) and file.is_file() else None


def write_check_page(home: Home, snapshot: date, relation: str, validation: ExpectationSuiteValidationResult) -> Path:
    """Write the page of a suite, named after it, and the index anew. `relation`: what it was evaluated on, as shown."""
    page = check_page(validation, relation, snapshot)
    file = check_pages_folder(home, snapshot) / f"{validation.suite_name}.html"
    write_whole(file, lambda path: path.write_text(page, encoding="utf-8"))
    write_check_index(home, snapshot)
    return file


def write_check_index(home: Home, snapshot: date) -> Path:
    """The page that names the others, which there is of each reported snapshot, so that no link leads nowhere."""
    folder = check_pages_folder(home, snapshot)
    files = sorted(file for file in folder.glob("*.html") if file.stem != INDEX)
    pages = [_listed(file) for file in files]
    text = _template("index.html").render(style=style(STYLE), snapshot=snapshot, pages=pages)
    file = folder / f"{INDEX}.html"
    write_whole(file, lambda path: path.write_text(text, encoding="utf-8"))
    return file


def check_page(validation: ExpectationSuiteValidationResult, relation: str, snapshot: date) -> str:
    """The page of one evaluated suite."""
    from great_expectations.render.renderer.page_renderer import ValidationResultsPageRenderer  # noqa: PLC0415 - 4 s
    from great_expectations.render.view.view import DefaultJinjaPageView  # noqa: PLC0415

    document = ValidationResultsPageRenderer(run_info_at_end=True).render(_without_surroundings(validation, relation))
    header = document.sections[0].content_blocks[0].subheader.string_template["styling"]["params"]
    del header["expectation_suite_name"]  # a link to a page about the suite, which is not made
    del document.sections[-1]  # about the run: its time and query, taken out above
    notes = [
        (each.expectation_config.kwargs.get("column"), each.success, each.expectation_config.meta["notes"])
        for each in validation.results
        if each.expectation_config and "notes" in (each.expectation_config.meta or {})
    ]
    view = DefaultJinjaPageView(custom_views_directory=str(FOLDER))
    view.env.filters["generate_html_element_uuid"] = str  # ids of folds by their place, not drawn anew
    held = sum(bool(each.success) for each in validation.results)
    page: str = view.render(  # type: ignore[no-untyped-call]
        document, template="suite.html", style=style(STYLE), snapshot=snapshot, relation=relation, notes=notes,
        outcome=f"{held} of {len(validation.results)} expectations hold",
        version=validation.meta["great_expectations_version"],
    )  # fmt: skip
    return "".join(f"{line.strip()}\n" for line in page.splitlines() if line.strip())


def _without_surroundings(
    validation: ExpectationSuiteValidationResult, relation: str
) -> ExpectationSuiteValidationResult:
    """A copy (the renderer changes what it gets) without query and time; its errors are one line without the stack."""
    copy = deepcopy(validation)
    copy.meta = {"batch_spec": {"data_asset_name": relation}}
    for result in copy.results:
        info = result.exception_info or {}
        for entry in [info] if "raised_exception" in info else info.values():
            if entry["raised_exception"]:
                entry["exception_message"] = entry["exception_message"].splitlines()[0]
                entry["exception_traceback"] = ""
    return copy


def _listed(file: Path) -> Listed:
    outcome = OUTCOME.search(file.read_text(encoding="utf-8"))
    if outcome is None:
        raise ValueError(f"{file} is no page of checks: it does not say how many expectations hold; delete it")
    return Listed(file.stem, int(outcome[1]), int(outcome[2]))


@cache
def _template(name: str) -> Template:
    return templates(FOLDER).get_template(name)
