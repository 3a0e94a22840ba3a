"""What docs/errors.md has to be: the registry of codes and the table of exit codes, written out.

python -m tests.errors_page writes it.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from churn_assets.failures.codes import CODES
from tests.mistakes import Mistake, mistakes

PAGE = Path(__file__).parents[1] / "docs" / "errors.md"
OPENING = """\
# Errors, by their code

An error that somebody can mend is one message: the cause, the place (a file and line, a table and column, an option or
a variable) and the next step. Its code stands in brackets at the end, such as `[landing]`; `churn explain landing` says
what stands here. Codes are few and stable: one for each kind of failure.
"""


PLANTED = """\
## Mistakes that were planted

Each of these is made on purpose, and its answer held against what it has to name: cause, place and next step, with a
code, the exit code, no traceback, and nothing half written (`tests/unit/command/test_command_mistakes.py`).

| where | mistake | command | code |
|---|---|---|---|
"""


def page() -> str:
    return "\n".join([OPENING, *_sections(), PLANTED]) + "".join(map(_row, mistakes()))


def _row(mistake: Mistake) -> str:
    command = f"churn {mistake.command}".replace("|", "\\|")
    return f"| {mistake.of} | {mistake.what} | {command} | [{mistake.code}](#{mistake.code}) |\n"


def _sections() -> Iterator[str]:
    for code, text in CODES.items():
        yield f"## {code}\n"
        yield f"{text.title} {text.means}\n"
        yield from (f"- Usual cause: {cause}." for cause in text.causes)
        yield from (f"- What to do: {step}." for step in text.steps)
        links = [f"[{place.split('#')[1].replace('-', ' ')}]({place.removeprefix('docs/')})" for place in text.see]
        yield f"- Documented in: {', '.join(links)}.\n"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
