"""The documents of the repository as tests read them: fenced blocks, spans of code, links and headings, by line."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]
FILES = tuple(
    sorted(
        file
        for pattern in ("*.md", "docs/**/*.md", "benchmarks/*.md", "expectations/*.md", "dbt_project/*.md")
        for file in ROOT.glob(pattern)
    )
)
FENCE = re.compile(r"^```(?P<language>\w*)\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)
# Right above a block: why no test runs it.
MARKER = re.compile(r"<!-- not run by the tests: (?P<reason>.+?) -->\n$")
SPAN = re.compile(r"(?<!`)`([^`]+)`")  # may go on in the next line
LINK = re.compile(r"\]\(([^()\s]+)\)")
PARAGRAPH = re.compile(r"^\|.*$|(?:^(?!\|).+\n?)+", re.MULTILINE)
HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)


@dataclass(frozen=True)
class Piece:
    """A paragraph, a span of code, or what a link points to; `line` is its first, from 1."""

    line: int
    text: str


@dataclass(frozen=True)
class Block:
    """One fenced block; `line` is that of its fence. `reason`: why no test runs it, None where one does."""

    page: str
    line: int
    language: str
    text: str
    reason: str | None

    @property
    def place(self) -> str:
        return f"{self.page}:{self.line}"


@dataclass(frozen=True)
class Document:
    """`name`: its path within the repository."""

    name: str
    text: str

    @classmethod
    def of(cls, file: Path) -> Document:
        return cls(file.relative_to(ROOT).as_posix(), file.read_text(encoding="utf-8"))

    def blocks(self) -> Iterator[Block]:
        for found in FENCE.finditer(self.text):
            marker = MARKER.search(self.text[: found.start()])
            reason = marker["reason"] if marker else None
            yield Block(self.name, _line(self.text, found.start()), found["language"], found["text"], reason)

    def spans(self) -> Iterator[Piece]:
        """Code in running text."""
        yield from self._pieces(SPAN)

    def links(self) -> Iterator[Piece]:
        yield from self._pieces(LINK)

    def anchors(self) -> set[str]:
        """What a link to a heading names, as GitHub makes it."""
        headings = HEADING.findall(self._prose())
        return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}

    def paragraphs(self) -> Iterator[Piece]:
        """Running text; a line of a table by itself, so that a lone tick spoils no more."""
        prose = self._prose()
        for part in PARAGRAPH.finditer(prose):
            yield Piece(_line(prose, part.start()), part[0])

    def _pieces(self, pattern: re.Pattern[str]) -> Iterator[Piece]:
        for part in self.paragraphs():
            for found in pattern.finditer(part.text):
                yield Piece(part.line + part.text.count("\n", 0, found.start()), " ".join(found[1].split()))

    def _prose(self) -> str:
        """The text with its blocks emptied; lines stay where they are."""
        return FENCE.sub(lambda found: "\n" * found[0].count("\n"), self.text)


def documents() -> list[Document]:
    return [Document.of(file) for file in FILES]


def _line(text: str, offset: int) -> int:
    return text.count("\n", 0, offset) + 1
