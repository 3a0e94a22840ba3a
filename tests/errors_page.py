"""What docs/errors.md has to be: the registry of codes and the table of exit codes, written out.

python -m tests.errors_page writes it.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from churn_assets.failures.codes import CODES

PAGE = Path(__file__).parents[1] / "docs" / "errors.md"
OPENING = """\
# Errors, by their code

An error that somebody can mend is one message: the cause, the place (a file and line, a table and column, an option or
a variable) and the next step. Its code stands in brackets at the end, such as `[landing]`; `churn explain landing` says
what stands here. Codes are few and stable: one for each kind of failure.
"""


def page() -> str:
    return "\n".join([OPENING, *_sections()])


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
