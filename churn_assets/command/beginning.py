"""`churn init`: the home of a new shop, with settings that say what they mean, of at most six answers."""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from churn_assets.failures import Failure, WrongArguments
from churn_assets.instance.files import write_whole
from churn_assets.instance.home import Home
from churn_assets.instance.terminal import wide_console
from churn_assets.settings import Settings

WIDTH = 110


class HomeExists(Failure, FileExistsError, code="home"):
    """There are settings already."""


@dataclass(frozen=True)
class Question:
    """`field`: the setting that the answer becomes; `default`: of `--yes`, and of an empty answer."""

    field: str
    text: str
    default: str
    read: Callable[[str], Any]


def _currency(text: str) -> str | None:
    return None if text.lower() == "none" else text.upper()


QUESTIONS = (
    Question("landing.time_zone", "Of times that state no zone, which is theirs (Europe/Berlin ...)?", "UTC", str),
    Question("report.currency", "In which currency are orders (EUR, CNY ...)?", "none", _currency),
    Question("churn.horizon_days", "After how many days without an order is a customer lost to you?", "28", int),
    Question("decisions.budget_amount", "How much money may messages and coupons of one week cost?", "1000", float),
    Question("decisions.margin_share", "Which share of an order is your margin (0.3 is 30 %)?", "0.3", float),
    Question(
        "decisions.holdout_share",
        "Which share of users is never written to, so that what messages earn can be measured?", "0.1", float,
    ),
)  # fmt: skip
MORE = """\
# All other settings have sensible defaults: churn settings lists each with its unit and reason.
"""


def begin(root: Path, *, is_agreed: bool) -> None:
    """Write churn.yaml and the folder of the landing. Raises HomeExists, or WrongArguments on an answer no setting can
    be.
    """
    home, console = Home(root), wide_console()
    if home.settings_file.exists():
        raise HomeExists(
            f"{home.settings_file} is there already: change it by hand; churn settings says what it may hold."
        )
    answers = {question.field: _answer(question, is_agreed=is_agreed) for question in QUESTIONS}
    text = settings_text(answers)
    home.prepare()
    (home.root / "landing").mkdir(mode=0o700, exist_ok=True)
    write_whole(home.settings_file, lambda file: file.write_text(text, encoding="utf-8"))
    console.print(f"Written: {home.settings_file}", markup=False, soft_wrap=True)
    at = f" --home {home.root}"
    for line in (
        "Next, one of:",
        f"  churn map FOLDER{at}: exports of another system (Shopify, WooCommerce, GA4, a till), read where they lie",
        f"  churn check{at}: for files with the columns of the raw contract, put into {home.root}/landing",
        f"  churn simulate{at}: no data at hand, so a simulated shop to look around in",
    ):
        console.print(line, markup=False, soft_wrap=True)


def settings_text(answers: Mapping[str, Any]) -> str:
    """churn.yaml with the answers, each below what was asked. Raises WrongArguments, naming what is no such value."""
    sections: dict[str, dict[str, Any]] = {}
    for field, value in answers.items():
        section, name = field.split(".")
        sections.setdefault(section, {})[name] = value
    try:
        Settings.model_validate(sections)
    except ValidationError as error:
        first = error.errors()[0]
        raise WrongArguments(f"{'.'.join(map(str, first['loc']))}: {first['msg']} (got {first['input']!r})") from error
    lines = [f"# Settings of this home. {MORE[2:]}"]
    for section, fields in sections.items():
        lines.append(f"{section}:")
        for name, value in fields.items():
            asked = next(each.text for each in QUESTIONS if each.field == f"{section}.{name}")
            lines += textwrap.wrap(asked, WIDTH, initial_indent="  # ", subsequent_indent="  # ")
            lines.append(f"  {name}: {yaml.safe_dump(value).splitlines()[0]}")
    return "\n".join(lines) + "\n"


def _answer(question: Question, *, is_agreed: bool) -> Any:
    given = ""
    if not is_agreed:
        try:
            given = input(f"{question.text} [{question.default}] ").strip()
        except EOFError:  # nobody is there to answer
            given = ""
    try:
        return question.read(given or question.default)
    except ValueError as error:
        raise WrongArguments(f"{question.field}: {given!r} is no number; nothing was written") from error
