"""Each of the planted mistakes gets an answer that names cause, place and next step, and leaves nothing half done."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from churn_assets.command import cli
from churn_assets.failures.codes import CODES
from tests.mistakes import Mistake, mistakes

MISTAKES = mistakes()

# What any command may leave: the folders of a home, and what it read once.
ROUTINE = re.compile(
    r"^(record\.sqlite.*|locks/.*|cache/.*|dagster/.*|copies/.*|secrets/.*|\.gitignore|.*/\.gitignore)$"
)


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The path of a home; nobody is at the terminal."""
    home = tmp_path / "home"
    monkeypatch.setenv("CHURN_HOME", str(home))
    monkeypatch.chdir(tmp_path)
    mask = os.umask(0o022)
    with Path(os.devnull).open() as nobody:
        monkeypatch.setattr(sys, "stdin", nobody)
        yield home
    os.umask(mask)


def files_of(home: Path) -> dict[str, bytes]:
    """Contents of all files that no command may leave behind by the way."""
    found = {}
    for file in sorted(home.rglob("*")) if home.is_dir() else []:
        name = file.relative_to(home).as_posix()
        if file.is_file() and not ROUTINE.match(name):
            found[name] = file.read_bytes()
    return found


@pytest.mark.parametrize("mistake", MISTAKES, ids=lambda each: each.what)
def test_a_mistake_is_answered(
    root: Path, mistake: Mistake, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    for name, value in mistake.variables.items():
        monkeypatch.setenv(name, value.replace("HOME", str(root)))
    monkeypatch.setattr(sys, "argv", ["churn", *mistake.arguments(root)])
    with mistake.planted(root):
        before = files_of(root)
        with pytest.raises(SystemExit) as ended:
            cli.main()
    out, err = capfd.readouterr()
    answer = out + err
    assert ended.value.code == mistake.exit_code, answer
    assert "Traceback" not in answer
    expected = [each.replace("HOME", str(root)) for each in mistake.names]
    assert [each for each in expected if each not in answer] == [], answer
    (code,) = re.findall(r"  \[([a-z-]+)\]$", answer, re.MULTILINE)
    assert (code, code in CODES) == (mistake.code, True), answer
    assert files_of(root) == before, "nothing is half written"


def test_they_are_many_and_each_is_another() -> None:
    assert len(MISTAKES) >= 60
    assert len({each.what for each in MISTAKES}) == len(MISTAKES)
