"""One word per concept: what docs/glossary.md avoids stands in no document and in no help of a command."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest
from typer.core import TyperGroup
from typer.main import get_command

from churn_assets.command.cli import app
from tests.documents import FILES, ROOT

GLOSSARY = ROOT / "docs" / "glossary.md"
DOCUMENTS = [file for file in FILES if file != GLOSSARY]


def rows() -> list[list[str]]:
    lines = [line for line in GLOSSARY.read_text().splitlines() if line.startswith("| ")]
    return [[cell.strip() for cell in line.split("|")[1:-1]] for line in lines[1:] if not line.startswith("|---")]


def avoided() -> list[str]:
    return [word.strip() for row in rows() for word in row[3].split(",") if word.strip()]


def test_every_term_has_its_word_in_both_languages_and_a_meaning() -> None:
    assert [row for row in rows() if len(row) != 4 or not all(row[:3])] == []
    terms = [term.strip() for row in rows() for term in row[0].split(",")]
    assert len(terms) == len(set(terms))
    assert set(terms).isdisjoint(avoided())


@pytest.mark.parametrize("file", DOCUMENTS, ids=lambda file: file.name)
def test_no_document_uses_another_word(file: Path) -> None:
    text = file.read_text().lower()
    assert [word for word in avoided() if re.search(rf"\b{re.escape(word)}s?\b", text)] == []


def test_no_help_of_a_command_uses_another_word() -> None:
    group = get_command(app)
    assert isinstance(group, TyperGroup)
    texts = [group.help, *(each.help for each in group.commands.values())]
    texts += [getattr(option, "help", "") for each in group.commands.values() for option in each.params]
    found = [(word, text) for word in avoided() for text in texts if re.search(rf"\b{word}s?\b", (text or "").lower())]
    assert found == []


def test_no_value_is_named_for_nothing() -> None:
    """A variable says what it holds; `found` stood for 542 values, `told` for 238."""
    nameless = [
        f"{file.relative_to(ROOT)}:{node.lineno}: {name}"
        for file in sorted((ROOT / "churn_assets").rglob("*.py"))
        for node in ast.walk(ast.parse(file.read_text()))
        for name in [getattr(node, "id", None) or getattr(node, "arg", None)]
        if name in {"found", "told"}
    ]
    assert nameless == []
