"""docs/contributing.md leads to what is there: every file it names, and every command."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from typer.core import TyperGroup
from typer.main import get_command

from churn_assets.command.cli import app

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "docs" / "contributing.md").read_text()
PLACEHOLDER = re.compile(r"<\w+>")
PLACE = re.compile(r"^(?:churn_assets|dbt_project|docs|tests)/[\w./<>-]*$")
WALKS = [section.split("\n", 1) for section in TEXT.split("\n## ")[1:]]
COMMANDS = [line for block in re.findall(r"```bash\n(.*?)```", TEXT, re.DOTALL) for line in block.splitlines()]


def files(text: str) -> list[str]:
    return [word for word in re.findall(r"`([^`\n]+)`", text) if PLACE.match(word)]


def test_there_are_four_walks_and_each_says_how_many_files_it_takes() -> None:
    numbers = {"Three": 3, "Four": 4, "Six": 6}
    for title, walk in WALKS:
        (said,) = re.findall(r"^(\w+) files\.$", walk, re.MULTILINE)
        assert len(re.findall(r"^\d+\. `", walk, re.MULTILINE)) == numbers[said], title
        assert "```bash\nchurn prepare\npytest " in walk, title
    assert [title for title, _ in WALKS] == ["A raw table", "A churn definition", "A channel", "A feature"]


@pytest.mark.parametrize("place", sorted(set(files(TEXT))))
def test_every_file_that_is_named_is_there(place: str) -> None:
    """`<table>` and the like stand for any name."""
    assert list(ROOT.glob(PLACEHOLDER.sub("*", place).rstrip("/"))), place


def test_every_link_leads_somewhere() -> None:
    links = re.findall(r"\]\(([^)#]+)", TEXT)
    assert [link for link in links if not (ROOT / "docs" / link).exists()] == []


@pytest.mark.parametrize("command", sorted(set(COMMANDS)))
def test_every_command_can_be_given(command: str) -> None:
    program, *words = command.split()
    if program == "pytest":
        assert [word for word in words if not word.startswith("--") and not (ROOT / word).exists()] == []
        assert {word for word in words if word.startswith("--")} <= {"--snapshot-update"}
    else:
        assert (program, len(words)) == ("churn", 1)
        group = get_command(app)
        assert isinstance(group, TyperGroup)
        assert words[0] in group.commands


@pytest.mark.parametrize("command", sorted(set(re.findall(r"`(churn [a-z-]+)`", TEXT))))
def test_every_command_in_the_text_exists(command: str) -> None:
    group = get_command(app)
    assert isinstance(group, TyperGroup)
    assert command.split()[1] in group.commands


def test_the_walks_are_found_from_both_sides() -> None:
    assert "(docs/contributing.md)" in (ROOT / "CONTRIBUTING.md").read_text()
    assert "(docs/contributing.md)" in (ROOT / "README.md").read_text()
