"""Code blocks of the documentation, as they stand in the Markdown files."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGES = (ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")))
FENCE = re.compile(r"^```(?P<language>\w*)\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)
# Right above a block: why no test runs it.
MARKER = re.compile(r"<!-- not run by the tests: (?P<reason>.+?) -->\n$")
SPAN = re.compile(r"`([^`\n]+)`")


@dataclass(frozen=True)
class Block:
    """One fenced block; `reason`: why no test runs it, None where one does."""

    page: str
    line: int
    language: str
    text: str
    reason: str | None

    @property
    def place(self) -> str:
        return f"{self.page}:{self.line}"


def blocks() -> Iterator[Block]:
    """Those of all pages, in reading order."""
    for page in PAGES:
        text = page.read_text(encoding="utf-8")
        for found in FENCE.finditer(text):
            marker = MARKER.search(text[: found.start()])
            line = text.count("\n", 0, found.start()) + 1
            name = page.relative_to(ROOT).as_posix()
            yield Block(name, line, found["language"], found["text"], marker["reason"] if marker else None)


def spans(beginning: str) -> Iterator[tuple[str, str]]:
    """(place, text) of each span of code in running text that begins so."""
    for page in PAGES:
        prose = FENCE.sub(lambda found: "\n" * found[0].count("\n"), page.read_text(encoding="utf-8"))
        for number, line in enumerate(prose.splitlines(), start=1):
            for found in SPAN.findall(line):
                if found.startswith(beginning):
                    yield f"{page.relative_to(ROOT).as_posix()}:{number}", found
